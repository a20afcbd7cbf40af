package io.culvert.nat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.BitSet;
import java.util.Random;
import java.util.random.RandomGenerator;

class PortSpaceTest {
    private final Random random = new Random(6056);

    @ParameterizedTest
    @CsvSource({
        "1, 65535",
        "1, 1",
        "63, 64",
        "64, 127",
        "64, 128",
        "20000, 20001",
        "65472, 65535",
        "65535, 65535",
        "1023, 1024",
        "20001, 20190",
    })
    @Tag("rfc6888-req-13")
    void givesEachPortOfARangeOnceAndThenNone(int first, int last) {
        PortRange range = new PortRange(first, last);
        PortSpace space = new PortSpace(range);
        BitSet given = new BitSet();
        for (int i = 0; i < range.size(); i++) {
            int port = space.take(range, PortSpace.ANY, random);
            assertTrue(range.contains(port) && !given.get(port), () -> "port " + port);
            given.set(port);
            assertEquals(i + 1, space.taken());
        }

        assertEquals(PortSpace.NONE, space.take(range, PortSpace.ANY, random));
        assertEquals(range.size(), space.taken(range));
        assertEquals(range.size(), space.capacity());
    }

    /** Any part, of any parity, with any ports taken, against a plain set of ports. */
    @Test
    void takesAFreePortOfThePartAndParityExactlyWhereThereIsOne() {
        for (int round = 0; round < 2_000; round++) {
            int first = 1 + random.nextInt(400);
            PortRange range = new PortRange(first, first + random.nextInt(300));
            PortSpace space = new PortSpace(range);
            BitSet free = new BitSet();
            free.set(range.first(), range.last() + 1);
            for (int i = 0; i < 200; i++) {
                takeOne(space, range, free);
                int back = range.first() + random.nextInt(range.size());
                if (!free.get(back) && random.nextInt(3) == 0) {
                    space.free(back);
                    free.set(back);
                }
                assertEquals(range.size() - free.cardinality(), space.taken());
            }
        }
    }

    private void takeOne(PortSpace space, PortRange range, BitSet free) {
        int from = range.first() + random.nextInt(range.size());
        PortRange part = new PortRange(from, from + random.nextInt(range.last() - from + 1));
        int parity = random.nextInt(3);
        long mask = parity == 2 ? PortSpace.ANY : parity == 0 ? PortSpace.EVEN : PortSpace.ODD;
        BitSet eligible = free.get(0, part.last() + 1);
        eligible.clear(0, part.first());
        for (int port = part.first(); parity < 2 && port <= part.last(); port++) {
            eligible.set(port, eligible.get(port) && port % 2 == parity);
        }
        int takenBefore = part.size() - free.get(part.first(), part.last() + 1).cardinality();
        assertEquals(takenBefore, space.taken(part));

        int port = space.take(part, mask, random);

        if (eligible.isEmpty()) {
            assertEquals(PortSpace.NONE, port);
        } else {
            assertTrue(eligible.get(port), () -> port + " of " + part);
            free.clear(port);
        }
    }

    /**
     * RFC 6056 section 3.3, RFC 6888 REQ-15: no free port is likelier than another, also behind a
     * long run of taken ones. 99,000 draws between 99 ports: each 1,000 times give or take six
     * standard deviations.
     */
    @Test
    @Tag("rfc6888-req-15")
    @Tag("rfc7857-9")
    void drawsEveryFreePortAsOften() {
        PortRange range = new PortRange(20_000, 29_999);
        PortSpace space = new PortSpace(range);
        RandomGenerator lowest = () -> 0;
        for (int i = 0; i < 9_901; i++) {
            space.take(range, PortSpace.ANY, lowest);
        }
        int[] drawn = new int[30_000];
        for (int i = 0; i < 99_000; i++) {
            int port = space.take(range, PortSpace.ANY, random);
            drawn[port]++;
            space.free(port);
        }

        for (int port = 29_901; port <= 29_999; port++) {
            assertEquals(1_000, drawn[port], 6 * Math.sqrt(1_000), "port " + port);
        }
    }

    @Test
    void hasNoMappingOutsideItsRange() {
        PortSpace space = new PortSpace(new PortRange(20_000, 20_001));

        for (int port : new int[] {Integer.MIN_VALUE, -1, 0, 19_999, 20_002, 65_536}) {
            assertNull(space.mapping(port));
        }
    }
}
