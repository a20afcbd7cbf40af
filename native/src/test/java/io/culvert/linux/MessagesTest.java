package io.culvert.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Set;

/** {@link MessageWriter} and {@link MessageReader} at the two ends of a connection. */
class MessagesTest {
    private static final int ROOM = 100;
    private static final int BATCH = 4;

    private final ByteBuffer memory = NativeMemory.allocate(BATCH * ROOM);
    private final MessageReader reader = reader();
    private final MessageWriter writer = new MessageWriter(8, 1_000);
    private final ByteBuffer message = ByteBuffer.allocate(1_000);
    private Fd near;
    private Fd far;

    private MessageReader reader() {
        long[] addresses = new long[BATCH];
        for (int i = 0; i < BATCH; i++) {
            addresses[i] = NativeMemory.address(memory) + (long) i * ROOM;
        }
        return new MessageReader(addresses, ROOM);
    }

    @BeforeEach
    void connect() throws IOException {
        Fd[] pair = Sockets.seqpacketPair();
        near = pair[0];
        far = pair[1];
    }

    @AfterEach
    void close() {
        near.close();
        far.close();
    }

    private void add(int number, int length) {
        writer.add(message.putInt(0, number), 0, length);
    }

    private int receive(int most) {
        return reader.receive(far.number(), most);
    }

    private int number(int i) {
        return memory.getInt(i * ROOM);
    }

    @Test
    void carriesManyInTheirOrder() {
        for (int i = 0; i < 6; i++) {
            add(i, 10 + i);
        }
        assertEquals(0, writer.send(near.number()));

        assertEquals(BATCH, receive(10));
        for (int i = 0; i < BATCH; i++) {
            assertEquals(i, number(i));
            assertEquals(10 + i, reader.length(i));
        }
        assertEquals(1, receive(1));
        assertEquals(4, number(0));
        assertEquals(1, receive(10));
        assertEquals(5, number(0));
        assertTrue(Errno.EAGAIN.is(receive(10)));
    }

    @Test
    void hasRoomForSoManyMessagesAndSoManyBytes() {
        for (int i = 0; i < 8; i++) {
            assertTrue(writer.hasRoom(100));
            add(i, 100);
        }
        assertFalse(writer.hasRoom(0));
        assertEquals(0, writer.send(near.number()));
        assertTrue(writer.hasRoom(1_000));
        assertFalse(writer.hasRoom(1_001));
        add(0, 999);
        assertTrue(writer.hasRoom(1));
        assertFalse(writer.hasRoom(2));
    }

    @Test
    void saysHowLongAMessageWasThatDidNotFit() {
        add(1, ROOM + 1);
        add(2, ROOM);
        assertEquals(0, writer.send(near.number()));

        assertEquals(2, receive(10));
        assertEquals(ROOM + 1, reader.length(0));
        assertEquals(ROOM, reader.length(1));
    }

    @Test
    void keepsWhatFindsNoRoomUntilThereIsSome() {
        int next = 0;
        int result = 0;
        while (result == 0 && next < 100_000) {
            for (int i = 0; i < 8; i++) {
                add(next++, 100);
            }
            result = writer.send(near.number());
        }
        assertTrue(Errno.EAGAIN.is(result), "result " + result);
        int seen = 0;
        while (seen < next) {
            int read = receive(BATCH);
            if (read < 0) {
                assertEquals(0, writer.send(near.number()));
                continue;
            }
            for (int i = 0; i < read; i++) {
                assertEquals(seen++, number(i));
            }
        }
    }

    @Test
    void forgetsWhatItIsToldToForget() {
        add(1, 10);
        writer.clear();
        add(2, 10);
        assertEquals(0, writer.send(near.number()));

        assertEquals(1, receive(10));
        assertEquals(2, number(0));
    }

    @Test
    void receivesEmptyMessagesWithoutEndWhereThePeerHasGone() {
        add(1, 10);
        assertEquals(0, writer.send(near.number()));
        near.close();

        assertEquals(BATCH, receive(10));
        assertEquals(10, reader.length(0));
        assertEquals(0, reader.length(1));
        assertEquals(BATCH, receive(10));
        assertEquals(0, reader.length(0));
    }

    @Test
    void failsWhereThePeerHasGone() {
        far.close();
        add(1, 10);

        assertTrue(Errno.EPIPE.is(writer.send(near.number())));
    }

    /** unix(7), SCM_RIGHTS. */
    @Test
    void takesNoDescriptors() throws IOException {
        OpenDescriptors before = OpenDescriptors.now();
        ByteBuffer payload = ByteBuffer.allocateDirect(8).putInt(0, 7);
        DescriptorMessage.send(near, payload, near.number());

        assertEquals(1, receive(10));
        assertEquals(7, number(0));
        assertEquals(Set.of(), OpenDescriptors.now().since(before));
    }
}
