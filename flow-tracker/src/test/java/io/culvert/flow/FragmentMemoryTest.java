package io.culvert.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import io.culvert.flow.Reassembler.Outcome;
import io.culvert.hook.Reason;
import io.culvert.wire.Defect;
import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Random;

/** That memory is bounded, and who has to give way when it is short. */
class FragmentMemoryTest {
    private static final int MEMORY = Reassembler.DEFAULT_MEMORY;
    private static final int FLOOD = 1_000_000;
    private static final int ACME = 1;
    private static final int GLOBEX = 2;
    private static final int INITECH = 3;

    private final ManualClock clock = new ManualClock();
    private final PacketCounters counters = new PacketCounters();
    private final Reassembler reassembler = reassembler();
    private final ByteBuffer into = ByteBuffer.allocateDirect(40 + 65_535);
    private final Random random = new Random(8);

    private Reassembler reassembler() {
        return new Reassembler(
                MEMORY,
                Reassembler.DEFAULT_IPV4_TIMEOUT,
                Reassembler.DEFAULT_IPV6_TIMEOUT,
                clock,
                counters);
    }

    private Outcome add(int tenant, IpPacket fragment) {
        return reassembler.add(tenant, fragment, into, 0);
    }

    /**
     * First fragments from anywhere, each of a datagram of its own, that nothing ever completes.
     */
    private final class Flood {
        private final int tenant;
        private final boolean ipv6;
        private final ByteBuffer bytes;
        private final IpPacket packet = new IpPacket();
        private int sent;

        Flood(int tenant, boolean ipv6, int data) {
            this.tenant = tenant;
            this.ipv6 = ipv6;
            bytes = Fragments.of(ipv6, 1, Fragments.datagram(65_000), 0, data).bytes();
        }

        void next() {
            sent++;
            if (ipv6) {
                bytes.putLong(16, random.nextLong());
            } else {
                Fragments.checksum(bytes.putInt(12, 0x0b000000 | random.nextInt(1 << 24)));
            }
            if (packet.wrap(bytes, 0, bytes.limit()) != Defect.NONE) throw new AssertionError();
            add(tenant, packet);
        }

        int sent() {
            return sent;
        }
    }

