package io.culvert.upgrade;

import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.SocketOptions;
import io.culvert.linux.Syscall;
import io.culvert.wire.IpAddress;

/** UDP sockets of the host, as flows leave by them. */
final class UdpSockets {
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int DATAGRAM = 2;

    /**
     * A default socket buffer holds 2 ms of a fast flow; the kernel caps this at its own limit
     * (socket(7)).
     */
    private static final int SOCKET_BUFFER = 4 * 1024 * 1024;

    private UdpSockets() {}

    /**
     * Opens one that does not block, and that tells errors and traffic classes.
     *
     * @param source an address of the host's, or {@code null}, see {@link SourceAddress#bind}
     * @return the socket, or -errno
     */
    static int open(boolean ipv6, IpAddress source) {
        int socket =
                Syscall.socket(
                        ipv6 ? AF_INET6 : AF_INET,
                        DATAGRAM | Syscall.NONBLOCK | Syscall.CLOEXEC,
                        0);
        if (socket < 0) {
            return socket;
        }
        int errno =
                source == null ? 0 : SourceAddress.bind(socket, source, new SocketAddressBuffer());
        if (errno != 0) {
            Syscall.close(socket);
            return -errno;
        }
        int level = ipv6 ? SocketOptions.IPPROTO_IPV6 : SocketOptions.IPPROTO_IP;
        Syscall.setsockopt(
                socket, SocketOptions.SOL_SOCKET, SocketOptions.SO_RCVBUF, SOCKET_BUFFER);
        Syscall.setsockopt(
                socket, SocketOptions.SOL_SOCKET, SocketOptions.SO_SNDBUF, SOCKET_BUFFER);
        Syscall.setsockopt(socket, SocketOptions.SOL_UDP, SocketOptions.UDP_GRO, 1);
        Syscall.setsockopt(
                socket, level, ipv6 ? SocketOptions.IPV6_RECVERR : SocketOptions.IP_RECVERR, 1);
        Syscall.setsockopt(
                socket, level, ipv6 ? SocketOptions.IPV6_RECVTCLASS : SocketOptions.IP_RECVTOS, 1);
        return socket;
    }
}
