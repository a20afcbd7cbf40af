package io.culvert.linux;

import java.nio.ByteBuffer;
import java.time.Duration;

/**
 * Makes and sets up sockets. Each is closed on exec and does not block; it belongs to the network
 * namespace of the thread that made it and may be used by any thread.
 */
public final class Sockets {
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_DGRAM = 2;
    private static final int SOCK_RAW = 3;
    private static final int SOCK_SEQPACKET = 5;
    private static final int FLAGS = Syscall.NONBLOCK | Syscall.CLOEXEC;

    private static final int ANY_PROTOCOL = 0;
    private static final int IPPROTO_ICMP = 1;
    private static final int IPPROTO_ICMPV6 = 58;

    /** fcntl(2). */
    private static final int F_GETFL = 3;

    private static final int F_SETFL = 4;

    private Sockets() {}

    /** A TCP socket, tcp(7). */
    public static Fd tcp(boolean ipv6) throws SyscallException {
        return open("a TCP socket", inet(ipv6), SOCK_STREAM, ANY_PROTOCOL);
    }

    /** A UDP socket, udp(7). */
    public static Fd udp(boolean ipv6) throws SyscallException {
        return open("a UDP socket", inet(ipv6), SOCK_DGRAM, ANY_PROTOCOL);
    }

    /**
     * A socket that sends ICMP echo requests and gets their replies, without any privilege:
     * icmp(7). The kernel sets the identifier (bind(2)'s port) and the checksum.
     *
     * @throws SyscallException EACCES when the group is outside net.ipv4.ping_group_range
     */
    public static Fd echo(boolean ipv6) throws SyscallException {
        int protocol = ipv6 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
        return open("a ping socket", inet(ipv6), SOCK_DGRAM, protocol);
    }

    /**
     * A socket for an IP protocol's payloads, raw(7). What it receives over IPv4 starts with the IP
     * header, over IPv6 with the payload.
     *
     * @throws SyscallException EPERM without CAP_NET_RAW in the network namespace's user namespace
     */
    public static Fd raw(boolean ipv6, int protocol) throws SyscallException {
        return open("a raw socket", inet(ipv6), SOCK_RAW, protocol);
    }

    /** A Unix socket that is connected and keeps messages apart, unix(7). */
    public static Fd seqpacket() throws SyscallException {
        return open("a SEQPACKET socket", Sockaddr.AF_UNIX, SOCK_SEQPACKET, ANY_PROTOCOL);
    }

    /** Two of them, connected to each other. */
    public static Fd[] seqpacketPair() throws SyscallException {
        return pair(SOCK_SEQPACKET);
    }

    /** Two Unix stream sockets, connected to each other. */
    public static Fd[] streamPair() throws SyscallException {
        return pair(SOCK_STREAM);
    }

    private static Fd[] pair(int type) throws SyscallException {
        ByteBuffer fds = NativeMemory.allocateNative(2 * Integer.BYTES);
        SyscallException.check(
                Syscall.answer(
                        LibC.INSTANCE.socketpair(
                                Sockaddr.AF_UNIX,
                                type | FLAGS,
                                ANY_PROTOCOL,
                                NativeMemory.address(fds))),
                "socketpair");
        return new Fd[] {new Fd(fds.getInt(0)), new Fd(fds.getInt(Integer.BYTES))};
    }

    /** A Unix stream socket, unix(7). */
    public static Fd unixStream() throws SyscallException {
        return open("a Unix stream socket", Sockaddr.AF_UNIX, SOCK_STREAM, ANY_PROTOCOL);
    }

    public static void bind(Fd socket, SocketAddressBuffer address) throws SyscallException {
        SyscallException.check(
                Syscall.bind(socket.number(), address.address(), address.length()), "bind");
    }

    public static void listen(Fd socket, int backlog) throws SyscallException {
        SyscallException.check(Syscall.listen(socket.number(), backlog), "listen");
    }

    /** Sets an option of {@link SocketOptions} whose value is an {@code int}. */
    public static void set(Fd socket, int level, int name, int value) throws SyscallException {
        SyscallException.check(
                Syscall.setsockopt(socket.number(), level, name, value),
                "setsockopt level " + level + " option " + name + " to " + value);
    }

    /** Makes calls on a socket wait (true) or answer EAGAIN (false), for every thread using it. */
    public static void blocking(Fd socket, boolean wait) throws SyscallException {
        int fd = socket.number();
        int flags =
                SyscallException.check(
                        Syscall.answer(LibC.INSTANCE.fcntl(fd, F_GETFL, 0)), "fcntl F_GETFL");
        int wanted = wait ? flags & ~Syscall.NONBLOCK : flags | Syscall.NONBLOCK;
        SyscallException.check(
                Syscall.answer(LibC.INSTANCE.fcntl(fd, F_SETFL, wanted)), "fcntl F_SETFL");
    }

    /**
     * Bounds how long each call on a blocking socket waits (socket(7)): afterwards it answers what
     * it has, or EAGAIN, and connect(2) EINPROGRESS.
     */
    public static void timeout(Fd socket, Duration limit) throws SyscallException {
        // struct timeval: seconds, microseconds; all zero would mean for ever.
        ByteBuffer timeval = NativeMemory.allocateNative(2 * Long.BYTES);
        timeval.putLong(0, limit.toSeconds());
        timeval.putLong(Long.BYTES, Math.max(1, limit.toNanosPart() / 1_000));
        int[] options = {SocketOptions.SO_RCVTIMEO, SocketOptions.SO_SNDTIMEO};
        for (int option : options) {
            SyscallException.check(
                    Syscall.setsockopt(
                            socket.number(),
                            SocketOptions.SOL_SOCKET,
                            option,
                            NativeMemory.address(timeval),
                            timeval.capacity()),
                    "setsockopt SO_RCVTIMEO and SO_SNDTIMEO to " + limit);
        }
    }

    /** The address that a socket is bound to, with the port the kernel chose. */
    public static SocketAddressBuffer localAddress(Fd socket) throws SyscallException {
        SocketAddressBuffer local = new SocketAddressBuffer().prepare();
        SyscallException.check(
                Syscall.getsockname(socket.number(), local.address(), local.lengthAddress()),
                "getsockname");
        return local;
    }

    /** Who is at the other end of a Unix socket. */
    public static PeerCredentials peerCredentials(Fd socket) throws SyscallException {
        // struct ucred of unix(7), then its socklen_t
        int length = 3 * Integer.BYTES;
        ByteBuffer ucred =
                NativeMemory.allocateNative(length + Integer.BYTES).putInt(length, length);
        long address = NativeMemory.address(ucred);
        SyscallException.check(
                Syscall.getsockopt(
                        socket.number(),
                        SocketOptions.SOL_SOCKET,
                        SocketOptions.SO_PEERCRED,
                        address,
                        address + length),
                "getsockopt SO_PEERCRED");
        return new PeerCredentials(ucred.getInt(0), ucred.getInt(4), ucred.getInt(8));
    }

    private static int inet(boolean ipv6) {
        return ipv6 ? Sockaddr.AF_INET6 : Sockaddr.AF_INET;
    }

    private static Fd open(String what, int domain, int type, int protocol)
            throws SyscallException {
        return new Fd(
                SyscallException.check(
                        Syscall.socket(domain, type | FLAGS, protocol), "open " + what));
    }
}
