package io.culvert.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

class SyscallTest {
    @Test
    void answersTheErrorNumberNegatedAndThrowsNothing() {
        assertTrue(Errno.EBADF.is(Syscall.read(-1, 0, 0)));
    }

    @Test
    void movesBytesBetweenPipesWithAllSixArgumentsOfSpliceInPlace() {
        ByteBuffer fds = NativeMemory.allocateNative(16);
        long address = NativeMemory.address(fds);
        assertEquals(0, LibC.INSTANCE.pipe2(address, 0));
        assertEquals(0, LibC.INSTANCE.pipe2(address + 8, 0));
        ByteBuffer text =
                NativeMemory.allocate(5).put(0, "hello".getBytes(StandardCharsets.US_ASCII));
        ByteBuffer back = NativeMemory.allocate(5);
        try (Fd in1 = new Fd(fds.getInt(0));
                Fd out1 = new Fd(fds.getInt(4));
                Fd in2 = new Fd(fds.getInt(8));
                Fd out2 = new Fd(fds.getInt(12))) {
            assertEquals(5, Syscall.write(out1.number(), NativeMemory.address(text), 5));
            assertEquals(
                    5, Syscall.splice(in1.number(), out2.number(), 100, Syscall.SPLICE_F_NONBLOCK));
            assertEquals(5, Syscall.read(in2.number(), NativeMemory.address(back), 5));
            assertEquals(text, back);
        }
    }

    @Test
    void refusesTheNumberOfAClosedDescriptor() {
        ByteBuffer fds = NativeMemory.allocateNative(8);
        assertEquals(0, LibC.INSTANCE.pipe2(NativeMemory.address(fds), 0));
        Fd closed = new Fd(fds.getInt(0));
        closed.close();
        closed.close();
        assertFalse(closed.isOpen());
        assertThrows(IllegalStateException.class, closed::number);
        new Fd(fds.getInt(4)).close();
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void disconnectsWithAResetAndLeavesTheDescriptorOpen(boolean ipv6) throws SyscallException {
        Loopback.up();
        ByteBuffer bytes = NativeMemory.allocate(1);
        long address = NativeMemory.address(bytes);
        Fd[] pair = Loopback.tcp(ipv6);
        try (Fd ours = pair[0];
                Fd peer = pair[1]) {
            assertEquals(0, Syscall.disconnect(ours.number()));

            assertTrue(Errno.ECONNRESET.is(Syscall.recv(peer.number(), address, 1, 0)));
            TcpInfo info = new TcpInfo();
            assertTrue(info.read(ours.number()), "it is a descriptor still");
            assertEquals(TcpInfo.CLOSED, info.state());
        }
    }
}
