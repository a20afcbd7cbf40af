package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.time.Duration;
import java.util.Random;

/**
 * Row 14: ICMP as a reflector. A hundred thousand packets a second at the end of their life: no
 * more than a thousand errors a second in all and one to a source, and fewer bytes out than in.
 */
@Tag("abuse")
@Timeout(300)
class ReflectorTest {
    private static final int RATE = 100_000;
    private static final int SECONDS = 5;
    private static final int ALL = -1;

    /** At once, before the rate counts; in all and to each source. */
    private static final int BURST = 2 * 50;

    private static final int BURST_TO_SOURCE = 6;

    @ParameterizedTest
    @CsvSource({"IPV4,1", "IPV4,20", "IPV4,-1", "IPV6,1", "IPV6,20", "IPV6,-1"})
    void sendsFewErrorsWhateverComes(Family family, int sources) throws Exception {
        try (GatewayLog log = GatewayLog.open();
                Topology topology = Topology.withOffRamp("", Topology.FORWARD_ALL, "acme")) {
            Host client = topology.client();
            Template packet =
                    new Template(
                            new RawPacket(family.client(), family.server(), 1)
                                    .udp(1_000, 53, new byte[32]));
            Random random = new Random(14);
            long packetsBefore = client.packetsReceived(Topology.DEVICE);
            long bytesBefore = client.bytesReceived(Topology.DEVICE);
            long sentBefore = client.bytesSent(Topology.DEVICE);
            long start = System.nanoTime();
            long sent;
            try (PacketFlood flood = PacketFlood.atRate(RATE, client, Topology.DEVICE)) {
                for (int i = 0; i < RATE * SECONDS; i++) {
                    int source = sources == ALL ? random.nextInt(1 << 24) : i % sources;
                    packet.sourceSuffix(0x0a00_0000 + (source | 2));
                    flood.send(packet.bytes());
                }
                flood.flush();
                sent = flood.sent();
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            Eventually.atRest(
                    Duration.ofMillis(300), () -> PacketFlood.received(topology.gateway()));
            long out = client.packetsReceived(Topology.DEVICE) - packetsBefore;
            long bytesOut = client.bytesReceived(Topology.DEVICE) - bytesBefore;
            long bytesIn = client.bytesSent(Topology.DEVICE) - sentBefore;

            // The rate is random, within a half, and over thousands its mean is exact.
            double most = 1_000 * (seconds + 0.5) * 1.05 + BURST;
            Figures.print(
                    14,
                    "%s, %s sources: %.0f packets/s in, %.0f errors/s out (<= %.0f), %d bytes out"
                            + " of %d in",
                    family,
                    sources == ALL ? "2^24" : Integer.toString(sources),
                    sent / seconds,
                    out / seconds,
                    most / seconds,
                    bytesOut,
                    bytesIn);
            assertTrue(out > 0, "none at all");
            assertTrue(out <= most, out + " in " + seconds + " s");
            if (sources != ALL) {
                double toEach = seconds + 0.5 + BURST_TO_SOURCE;
                assertTrue(out <= sources * toEach, out + " to " + sources + " sources");
            }
            assertTrue(bytesOut <= bytesIn, bytesOut + " of " + bytesIn);
            topology.everyPacketIsAccountedFor();
            log.showsNoFailure();
        }
    }
}
