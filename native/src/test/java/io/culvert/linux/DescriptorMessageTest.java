package io.culvert.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

class DescriptorMessageTest {
    private static final int F_GETFD = 1;
    private static final int FD_CLOEXEC = 1;

    private final ByteBuffer into = ByteBuffer.allocate(64);
    private Fd mine;
    private Fd theirs;

    @BeforeEach
    void openThePair() throws SyscallException {
        Fd[] pair = Sockets.seqpacketPair();
        mine = pair[0];
        theirs = pair[1];
    }

    @AfterEach
    void closeThePair() {
        mine.close();
        theirs.close();
    }

    @Test
    void passesAPipeThatThenWorksBesideTheSendersOwn() throws SyscallException {
        ByteBuffer bytes = NativeMemory.allocate(4).putInt(0, 0xcafe);
        long address = NativeMemory.address(bytes);
        try (Pipe pipe = Pipe.open(4096)) {
            DescriptorMessage.send(mine, text("pipe"), pipe.readEnd());
            DescriptorMessage.Received got = DescriptorMessage.receive(theirs, into);
            assertEquals(4, got.length());
            assertFalse(got.truncated());
            assertEquals(text("pipe"), into.flip());
            assertEquals(1, got.descriptors().size());
            try (Fd readEnd = got.descriptors().getFirst()) {
                assertTrue(readEnd.number() != pipe.readEnd());
                assertEquals(
                        FD_CLOEXEC, LibC.INSTANCE.fcntl(readEnd.number(), F_GETFD, 0) & FD_CLOEXEC);
                assertEquals(4, Syscall.write(pipe.writeEnd(), address, 4));
                bytes.putInt(0, 0);
                assertEquals(4, Syscall.read(readEnd.number(), address, 4));
                assertEquals(0xcafe, bytes.getInt(0));
            }
        }
    }

    @Test
    void passes253DescriptorsInOneMessage() throws SyscallException {
        int[] fds = new int[DescriptorMessage.MAXIMUM];
        Arrays.fill(fds, mine.number());

        DescriptorMessage.send(mine, text("x"), fds);
        DescriptorMessage.Received got = DescriptorMessage.receive(theirs, into);

        Set<Integer> distinct = new HashSet<>();
        got.descriptors().forEach(fd -> distinct.add(fd.number()));
        assertEquals(253, distinct.size());
        got.descriptors().forEach(Fd::close);
    }

    @Test
    void refuses254Descriptors() {
        int[] fds = new int[DescriptorMessage.MAXIMUM + 1];
        assertThrows(
                IllegalArgumentException.class, () -> DescriptorMessage.send(mine, text("x"), fds));
    }

    @Test
    void refusesAMessageWithoutData() {
        assertThrows(
                IllegalArgumentException.class,
                () -> DescriptorMessage.send(mine, ByteBuffer.allocate(0), 0));
    }

    @Test
    void saysWhenTheDataDidNotFit() throws SyscallException {
        DescriptorMessage.send(mine, text("longer"), 0);
        DescriptorMessage.Received got = DescriptorMessage.receive(theirs, into.position(60));
        assertTrue(got.truncated());
        assertEquals(4, got.length());
        assertEquals(64, into.position());
        got.descriptors().forEach(Fd::close);
    }

    @Test
    void closesWhatCameWhenNotAllOfItCouldBeTakenIn() throws SyscallException {
        DescriptorMessage.send(mine, text("x"), 0);
        DescriptorMessage.receive(theirs, into).descriptors().forEach(Fd::close);
        DescriptorMessage.send(mine, text("x"), 0, 1, 2);
        SyscallException failure;
        boolean free;
        try (DescriptorHoard hoard = new DescriptorHoard()) {
            hoard.release(1);
            failure =
                    assertThrows(
                            SyscallException.class, () -> DescriptorMessage.receive(theirs, into));
            int again = LibC.INSTANCE.fcntl(0, 0, 0);
            free = again >= 0;
            Syscall.close(again);
        }
        assertEquals(Errno.EMFILE, failure.errno());
        assertTrue(free, "the one that came is closed");
    }

    @Test
    void tellsTheEndFromAMessage() throws SyscallException {
        mine.close();
        DescriptorMessage.Received got = DescriptorMessage.receive(theirs, into);
        assertEquals(0, got.length());
        assertTrue(got.descriptors().isEmpty());
    }

    @Test
    void failsWithTheNumberOfAClosedDescriptorAndWhenNothingIsThere() {
        SyscallException failure =
                assertThrows(
                        SyscallException.class,
                        () -> DescriptorMessage.send(mine, text("x"), 1 << 30));
        assertEquals(Errno.EBADF, failure.errno());
        failure =
                assertThrows(SyscallException.class, () -> DescriptorMessage.receive(theirs, into));
        assertEquals(Errno.EAGAIN, failure.errno());
    }

    private static ByteBuffer text(String text) {
        return ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
    }
}
