package io.culvert.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.util.Random;

class PipeTest {
    private static final int FLAGS = Syscall.SPLICE_F_MOVE | Syscall.SPLICE_F_NONBLOCK;

    @BeforeAll
    static void bringTheDeviceUp() throws SyscallException {
        Loopback.up();
    }

    @Test
    void remembersTheCapacityThatTheKernelGave() throws SyscallException {
        try (Pipe small = Pipe.open(1);
                Pipe large = Pipe.open(256 << 10);
                Pipe impossible = Pipe.open(Integer.MAX_VALUE)) {
            assertEquals(4096, small.capacity());
            assertEquals(256 << 10, large.capacity());
            assertTrue(impossible.capacity() >= 4096);
        }
    }

    @Test
    void answersAtOnceWhenEmptyOrFull() throws SyscallException {
        ByteBuffer bytes = NativeMemory.allocate(8192);
        long address = NativeMemory.address(bytes);
        try (Pipe pipe = Pipe.open(4096)) {
            assertTrue(Errno.EAGAIN.is(Syscall.read(pipe.readEnd(), address, 8192)));
            assertEquals(4096, Syscall.write(pipe.writeEnd(), address, 8192));
            assertTrue(Errno.EAGAIN.is(Syscall.write(pipe.writeEnd(), address, 1)));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void splicesBetweenTwoTcpConnectionsWithoutChangingAByte(boolean ipv6) throws Exception {
        int total = 3_000_000;
        byte[] sent = new byte[total];
        new Random(7).nextBytes(sent);
        ByteBuffer out = NativeMemory.allocate(total).put(0, sent);
        ByteBuffer back = NativeMemory.allocate(total);
        Fd[] in = Loopback.tcp(ipv6);
        Fd[] on = Loopback.tcp(!ipv6);
        try (Fd client = in[0];
                Fd from = in[1];
                Fd to = on[0];
                Fd server = on[1];
                Pipe pipe = Pipe.open(1 << 20)) {
            Thread sender = Thread.ofPlatform().start(() -> sendAll(client, out));
            Thread receiver = Thread.ofPlatform().start(() -> readAll(server, back));
            int moved;
            while ((moved =
                            Syscall.splice(
                                    from.number(), pipe.writeEnd(), 1 << 20, Syscall.SPLICE_F_MOVE))
                    > 0) {
                while (moved > 0) {
                    int written = Syscall.splice(pipe.readEnd(), to.number(), moved, FLAGS);
                    assertTrue(written > 0, "splice to a socket that blocks");
                    moved -= written;
                }
            }
            assertEquals(0, moved);
            Syscall.shutdown(to.number(), Syscall.SHUT_WR);
            sender.join();
            receiver.join();
            assertEquals(out, back);
        }
    }

    @Test
    void keepsEmptyPipesAndClosesTheOthers() throws SyscallException {
        PipePool pool = new PipePool(1 << 16, 1);
        Pipe one = pool.take();
        Pipe two = pool.take();
        Pipe three = pool.take();
        assertEquals(3, pool.open());

        pool.give(one, false);
        assertEquals(2, pool.open());
        assertThrows(IllegalStateException.class, one::readEnd);

        pool.give(two, true);
        pool.give(three, true);
        assertEquals(1, pool.open());
        assertThrows(IllegalStateException.class, three::readEnd);
        assertSame(two, pool.take());
        assertNotSame(two, pool.take());
        assertEquals(2, pool.open());

        pool.close();
        pool.give(two, true);
        assertEquals(1, pool.open());
        assertThrows(IllegalStateException.class, two::readEnd);
    }

    @Test
    void givesNothingWhenDescriptorsAreExhausted() throws SyscallException {
        try (PipePool pool = new PipePool(4096, 4)) {
            Pipe kept = pool.take();
            pool.give(kept, true);
            Pipe again;
            Pipe none;
            try (DescriptorHoard hoard = new DescriptorHoard()) {
                assertTrue(hoard.size() > 0);
                again = pool.take();
                none = pool.take();
            }
            assertSame(kept, again);
            assertNull(none);
            assertEquals(1, pool.open());
            pool.give(kept, true);
        }
    }

    private static void sendAll(Fd socket, ByteBuffer bytes) {
        int at = 0;
        while (at < bytes.capacity()) {
            int sent =
                    Syscall.send(
                            socket.number(),
                            NativeMemory.address(bytes) + at,
                            bytes.capacity() - at,
                            Syscall.MSG_NOSIGNAL);
            assertTrue(sent > 0);
            at += sent;
        }
        Syscall.shutdown(socket.number(), Syscall.SHUT_WR);
    }

    private static void readAll(Fd socket, ByteBuffer bytes) {
        int at = 0;
        int got;
        do {
            got =
                    Syscall.read(
                            socket.number(),
                            NativeMemory.address(bytes) + at,
                            bytes.capacity() - at);
            at += Math.max(got, 0);
        } while (got > 0);
        assertEquals(bytes.capacity(), at);
    }
}
