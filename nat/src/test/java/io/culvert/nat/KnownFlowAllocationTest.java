package io.culvert.nat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import io.culvert.flow.Direction;
import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowTable;
import io.culvert.nat.Packets.Checksum;
import io.culvert.wire.Defect;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Random;

/** Holds the rule that a packet of a known flow allocates nothing, from its bytes to its bytes. */
class KnownFlowAllocationTest {
    private static final int WARM_UP = 300_000;
    private static final int PACKETS = 1_000_000;

    /**
     * For what the measurement itself, or a compiler at its side, may take: a tenth of a byte each.
     */
    private static final long TOLERATED = PACKETS / 10;

    private final long[] now = new long[1];
    private final FlowTable table;
    private final TestFlows flows;
    private final IpPacket packet = new IpPacket();
    private final FlowKey key = new FlowKey();

    KnownFlowAllocationTest() {
        flows = new TestFlows(() -> now[0]);
        table = flows.table();
    }

    private static long allocated() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean())
                .getCurrentThreadAllocatedBytes();
    }

    /** What a worker does with each packet; the bytes are put back so that the next is the same. */
    private long carry(
            ByteBuffer bytes, byte[] original, Translation translation, int packets, long nanos) {
        long sum = 0;
        for (int i = 0; i < packets; i++) {
            now[0] += nanos;
            bytes.put(0, original);
            if (packet.wrap(bytes, 0, original.length) != Defect.NONE) {
                throw new AssertionError("a good packet");
            }
            key.set(
                    1,
                    packet.protocol(),
                    packet.sourceHigh(),
                    packet.sourceLow(),
                    packet.sourcePort(),
                    packet.destinationHigh(),
                    packet.destinationLow(),
                    packet.destinationPort());
            Flow flow = table.find(key);
            flow.count(Direction.FROM_INITIATOR, 1, packet.length(), now[0]);
            if (packet.tcp() != null) {
                table.segment(flow, Direction.FROM_INITIATOR, packet.tcp());
            }
            translation.apply(packet, false);
            table.seen(flow);
            sum += packet.sourcePort();
        }
        return sum;
    }

    @ParameterizedTest
    @CsvSource({"false, 6", "false, 17", "true, 6", "true, 17"})
    void carriesAPacketWithoutAllocating(boolean ipv6, int protocol) {
        // A packet a microsecond, so that no deadline is due: that would be a matter of 30 seconds.
        assertAllocates(TOLERATED, ipv6, protocol, 1_000);
    }

    @Test
    void allocatesNextToNothingEvenWhenDeadlinesMove() {
        // A packet a millisecond for 1,000 seconds: the deadline moves every 37.5.
        assertAllocates(26 * 256, false, IpProtocol.UDP, 1_000_000);
    }

    private void assertAllocates(long atMost, boolean ipv6, int protocol, long nanosPerPacket) {
        byte[] original = Packets.random(new Random(0), ipv6, protocol, Checksum.COMPLETE);
        Endpoints to = Packets.randomEndpoints(new Random(1), ipv6);
        flows.open(protocol, Packets.endpoints(original));
        Translation translation = new Translation(Packets.endpoints(original), to);
        ByteBuffer bytes = ByteBuffer.allocateDirect(original.length);
        carry(bytes, original, translation, WARM_UP, nanosPerPacket);

        long before = allocated();
        long sum = carry(bytes, original, translation, PACKETS, nanosPerPacket);
        long allocated = allocated() - before;

        assertEquals((long) PACKETS * to.sourcePort(), sum);
        assertTrue(allocated <= atMost, () -> allocated + " bytes for " + PACKETS + " packets");
    }

    @Test
    void findsTheFlowOfAReturningPacketWithoutAllocating() {
        SlotAddresses addresses = new SlotAddresses(0);
        SlotPool pool = new SlotPool(1_000, 0);
        Flow flow =
                flows.open(
                        IpProtocol.TCP, Packets.endpoints("10.50.0.2", 40_000, "203.0.113.7", 443));
        int slot = pool.claim(flow, 0);
        long found = 0;
        long before = 0;
        for (int i = 0; i < WARM_UP + PACKETS; i++) {
            if (i == WARM_UP) {
                before = allocated();
            }
            boolean ipv6 = (i & 1) == 0;
            int at =
                    addresses.slot(
                            ipv6,
                            addresses.high(ipv6),
                            addresses.slotLow(ipv6, slot),
                            addresses.slotPort(slot));
            found += pool.flow(at).id();
        }
        long bytes = allocated() - before;

        assertEquals((WARM_UP + PACKETS) * flow.id(), found);
        assertTrue(bytes <= TOLERATED, () -> bytes + " bytes for " + PACKETS + " packets");
    }
}
