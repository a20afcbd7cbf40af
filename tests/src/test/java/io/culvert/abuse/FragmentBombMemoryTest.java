package io.culvert.abuse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import io.culvert.flow.PacketCounters;
import io.culvert.flow.Reassembler;
import io.culvert.hook.Reason;
import io.culvert.wire.Defect;
import io.culvert.wire.InternetChecksum;
import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Random;

/**
 * Row 8, its part about memory: a million first fragments of random sources within a minute of the
 * reassembler's clock. What it takes of the heap in all, garbage included, is 4 MiB and a twentieth
 * at most. What becomes of others meanwhile is {@code e2e.FragmentBombTest}'s.
 */
@Tag("abuse")
class FragmentBombMemoryTest {
    private static final int FRAGMENTS = 1_000_000;
    private static final long MINUTE = 60_000_000_000L;

    private long now;

    @ParameterizedTest
    @CsvSource({"false,8", "false,512", "false,1480", "true,8", "true,512", "true,1440"})
    void staysWithinFourMebibytes(boolean ipv6, int data) {
        ByteBuffer fragment = ByteBuffer.allocate((ipv6 ? 48 : 20) + data);
        if (ipv6) {
            fragment.putInt(0, 6 << 28).putShort(4, (short) (8 + data));
            fragment.put(6, (byte) 44).put(7, (byte) 64);
            fragment.putLong(8, 0xfd00_0001_0000_0000L).putLong(24, 0xfd00_0002_0000_0000L);
            fragment.putLong(32, 2).put(40, (byte) 17).putShort(42, (short) 1);
            fragment.putShort(48 + 4, (short) 8);
        } else {
            fragment.putShort(0, (short) 0x4500).putShort(2, (short) fragment.capacity());
            fragment.putShort(6, (short) 0x2000).put(8, (byte) 64).put(9, (byte) 17);
            fragment.putInt(16, 0x0a02_0002);
        }
        if (!ipv6) {
            fragment.putShort(24, (short) (8 + data));
        } else {
            fragment.putShort(52, (short) (8 + data)).putShort(54, (short) 1);
        }
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        PacketCounters counters = new PacketCounters();
        ByteBuffer into = ByteBuffer.allocateDirect(40 + 65_535);
        IpPacket packet = new IpPacket();
        Random random = new Random(8);
        long before = threads.getCurrentThreadAllocatedBytes();
        Reassembler reassembler =
                new Reassembler(
                        Reassembler.DEFAULT_MEMORY,
                        Reassembler.DEFAULT_IPV4_TIMEOUT,
                        Reassembler.DEFAULT_IPV6_TIMEOUT,
                        () -> now,
                        counters);
        int most = 0;
        for (int i = 0; i < FRAGMENTS; i++) {
            now += MINUTE / FRAGMENTS;
            if (ipv6) {
                fragment.putInt(20, random.nextInt());
            } else {
                fragment.putInt(12, 0x0b00_0000 | random.nextInt(1 << 24)).putShort(10, (short) 0);
                int sum = InternetChecksum.sum(fragment, 0, 20);
                fragment.putShort(10, (short) InternetChecksum.complement(sum));
            }
            Defect defect = packet.wrap(fragment, 0, fragment.capacity());
            if (defect != Defect.NONE) {
                throw new AssertionError(defect);
            }
            reassembler.add(1, packet, into, 0);
            most = Math.max(most, reassembler.heldBytes());
            if (i % 1_000 == 0) {
                reassembler.expire();
            }
        }
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;

        System.out.printf(
                "row  8: %s, %d bytes each: %d first fragments, held %d bytes at most, allocated %d"
                        + " in all (<= %d)%n",
                ipv6 ? "IPV6" : "IPV4",
                data,
                FRAGMENTS,
                most,
                allocated,
                (long) (Reassembler.DEFAULT_MEMORY * 1.05));
        assertTrue(most <= Reassembler.DEFAULT_MEMORY * 1.05, "held " + most);
        assertTrue(allocated <= Reassembler.DEFAULT_MEMORY * 1.05, "allocated " + allocated);
        assertEquals(
                FRAGMENTS,
                reassembler.held()
                        + counters.droppedCount(Reason.FRAGMENT_MEMORY)
                        + counters.droppedCount(Reason.FRAGMENT_TIMEOUT));
        now += MINUTE;
        reassembler.expire();
        assertEquals(0, reassembler.heldBytes());
    }
}
