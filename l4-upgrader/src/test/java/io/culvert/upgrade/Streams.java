package io.culvert.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.linux.Errno;
import io.culvert.linux.Fd;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.OpenDescriptors;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.Sockets;
import io.culvert.linux.Syscall;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.zip.CRC32C;

/** Connected stream sockets, and who sends and reads them. */
final class Streams {
    /** 127.0.0.1 in mapped form, and ::1. */
    static final long LOOPBACK_4 = 0xffff_7f00_0001L;

    static final long LOOPBACK_6 = 1;

    private static final int CHUNK = 128 * 1024;

    private Streams() {}

    /** What there is of stream sockets. */
    enum Kind {
        TCP,
        TCP6,
        UNIX
    }

    /** A connection: {@code ours} does not block, {@code peer} does. */
    record Connection(Fd ours, Fd peer) {}

    static Connection connect(Kind kind) throws IOException {
        SocketAddressBuffer address = new SocketAddressBuffer();
        Path path = null;
        Fd listener;
        if (kind == Kind.UNIX) {
            path = Files.createTempFile("stream", ".sock");
            Files.delete(path);
            address.setUnix(path);
            listener = Sockets.unixStream();
        } else {
            address.set(0, loopback(kind == Kind.TCP6), 0);
            listener = Sockets.tcp(kind == Kind.TCP6);
        }
        try (listener) {
            Sockets.bind(listener, address);
            Sockets.listen(listener, 1);
            if (kind == Kind.UNIX) {
                address.setUnix(path);
            } else {
                int port = Sockets.localAddress(listener).port();
                address.set(0, loopback(kind == Kind.TCP6), port);
            }
            Fd peer = kind == Kind.UNIX ? Sockets.unixStream() : Sockets.tcp(kind == Kind.TCP6);
            Sockets.blocking(peer, true);
            check(Syscall.connect(peer.number(), address.address(), address.length()));
            address.prepare();
            int accepted =
                    Syscall.accept(
                            listener.number(),
                            address.address(),
                            address.lengthAddress(),
                            Syscall.NONBLOCK | Syscall.CLOEXEC);
            return new Connection(new Fd(check(accepted)), peer);
        } finally {
            if (path != null) {
                Files.delete(path);
            }
        }
    }

    static long loopback(boolean ipv6) {
        return ipv6 ? LOOPBACK_6 : LOOPBACK_4;
    }

    static int check(int result) {
        assertTrue(result >= 0, () -> "a call failed: " + Errno.of(-result));
        return result;
    }

    /** Sends so many bytes of that seed; answers their checksum. */
    static long send(Fd socket, long seed, long length) {
        SplittableRandom random = new SplittableRandom(seed);
        ByteBuffer buffer = NativeMemory.allocate(CHUNK);
        CRC32C sum = new CRC32C();
        for (long left = length; left > 0; ) {
            int part = (int) Math.min(left, 1 + random.nextInt(CHUNK - 8));
            for (int i = 0; i < part; i += Long.BYTES) {
                buffer.putLong(i, random.nextLong());
            }
            sum.update(buffer.clear().limit(part));
            for (int sent = 0; sent < part; ) {
                sent +=
                        check(
                                Syscall.send(
                                        socket.number(),
                                        NativeMemory.address(buffer.clear()) + sent,
                                        part - sent,
                                        Syscall.MSG_NOSIGNAL));
            }
            left -= part;
        }
        return sum.getValue();
    }

    static void shutdown(Fd socket) {
        check(Syscall.shutdown(socket.number(), Syscall.SHUT_WR));
    }

    static void reset(Fd socket) {
        check(Syscall.linger(socket.number(), 0));
        socket.close();
    }

    /** What came until the end: how much, its checksum, and the last call's answer. */
    record Received(long length, long sum, int last) {}

    static Received receive(Fd socket) {
        return receive(socket, Long.MAX_VALUE);
    }

    static Received receive(Fd socket, long most) {
        ByteBuffer buffer = NativeMemory.allocate(CHUNK);
        CRC32C sum = new CRC32C();
        long length = 0;
        int read = 1;
        while (length < most) {
            int room = (int) Math.min(CHUNK, most - length);
            read = Syscall.recv(socket.number(), NativeMemory.address(buffer.clear()), room, 0);
            if (read <= 0) {
                break;
            }
            length += read;
            sum.update(buffer.limit(read));
        }
        return new Received(length, sum.getValue(), read);
    }

    /**
     * Fails where a descriptor is open that was not at that time. A descriptor that another thread
     * is about to close gets seconds for it.
     */
    static void assertNoneLeft(OpenDescriptors earlier) throws IOException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        Set<String> left = OpenDescriptors.now().since(earlier);
        while (!left.isEmpty() && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(1));
            left = OpenDescriptors.now().since(earlier);
        }
        assertEquals(Set.of(), left);
    }
}
