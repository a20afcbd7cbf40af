package io.culvert.gateway.demo;

import io.culvert.linux.Fd;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.SocketOptions;
import io.culvert.linux.Sockets;
import io.culvert.linux.Syscall;
import io.culvert.linux.SyscallException;
import io.culvert.tun.NetworkNamespace;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * A TCP connection, or a connected UDP or echo socket, whose calls wait, but never for ever.
 *
 * <p>Threading: a socket belongs to the namespace that it was made in and may be used on any
 * thread, one at a time.
 */
final class Connection implements AutoCloseable {
    private final Fd socket;

    private Connection(Fd socket) {
        this.socket = socket;
    }

    /** A socket that {@link #tcp}, {@link #udp} and the like begin with. */
    @FunctionalInterface
    private interface Maker {
        Fd make(boolean ipv6) throws SyscallException;
    }

    /** Connects over TCP; fails with EINPROGRESS when nobody answers in time. */
    static Connection tcp(NetworkNamespace from, IpAddress to, int port) throws IOException {
        return connect(from, Sockets::tcp, 0, to, port, Patience.CALL);
    }

    /** The same, with the local port and the time limit given. */
    static Connection tcp(
            NetworkNamespace from, int localPort, IpAddress to, int port, Duration limit)
            throws IOException {
        return connect(from, Sockets::tcp, localPort, to, port, limit);
    }

    static Connection udp(NetworkNamespace from, IpAddress to, int port) throws IOException {
        return connect(from, Sockets::udp, 0, to, port, Patience.CALL);
    }

    /** A socket for echo requests, of icmp(7) or of raw(7). */
    static Connection echo(NetworkNamespace from, IpAddress to, boolean raw) throws IOException {
        Maker maker =
                raw
                        ? ipv6 -> Sockets.raw(ipv6, ipv6 ? IpProtocol.ICMPV6 : IpProtocol.ICMP)
                        : Sockets::echo;
        return connect(from, maker, 0, to, 0, Patience.CALL);
    }

    /** A connection that a listener took; a thread of its own waits on it. */
    static Connection accepted(int descriptor) throws SyscallException {
        Connection connection = new Connection(new Fd(descriptor));
        try {
            Sockets.timeout(connection.socket, Patience.SCENE);
            return connection;
        } catch (SyscallException e) {
            connection.close();
            throw e;
        }
    }

    private static Connection connect(
            NetworkNamespace from,
            Maker maker,
            int localPort,
            IpAddress to,
            int port,
            Duration limit)
            throws IOException {
        boolean ipv6 = !to.isIpv4();
        Connection connection = new Connection(from.call(() -> maker.make(ipv6)));
        try {
            SocketAddressBuffer address = new SocketAddressBuffer();
            if (localPort != 0) {
                Sockets.set(
                        connection.socket, SocketOptions.SOL_SOCKET, SocketOptions.SO_REUSEADDR, 1);
                Sockets.bind(connection.socket, address.setUnspecified(ipv6, localPort));
            }
            Sockets.blocking(connection.socket, true);
            Sockets.timeout(connection.socket, limit);
            address.set(to.high(), to.low(), port);
            check(
                    Syscall.connect(
                            connection.socket.number(), address.address(), address.length()),
                    "connect");
            return connection;
        } catch (SyscallException | RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    /** Has what the network reports about datagrams fail the next call: ip(7), IP_RECVERR. */
    void reportErrors(boolean ipv6) throws SyscallException {
        Sockets.set(
                socket,
                ipv6 ? SocketOptions.IPPROTO_IPV6 : SocketOptions.IPPROTO_IP,
                ipv6 ? SocketOptions.IPV6_RECVERR : SocketOptions.IP_RECVERR,
                1);
    }

    /** Bytes received behind the position, which moves along; negative at the end. */
    int read(ByteBuffer into) throws SyscallException {
        int count =
                check(
                        Syscall.recv(
                                socket.number(),
                                NativeMemory.address(into) + into.position(),
                                into.remaining(),
                                0),
                        "receive");
        into.position(into.position() + count);
        return count == 0 ? -1 : count;
    }

    /** Sends everything that remains. */
    void write(ByteBuffer from) throws SyscallException {
        while (from.hasRemaining()) {
            int count =
                    check(
                            Syscall.send(
                                    socket.number(),
                                    NativeMemory.address(from) + from.position(),
                                    from.remaining(),
                                    Syscall.MSG_NOSIGNAL),
                            "send");
            from.position(from.position() + count);
        }
    }

    /** Sends FIN; what the other end still sends can be read. */
    void endOutput() throws SyscallException {
        check(Syscall.shutdown(socket.number(), Syscall.SHUT_WR), "shutdown");
    }

    /** Who is at the other end, as {@code ADDRESS:PORT}. */
    String peer() throws SyscallException {
        SocketAddressBuffer peer = new SocketAddressBuffer().prepare();
        check(
                Syscall.getpeername(socket.number(), peer.address(), peer.lengthAddress()),
                "getpeername");
        IpAddress address = new IpAddress(peer.addressHigh(), peer.addressLow());
        return (address.isIpv4() ? address.toString() : "[" + address + "]") + ":" + peer.port();
    }

    private static int check(int result, String call) throws SyscallException {
        if (result < 0) {
            throw new SyscallException(call, -result);
        }
        return result;
    }

    @Override
    public void close() {
        socket.close();
    }
}
