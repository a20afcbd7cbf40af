package io.culvert.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

class DatagramQueueTest {
    private static final long HERE = 0xffff_0a00_0001L;
    private static final long THERE = 0xffff_0a00_0002L;

    private final ByteBuffer payload = ByteBuffer.allocate(1 << 16);
    private DatagramQueue queue = new DatagramQueue(64, 1 << 20, true);

    @Test
    void joinsDatagramsOfOneSizeToOnePiece() {
        add(3, HERE, 100);
        add(3, HERE, 100);
        add(3, HERE, 100);

        assertEquals(List.of("3: 3x100 in 1"), messages());
    }

    @Test
    void letsTheLastBeShorterAndNothingFollowIt() {
        add(3, HERE, 100);
        add(3, HERE, 40);
        add(3, HERE, 40);
        add(3, HERE, 100);

        assertEquals(List.of("3: 2x100 in 1", "3: 1x40 in 1", "3: 1x100 in 1"), messages());
    }

    @Test
    void startsAnewForALongerOne() {
        add(3, HERE, 100);
        add(3, HERE, 101);

        assertEquals(List.of("3: 1x100 in 1", "3: 1x101 in 1"), messages());
    }

    @Test
    void joinsAcrossInterleavedFlowsInPieces() {
        for (int i = 0; i < 3; i++) {
            add(3, HERE, 100);
            add(3, THERE, 100);
            add(4, HERE, 50);
        }

        assertEquals(List.of("3: 3x100 in 3", "3: 3x100 in 3", "4: 3x50 in 3"), messages());
    }

    @Test
    void neverOvertakesADatagramOfTheSameDestination() {
        add(3, HERE, 100);
        queue.add(3, HERE, 0, 9, 0xb8, payload, 0, 100, 100);
        add(3, HERE, 100);

        assertEquals(List.of("3: 1x100 in 1", "3: 1x100 in 1", "3: 1x100 in 1"), messages());
    }

    @Test
    void looksAtEightMessagesOfASocketAndNoFurther() {
        for (int destination = 0; destination < 8; destination++) {
            add(3, HERE + destination, 10);
        }
        add(3, HERE, 10);
        assertEquals(8, messages().size());
        add(3, HERE + 8, 10);
        add(3, HERE, 10);
        assertEquals(10, messages().size());
    }

    @Test
    void neverJoinsEmptyDatagrams() {
        add(3, HERE, 0);
        add(3, HERE, 0);
        add(3, HERE, 10);
        add(3, HERE, 0);

        assertEquals(
                List.of("3: 1x0 in 1", "3: 1x0 in 1", "3: 1x10 in 1", "3: 1x0 in 1"), messages());
    }

    @Test
    void joinsAtMost64DatagramsAndAsManyBytesAsAnIpPacketHolds() {
        for (int i = 0; i < 65; i++) {
            add(3, HERE, 10);
        }
        for (int i = 0; i < 66; i++) {
            add(4, HERE, 1000);
        }

        assertEquals(
                List.of("3: 64x10 in 1", "3: 1x10 in 1", "4: 64x1000 in 1", "4: 2x1000 in 1"),
                messages());
        queue.clear();
        for (int i = 0; i < 45; i++) {
            add(5, HERE, 1472);
        }
        assertEquals(List.of("5: 44x1472 in 1", "5: 1x1472 in 1"), messages());
    }

    @Test
    void takesARunThatIsJoinedAlready() {
        queue.add(3, HERE, 0, 9, 0, payload, 0, 250, 100);
        queue.add(3, HERE, 0, 9, 0, payload, 0, 300, 100);
        queue.add(3, HERE, 0, 9, 0, payload, 0, 150, 100);
        add(3, HERE, 100);

        assertEquals(List.of("3: 3x100 in 1", "3: 5x100 in 1", "3: 1x100 in 1"), messages());
    }

    @Test
    void doesNotJoinARunOfSmallerDatagrams() {
        add(3, HERE, 100);
        queue.add(3, HERE, 0, 9, 0, payload, 0, 60, 30);

        assertEquals(List.of("3: 1x100 in 1", "3: 2x30 in 1"), messages());
    }

    @Test
    void isFullWhenPiecesOrBytesAre() {
        for (int i = 0; i < 64; i++) {
            assertTrue(queue.hasRoom(1));
            add(i, HERE, 1);
        }
        assertFalse(queue.hasRoom(1));
        queue.clear();
        for (int i = 0; i < 16; i++) {
            assertTrue(queue.hasRoom(1 << 16));
            queue.add(3, HERE, 0, 9, 0, payload, 0, 1 << 16, 1 << 16);
        }
        assertFalse(queue.hasRoom(1));
        assertTrue(queue.hasRoom(0));
    }

    @Test
    void joinsNothingForSocketsThatCutNothing() {
        queue = new DatagramQueue(64, 1 << 20, false);
        add(3, HERE, 100);
        add(3, HERE, 100);
        add(3, HERE, 40);

        assertEquals(List.of("3: 1x100 in 1", "3: 1x100 in 1", "3: 1x40 in 1"), messages());
    }

    private void add(int fd, long high, int length) {
        queue.add(fd, high, 0, 9, 0, payload, 0, length, length);
    }

    /** Each message as descriptor, datagrams, size and pieces. */
    private List<String> messages() {
        List<String> all = new ArrayList<>();
        for (int group = 0; group < queue.groups(); group++) {
            for (int m = queue.first(group); m >= 0; m = queue.next(m)) {
                int pieces = 0;
                for (int piece = queue.firstPiece(m); piece >= 0; piece = queue.nextPiece(piece)) {
                    pieces++;
                }
                all.add(
                        "%d: %dx%d in %d"
                                .formatted(
                                        queue.fd(group),
                                        queue.datagrams(m),
                                        queue.segmentSize(m),
                                        pieces));
            }
        }
        return all;
    }
}
