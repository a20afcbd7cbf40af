package io.culvert.nat;

import static io.culvert.nat.TestMappings.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import io.culvert.nat.Packets.Checksum;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.util.Random;

/** Holds the rule that what a packet asks of mappings and translations allocates nothing. */
class MappingAllocationTest {
    private static final int WARM_UP = 300_000;
    private static final int PACKETS = 1_000_000;

    /**
     * For what the measurement itself, or a compiler at its side, may take: a tenth of a byte each.
     */
    private static final long TOLERATED = PACKETS / 10;

    private static final String SERVER = "203.0.113.7";

    private final TestMappings mappings = new TestMappings(settings(Filtering.ADDRESS_DEPENDENT));

    private static long allocated() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean())
                .getCurrentThreadAllocatedBytes();
    }

    /** Something that a packet does, and that comes to a number. */
    private interface Step {
        int run();
    }

    private static void assertAllocatesNothing(int each, Step step) {
        long sum = 0;
        long before = 0;
        for (int i = 0; i < WARM_UP + PACKETS; i++) {
            if (i == WARM_UP) {
                before = allocated();
            }
            sum += step.run();
        }
        long bytes = allocated() - before;

        assertEquals((long) (WARM_UP + PACKETS) * each, sum);
        assertTrue(bytes <= TOLERATED, () -> bytes + " bytes for " + PACKETS + " packets");
    }

    @Test
    void findsTheMappingOfAReplyWithoutAllocating() {
        MappingTable table = mappings.table();
        Mapping four = mappings.claim(3, IpProtocol.UDP, "10.50.0.2", 40_000, SERVER);
        Mapping six = mappings.claim(4, IpProtocol.TCP, "fd00::2", 40_000, "2001:db8:1::7");
        long fourLow = four.outsideLow();
        int fourPort = four.outsidePort();
        long sixHigh = six.outsideHigh();
        long sixLow = six.outsideLow();
        int sixPort = six.outsidePort();

        assertAllocatesNothing(
                7,
                () ->
                        table.find(IpProtocol.UDP, 0, fourLow, fourPort).tenant()
                                + table.find(IpProtocol.TCP, sixHigh, sixLow, sixPort).tenant());
    }

    @Test
    void findsTheMappingOfATunnelWithoutAllocating() {
        MappingTable table = mappings.table();
        Mapping mapping = mappings.claim(5, IpProtocol.GRE, "10.50.0.2", 0, SERVER);
        long low = mapping.outsideLow();
        long external = 0xffff_cb00_7107L;

        assertAllocatesNothing(
                5, () -> table.findPortless(IpProtocol.GRE, 0, low, 0, external).tenant());
    }

    @Test
    void filtersWithoutAllocating() {
        MappingTable table = mappings.table();
        Mapping mapping = mappings.claim(1, IpProtocol.UDP, "10.50.0.2", 40_000, SERVER);
        for (int i = 0; i < 200; i++) {
            mappings.claim(1, IpProtocol.UDP, "10.50.0.2", 40_000, "192.0.2." + i);
        }
        long known = 0xffff_cb00_7107L;

        assertAllocatesNothing(
                1,
                () ->
                        (table.accepts(mapping, 0, known) ? 1 : 0)
                                + (table.accepts(mapping, 0, known + 1) ? 1 : 0));
    }

    @ParameterizedTest
    @CsvSource({"false, 1", "true, 58", "false, 33", "true, 136", "false, 132", "true, 47"})
    void translatesAnyProtocolWithoutAllocating(boolean ipv6, int protocol) {
        byte[] original = Packets.random(new Random(0), ipv6, protocol, Checksum.COMPLETE);
        Endpoints to = Packets.randomEndpoints(new Random(1), ipv6);
        Translation translation = new Translation(Packets.endpoints(original), to);
        ByteBuffer bytes = ByteBuffer.allocateDirect(original.length);
        IpPacket packet = new IpPacket();

        assertAllocatesNothing(
                1,
                () -> {
                    bytes.put(0, original);
                    packet.wrap(bytes, 0, original.length);
                    translation.apply(packet, false);
                    return packet.sourceLow() == to.sourceLow() ? 1 : 0;
                });
    }
}
