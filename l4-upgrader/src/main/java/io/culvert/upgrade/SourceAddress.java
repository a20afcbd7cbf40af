package io.culvert.upgrade;

import io.culvert.linux.Errno;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.SocketOptions;
import io.culvert.linux.Syscall;
import io.culvert.wire.IpAddress;

/** An address of the host's that a flow was decided to leave from. */
final class SourceAddress {
    private SourceAddress() {}

    /**
     * Gives a socket its own address, and leaves its port to the kernel for when there is a
     * destination, so that each destination has all ports (ip(7), IP_BIND_ADDRESS_NO_PORT).
     *
     * @param source {@code null} where the host chooses, and nothing is done
     * @param scratch overwritten
     * @return 0, or an errno: EHOSTUNREACH where the address is none of the host's, for of
     *     connect(2) EADDRNOTAVAIL would mean that no port is left
     */
    static int bind(int socket, IpAddress source, SocketAddressBuffer scratch) {
        if (source == null) {
            return 0;
        }
        Syscall.setsockopt(
                socket, SocketOptions.IPPROTO_IP, SocketOptions.IP_BIND_ADDRESS_NO_PORT, 1);
        scratch.set(source.high(), source.low(), 0);
        int result = Syscall.bind(socket, scratch.address(), scratch.length());
        return Errno.EADDRNOTAVAIL.is(result) ? Errno.EHOSTUNREACH.number() : -result;
    }
}
