package io.culvert.linux;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.function.IntSupplier;

/** The loopback device of the test JVM's network namespace, and sockets on it. */
final class Loopback {
    /** 127.0.0.1 in mapped form, and ::1. */
    static final long IPV4 = 0xffff_7f00_0001L;

    static final long IPV6 = 1;

    /** netdevice(7). */
    private static final long SIOCGIFFLAGS = 0x8913;

    private static final long SIOCSIFFLAGS = 0x8914;
    private static final long SIOCSIFMTU = 0x8922;
    private static final int IFREQ = 40;
    private static final int IFREQ_VALUE = 16;
    private static final int IFF_UP = 1;

    private static final long PATIENCE_NS = 5_000_000_000L;

    private Loopback() {}

    /** In a new namespace it is down. */
    static void up() throws SyscallException {
        ByteBuffer request = request();
        try (Fd socket = Sockets.udp(false)) {
            ioctl(socket, SIOCGIFFLAGS, request);
            short flags = request.getShort(IFREQ_VALUE);
            if ((flags & IFF_UP) == 0) {
                request.putShort(IFREQ_VALUE, (short) (flags | IFF_UP));
                ioctl(socket, SIOCSIFFLAGS, request);
            }
        }
    }

    /** Whoever changes it from 65,536 changes it back. */
    static void mtu(int bytes) throws SyscallException {
        try (Fd socket = Sockets.udp(false)) {
            ioctl(socket, SIOCSIFMTU, request().putInt(IFREQ_VALUE, bytes));
        }
    }

    static long address(boolean ipv6) {
        return ipv6 ? IPV6 : IPV4;
    }

    /** A UDP socket bound to a port of the kernel's choice. */
    static Fd udp(boolean ipv6) throws SyscallException {
        Fd socket = Sockets.udp(ipv6);
        Sockets.bind(socket, new SocketAddressBuffer().set(0, address(ipv6), 0));
        return socket;
    }

    static int port(Fd socket) throws SyscallException {
        return Sockets.localAddress(socket).port();
    }

    /** A UDP port that nothing is bound to. */
    static int closedPort(boolean ipv6) throws SyscallException {
        try (Fd socket = udp(ipv6)) {
            return port(socket);
        }
    }

    /** Two connected TCP sockets that block, the one that connected first. */
    static Fd[] tcp(boolean ipv6) throws SyscallException {
        SocketAddressBuffer address = new SocketAddressBuffer().set(0, address(ipv6), 0);
        try (Fd listener = Sockets.tcp(ipv6)) {
            Sockets.bind(listener, address);
            Sockets.listen(listener, 1);
            Sockets.blocking(listener, true);
            address.set(0, address(ipv6), port(listener));
            Fd client = Sockets.tcp(ipv6);
            Sockets.blocking(client, true);
            SyscallException.check(
                    Syscall.connect(client.number(), address.address(), address.length()),
                    "connect");
            address.prepare();
            int accepted =
                    Syscall.accept(
                            listener.number(), address.address(), address.lengthAddress(), 0);
            return new Fd[] {client, new Fd(SyscallException.check(accepted, "accept"))};
        }
    }

    /** Repeats a call until it answers something else than EAGAIN, which it does within moments. */
    static int await(IntSupplier call) {
        long start = System.nanoTime();
        int result = call.getAsInt();
        while (Errno.EAGAIN.is(result) && System.nanoTime() - start < PATIENCE_NS) {
            Thread.onSpinWait();
            result = call.getAsInt();
        }
        return result;
    }

    private static ByteBuffer request() {
        ByteBuffer request = NativeMemory.allocateNative(IFREQ);
        return request.put(0, "lo".getBytes(StandardCharsets.US_ASCII));
    }

    private static void ioctl(Fd socket, long number, ByteBuffer request) throws SyscallException {
        SyscallException.check(
                Syscall.answer(
                        LibC.INSTANCE.ioctl(
                                socket.number(), number, NativeMemory.address(request))),
                "ioctl " + Long.toHexString(number));
    }
}
