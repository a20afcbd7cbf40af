package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.WorkerStatus;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicReference;

/**
 * Row 8: a million first fragments in a minute that nothing ever completes, of one tenant and from
 * random sources. Two hundred connections of another lose no more than a twentieth of their
 * goodput, and a flow of that one's whose datagrams come in fragments no more than a tenth. How
 * much memory it takes is {@code abuse.FragmentBombMemoryTest}'s.
 */
@Tag("abuse")
@Timeout(300)
class FragmentBombTest {
    private static final int RATE = 1_000_000 / 60;
    private static final int BASELINE_MILLIS = 10_000;
    private static final int LONG = 4_000;
    private static final long PACE_NANOS = 10_000_000;

    @ParameterizedTest
    @CsvSource({"IPV4,1000000", "IPV6,250000"})
    void leavesWholePacketsAndOthersFragmentsAlone(Family family, int fragments) throws Exception {
        try (GatewayLog log = GatewayLog.open();
                Topology topology = Topology.ofTwoTenants();
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO);
                UdpEcho echo = UdpEcho.on(topology.server(), family, family.server());
                LegitimateFlows flows =
                        LegitimateFlows.start(topology.secondClient(), family, server.address());
                DatagramChannel fragmented = topology.secondClient().udp(family, null, 0)) {
            LongDatagrams datagrams = new LongDatagrams(fragmented, echo.address());
            flows.goodput(2_000);
            int datagramsBefore = datagrams.answered();
            double baseline = flows.goodput(BASELINE_MILLIS);
            double baselineDatagrams =
                    (datagrams.answered() - datagramsBefore) * 1e3 / BASELINE_MILLIS;

            long exchangesBefore = flows.exchanges();
            int answeredBefore = datagrams.answered();
            long start = System.nanoTime();
            int mostHeld = flood(topology, family, fragments);
            double seconds = (System.nanoTime() - start) / 1e9;
            double goodput = (flows.exchanges() - exchangesBefore) / seconds;
            double goodDatagrams = (datagrams.answered() - answeredBefore) / seconds;

            Figures.print(
                    8,
                    "%s: %d first fragments in %.0f s: goodput of %d flows %.1f %% of B (>= 95),"
                            + " of the other tenant's fragmented flow %.1f %% (>= 90);"
                            + " fragments held at most %d; B %.0f exchanges/s, %.0f datagrams/s",
                    family,
                    fragments,
                    seconds,
                    LegitimateFlows.FLOWS,
                    100 * goodput / baseline,
                    100 * goodDatagrams / baselineDatagrams,
                    mostHeld,
                    baseline,
                    baselineDatagrams);
            assertEquals(0, flows.broken());
            assertTrue(goodput >= 0.95 * baseline, goodput + " of " + baseline);
            assertTrue(
                    goodDatagrams >= 0.9 * baselineDatagrams,
                    goodDatagrams + " of " + baselineDatagrams);
            topology.everyPacketIsAccountedFor();
            log.showsNoFailure();
        }
    }

    /** Answers how many fragments were held at most. */
    private static int flood(Topology topology, Family family, int fragments) throws Exception {
        byte[] whole =
                new RawPacket(family.client(), family.server()).udp(5_000, 6_000, new byte[1_400]);
        Template fragment = new Template(RawPacket.fragment(whole, 1, 0, 512, true));
        Random random = new Random(8);
        int most = 0;
        try (PacketFlood flood = PacketFlood.atRate(RATE, topology.client(), Topology.DEVICE)) {
            for (int i = 0; i < fragments; i++) {
                fragment.sourceSuffix(0x0a00_0000 | random.nextInt(1 << 24));
                flood.send(fragment.bytes());
                if (i % 10_000 == 0) {
                    most = Math.max(most, topology.sum(WorkerStatus::fragments));
                }
            }
            flood.flush();
        }
        return most;
    }

    /** One datagram in fragments after the other, a hundred a second; the lost are not awaited. */
    private static final class LongDatagrams {
        private final AtomicInteger answered = new AtomicInteger();
        private final AtomicReference<IOException> failure = new AtomicReference<>();

        LongDatagrams(DatagramChannel channel, InetSocketAddress to) throws IOException {
            channel.connect(to);
            Thread.ofVirtual().start(() -> receive(channel));
            Thread.ofVirtual().start(() -> send(channel));
        }

        private void send(DatagramChannel channel) {
            byte[] content = new Content(8).bytes(LONG);
            long due = System.nanoTime();
            try {
                while (channel.isOpen()) {
                    channel.write(ByteBuffer.wrap(content));
                    due += PACE_NANOS;
                    java.util.concurrent.locks.LockSupport.parkNanos(due - System.nanoTime());
                }
            } catch (IOException e) {
                failure.set(e);
            }
        }

        private void receive(DatagramChannel channel) {
            byte[] content = new Content(8).bytes(LONG);
            ByteBuffer datagram = ByteBuffer.allocate(65_535);
            try {
                while (channel.isOpen()) {
                    channel.read(datagram.clear());
                    if (datagram.flip().equals(ByteBuffer.wrap(content))) {
                        answered.incrementAndGet();
                    }
                }
            } catch (PortUnreachableException e) {
                throw new IllegalStateException(e);
            } catch (IOException e) {
                failure.set(e);
            }
        }

        int answered() {
            return answered.get();
        }
    }
}