    private static long allocated() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean())
                .getCurrentThreadAllocatedBytes();
    }

    /** So many first fragments, each from another source. */
    private void flood(Reassembler to, ByteBuffer fragment, int count) {
        IpPacket packet = new IpPacket();
        for (int i = 0; i < count; i++) {
            Fragments.checksum(fragment.putInt(12, 0x0b000000 + i));
            packet.wrap(fragment, 0, fragment.limit());
            to.add(ACME, packet, into, 0);
            if (to.heldBytes() > MEMORY) throw new AssertionError("after " + i);
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {8, 512, 1_480})
    @Tag("rfc4787-req-14-a")
    void staysWithinItsBoundWhateverComes(int data) {
        ByteBuffer bytes = Fragments.of(false, 1, Fragments.datagram(65_000), 0, data).bytes();
        long before = allocated();
        Reassembler mine = reassembler();
        flood(mine, bytes, FLOOD);
        long taken = allocated() - before;

        assertTrue(taken <= MEMORY * 1.05, () -> "bytes allocated: " + taken);
        assertTrue(mine.heldBytes() > MEMORY / 4, () -> "held: " + mine.heldBytes());
        assertEquals(FLOOD, mine.held() + counters.droppedCount(Reason.FRAGMENT_MEMORY));
    }

    @Test
    void keepsToItsBoundWhenDatagramsAreSmallFirstAndLargeThen() {
        ByteBuffer small = Fragments.of(false, 1, Fragments.datagram(65_000), 0, 8).bytes();
        ByteBuffer large = Fragments.of(false, 1, Fragments.datagram(65_000), 0, 60_000).bytes();
        long before = allocated();
        Reassembler mine = reassembler();
        flood(mine, small, 10_000);
        flood(mine, large, 10_000);
        flood(mine, small, 10_000);
        flood(mine, large, 10_000);
        long taken = allocated() - before;

        assertTrue(taken <= MEMORY * 1.05, () -> "bytes allocated: " + taken);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @Tag("rfc4787-req-14-a")
    void completesTheDatagramsOfOneTenantWhileAnotherFloods(boolean ipv6) {
        Flood flood = new Flood(ACME, ipv6, 512);
        byte[] data = Fragments.datagram(4_000);
        int datagrams = 200;
        int completed = 0;
        for (int id = 0; id < datagrams; id++) {
            for (IpPacket fragment : Fragments.train(ipv6, id, data, 1_000)) {
                // Far more than there is room for, between any two fragments.
                for (int i = 0; i < FLOOD / datagrams / 4; i++) flood.next();
                if (add(GLOBEX, fragment) == Outcome.COMPLETE) completed++;
            }
        }

        assertEquals(FLOOD, flood.sent());
        assertEquals(datagrams, completed);
    }

    @Test
    void completesTheDatagramsOfAThirdTenantWhileTwoFlood() {
        Flood one = new Flood(ACME, false, 1_480);
        Flood two = new Flood(GLOBEX, true, 8);
        byte[] data = Fragments.datagram(4_000);
        for (int id = 0; id < 50; id++) {
            Outcome last = Outcome.DROPPED;
            for (IpPacket fragment : Fragments.train(false, id, data, 1_000)) {
                for (int i = 0; i < 2_000; i++) {
                    one.next();
                    two.next();
                }
                last = add(INITECH, fragment);
            }
            assertEquals(Outcome.COMPLETE, last);
        }
    }

    @Test
    void letsALoneTenantHaveAllAndAnotherItsHalfWhenItComes() {
        Flood one = new Flood(ACME, false, 1_480);
        for (int i = 0; i < 10_000; i++) one.next();
        int alone = reassembler.held();
        clock.advance(Duration.ofSeconds(1));
        Flood two = new Flood(GLOBEX, false, 1_480);
        for (int i = 0; i < 10_000; i++) two.next();

        assertEquals(MEMORY / 4_096, alone);
        assertEquals(alone, reassembler.held());
        clock.advance(Duration.ofSeconds(29));
        reassembler.expire();
        int others = reassembler.held();
        assertTrue(Math.abs(others - alone / 2) <= 1, () -> "all of them the other's: " + others);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void dropsTheOldestOfASourceThatHasSixtyFourUnderWay(boolean ipv6) {
        byte[] data = Fragments.datagram(64);
        for (int id = 0; id < 65; id++) {
            assertEquals(Outcome.HELD, add(ACME, Fragments.of(ipv6, id, data, 0, 32)));
        }

        assertEquals(64, reassembler.held());
        assertEquals(1, counters.droppedCount(Reason.FRAGMENT_MEMORY));
        assertEquals(Outcome.COMPLETE, add(ACME, Fragments.of(ipv6, 1, data, 32, 64)));
        assertEquals(Outcome.HELD, add(ACME, Fragments.of(ipv6, 0, data, 32, 64)));
    }

    @Test
    void letsASourceHoldAQuarterAtMost() {
        byte[] data = Fragments.datagram(60_000);
        for (int id = 0; id < 30; id++) {
            add(ACME, Fragments.of(false, id, data, 0, 30_000));
            add(ACME, Fragments.of(false, id, data, 30_000, 59_000));
            assertTrue(reassembler.heldBytes() <= MEMORY / 4);
        }

        assertTrue(reassembler.heldBytes() > MEMORY / 5, "and as good as a quarter");
        assertEquals(60, reassembler.held() + counters.droppedCount(Reason.FRAGMENT_MEMORY));
    }

    @Test
    void completesTheDatagramsOfOneSourceWhileAnotherOfTheTenantFloods() {
        byte[] data = Fragments.datagram(3_000);
        List<IpPacket> train = Fragments.train(false, 7, data, 1_000);
        add(ACME, train.get(0));
        add(ACME, train.get(1));
        IpPacket other = Fragments.from(0x0a000009, Fragments.of(false, 0, data, 0, 1_000));
        for (int id = 0; id < 65_536; id++) {
            Fragments.checksum(other.bytes().putShort(4, (short) id));
            other.wrap(other.bytes(), 0, other.bytes().limit());
            add(ACME, other);
        }

        assertEquals(Outcome.COMPLETE, add(ACME, train.get(2)));
    }

    @Test
    void remembersRefusedDatagramsOnlyWhileThereIsRoom() {
        byte[] data = Fragments.datagram(64);
        for (int source = 0; source < 5_000; source++) {
            add(ACME, Fragments.from(source + 1, Fragments.of(false, 7, data, 0, 32)));
            add(ACME, Fragments.from(source + 1, Fragments.of(false, 7, data, 8, 32)));
        }

        assertEquals(MEMORY / 4_096, reassembler.datagrams());
        assertEquals(10_000, counters.droppedCount(Reason.FRAGMENT_OVERLAP));
        assertEquals(0, reassembler.held());
    }

    @Test
    void givesBackAllItHeldWhenAllIsOver() {
        Flood four = new Flood(ACME, false, 1_480);
        Flood six = new Flood(GLOBEX, true, 8);
        for (int i = 0; i < 100_000; i++) {
            four.next();
            six.next();
            clock.advance(Duration.ofMillis(1));
        }
        clock.advance(Duration.ofSeconds(60));
        reassembler.expire();

        assertEquals(0, reassembler.held());
        assertEquals(0, reassembler.heldBytes());
        assertEquals(0, reassembler.datagrams());
        assertEquals(200_000, counters.droppedCount());
    }

    @Test
    void needsRoomForTheLongestDatagramInAQuarter() {
        assertThrows(
                IllegalArgumentException.class,
                () ->
                        new Reassembler(
                                100_000,
                                Duration.ofSeconds(30),
                                Duration.ofSeconds(60),
                                clock,
                                counters));
        Reassembler least =
                new Reassembler(
                        FragmentMemory.LEAST,
                        Duration.ofSeconds(30),
                        Duration.ofSeconds(60),
                        clock,
                        counters);
        Outcome last = Outcome.DROPPED;
        for (IpPacket fragment : Fragments.train(true, 7, Fragments.datagram(65_535), 1_000)) {
            last = least.add(ACME, fragment, into, 0);
        }
        assertEquals(Outcome.COMPLETE, last);
    }
}
