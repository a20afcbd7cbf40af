package io.culvert.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

class IdentificationsTest {
    private static final IpAddress HERE = IpAddress.parse("192.0.2.2");
    private static final IpAddress THERE = IpAddress.parse("10.0.0.1");
    private static final IpAddress ELSEWHERE = IpAddress.parse("10.0.0.2");
    private static final IpAddress HERE6 = IpAddress.parse("2001:db8::2");
    private static final IpAddress THERE6 = IpAddress.parse("2001:db8::1");

    private final Identifications identifications = new Identifications();

    private int next(IpAddress source, IpAddress destination) {
        return next(identifications, source, destination);
    }

    private static int next(Identifications from, IpAddress source, IpAddress destination) {
        return from.next(
                source.high(), source.low(), destination.high(), destination.low(), IpProtocol.UDP);
    }

    @Test
    @Tag("rfc7857-10")
    void givesEveryIpv4NumberOnceBeforeOneComesAgain() {
        BitSet seen = new BitSet();
        for (int i = 0; i < 65_536; i++) {
            int identification = next(HERE, THERE);
            assertFalse(seen.get(identification), "twice: " + identification);
            seen.set(identification);
        }

        assertEquals(65_536, seen.cardinality());
        assertTrue(seen.get(next(HERE, THERE)));
    }

    @Test
    @Tag("rfc8200-4.5-b")
    void givesNoIpv6NumberTwiceInAMillion() {
        Set<Integer> seen = new HashSet<>();
        for (int i = 0; i < 1_000_000; i++) {
            assertTrue(seen.add(next(HERE6, THERE6)));
        }
    }

    @Test
    @Tag("rfc7857-10")
    void repeatsNoneForTwoThatHaveHalfEachEvenIfTheyShareACounter() {
        BitSet one = new BitSet();
        BitSet other = new BitSet();
        for (int i = 0; i < 32_768; i++) {
            one.set(next(HERE, THERE));
            other.set(next(HERE, ELSEWHERE));
        }

        assertEquals(32_768, one.cardinality());
        assertEquals(32_768, other.cardinality());
    }

    @Test
    void usesAllBitsOfAnIpv6Identification() {
        int bits = 0;
        for (int i = 0; i < 64; i++) {
            bits |= next(HERE6, new IpAddress(THERE6.high(), i));
        }

        assertEquals(-1, bits);
    }

    @Test
    void beginsElsewhereForEveryDestination() {
        Set<Integer> first = new HashSet<>();
        for (int i = 0; i < 1_000; i++) {
            first.add(next(HERE6, new IpAddress(THERE6.high(), i)));
        }

        // Of 2^32 numbers: two of a thousand are the same once in 8,600 runs, three pairs never.
        assertTrue(first.size() > 997, "different: " + first.size());
    }

    @Test
    void isAnotherSequenceInEveryProcess() {
        Identifications other = new Identifications();
        List<Integer> mine = new ArrayList<>();
        List<Integer> its = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            IpAddress destination = new IpAddress(THERE6.high(), i);
            mine.add(next(HERE6, destination));
            its.add(next(other, HERE6, destination));
        }

        assertNotEquals(mine, its);
    }

    @Test
    void repeatsNoneForSeveralThreads() throws Exception {
        Set<Integer> seen = new HashSet<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Future<Set<Integer>>> parts = new ArrayList<>();
            for (int thread = 0; thread < 4; thread++) {
                parts.add(threads.submit(this::tenThousand));
            }
            for (Future<Set<Integer>> part : parts) {
                seen.addAll(part.get());
            }
        }

        assertEquals(40_000, seen.size());
    }

    private Set<Integer> tenThousand() {
        Set<Integer> own = new HashSet<>();
        for (int i = 0; i < 10_000; i++) {
            own.add(next(HERE, THERE));
        }
        return own;
    }
}
