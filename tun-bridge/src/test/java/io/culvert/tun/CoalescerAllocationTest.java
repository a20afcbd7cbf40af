package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.lang.management.ManagementFactory;

/** Holds the rule that a packet allocates nothing once the coalescer is warm. */
class CoalescerAllocationTest {
    private static final int SEGMENT = 1_448;

    /** One super-packet's, none of them the last of its data. */
    private static final int RUN = 45;

    private static final int WARM_UP = 100_000;
    private static final int PACKETS = 500_000;

    /** For what the measurement itself, or a compiler at its side, may take. */
    private static final long TOLERATED = PACKETS / 10;

    private final Coalescer coalescer = new Coalescer();
    private final Packet[] run = new Packet[RUN];
    private final PacketDevice.PacketHandler counter = this::count;
    private long counted;

    private void count(Packet packet) {
        counted += packet.packets();
    }

    private void carry(int packets) {
        for (int i = 0; i < packets; i++) {
            coalescer.take(run[i % RUN], counter);
            if (i % RUN == RUN - 1) {
                coalescer.flush(counter);
            }
        }
        coalescer.flush(counter);
    }

    private static long allocated() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean())
                .getCurrentThreadAllocatedBytes();
    }

    @ParameterizedTest(name = "TCP {0}, IPv6 {1}, {2} flows")
    @CsvSource({
        "true, false, 1",
        "true, true, 1",
        "false, false, 1",
        "false, true, 1",
        "true, false, 9",
    })
    void takesAPacketWithoutAllocating(boolean tcp, boolean ipv6, int flows) {
        TestPacket[] last = new TestPacket[flows];
        for (int i = 0; i < RUN; i++) {
            int flow = i % flows;
            byte[] payload = new byte[SEGMENT];
            last[flow] = i < flows ? new TestPacket(ipv6, tcp) : last[flow].next(payload);
            last[flow].payload = payload;
            last[flow].sourcePort = 40_000 + flow;
            byte[] bytes = last[flow].bytes();
            run[i] = new Packet().plain(bytes.length);
            run[i].bytes().put(Packet.OFFSET, bytes);
        }
        carry(WARM_UP);

        counted = 0;
        long before = allocated();
        long start = System.nanoTime();
        carry(PACKETS);
        double nanos = System.nanoTime() - start;
        long allocated = allocated() - before;

        System.out.printf(
                "%s over %s, %d flows: %.0f ns a packet of %d bytes of payload%n",
                tcp ? "TCP" : "UDP", ipv6 ? "IPv6" : "IPv4", flows, nanos / PACKETS, SEGMENT);
        assertEquals(PACKETS, counted);
        assertTrue(allocated <= TOLERATED, () -> allocated + " bytes for " + PACKETS + " packets");
    }
}
