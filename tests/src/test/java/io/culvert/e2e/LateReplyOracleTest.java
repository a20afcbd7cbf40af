package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.config.Timers;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestReporter;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/**
 * How long silent flows are remembered by the kernel's masquerading, by Culvert, and by what the
 * RFCs ask for at the least. The silences are real.
 */
@Tag("abuse")
@Timeout(400)
class LateReplyOracleTest {
    private static final byte[] HELLO = "hello".getBytes(StandardCharsets.US_ASCII);

    /** What becomes of a reply that comes late. */
    private enum Outcome {
        DELIVERED,

        /** The gateway's host says that nobody is there. */
        REFUSED
    }

    /** How long nobody says anything, and which of the kernel's timers that is a matter of. */
    private enum Silence {
        BEFORE_THE_FIRST_REPLY(Duration.ofSeconds(35), "udp_timeout"),
        OF_A_CONVERSATION(Duration.ofSeconds(125), "udp_timeout_stream");

        private final Duration length;
        private final String timer;

        Silence(Duration length, String timer) {
            this.length = length;
            this.timer = timer;
        }
    }

    /** A client's socket and the server's that answers it late. */
    private static final class Exchange implements AutoCloseable {
        private final Crossing crossing;
        private final Family family;
        private final Silence silence;
        private final DatagramChannel client;
        private final DatagramChannel server;
        private long silentSince;

        Exchange(Crossing crossing, Family family, Silence silence) throws Exception {
            this.crossing = crossing;
            this.family = family;
            this.silence = silence;
            client = crossing.client().udp(family, null, 0);
            server = crossing.server().udp(family, Crossing.server(family), 0);
            client.connect(server.getLocalAddress());
            client.write(ByteBuffer.wrap(HELLO));
            server.connect((InetSocketAddress) server.receive(ByteBuffer.allocate(100)));
            silentSince = System.nanoTime();
        }

        /** One more question and answer. */
        void converse() throws IOException {
            server.write(ByteBuffer.wrap(HELLO));
            client.read(ByteBuffer.allocate(100));
            client.write(ByteBuffer.wrap(HELLO));
            server.read(ByteBuffer.allocate(100));
            silentSince = System.nanoTime();
        }

        Outcome lateReply() throws Exception {
            Eventually.holds(
                    "the silence is over",
                    silence.length.plusMinutes(1),
                    () -> System.nanoTime() - silentSince >= silence.length.toNanos());
            server.write(ByteBuffer.wrap(HELLO));
            client.configureBlocking(false);
            server.configureBlocking(false);
            List<Outcome> outcomes = new ArrayList<>();
            Eventually.holds(
                    this + " is delivered or refused",
                    () -> {
                        if (client.read(ByteBuffer.allocate(100)) > 0) {
                            outcomes.add(Outcome.DELIVERED);
                        } else if (isRefused()) {
                            outcomes.add(Outcome.REFUSED);
                        }
                        return !outcomes.isEmpty();
                    });
            return outcomes.getFirst();
        }

        private boolean isRefused() throws IOException {
            try {
                server.read(ByteBuffer.allocate(100));
                return false;
            } catch (PortUnreachableException e) {
                return true;
            }
        }

        /** As the kernel's own timers have it. */
        Outcome expected() throws IOException {
            return crossing.translator() == Translator.CULVERT
                            || crossing.conntrack(silence.timer) > silence.length.toSeconds()
                    ? Outcome.DELIVERED
                    : Outcome.REFUSED;
        }

        @Override
        public String toString() {
            return crossing.translator() + " " + family + " " + silence + " " + silence.length;
        }

        @Override
        public void close() throws IOException {
            client.close();
            server.close();
        }
    }

    @Test
    void culvertDeliversRepliesAfter35And125SecondsOfSilenceWhateverMasqueradingDoes(
            TestReporter reporter) throws Exception {
        List<Exchange> exchanges = new ArrayList<>();
        try (Crossing kernel = Crossing.of(Translator.MASQUERADE);
                Crossing culvert = Crossing.of(Translator.CULVERT)) {
            for (Silence silence : Silence.values()) {
                for (Crossing crossing : List.of(kernel, culvert)) {
                    for (Family family : Family.values()) {
                        exchanges.add(new Exchange(crossing, family, silence));
                    }
                }
            }
            converse(exchanges);
            StringBuilder outcomes = new StringBuilder();
            for (Exchange exchange : exchanges) {
                Outcome outcome = exchange.lateReply();
                outcomes.append("\n  ").append(exchange).append(": ").append(outcome);
                assertEquals(exchange.expected(), outcome, exchange::toString);
            }
            reporter.publishEntry("late replies", outcomes.toString());
            culvert.everyPacketIsAccountedFor();
        } finally {
            for (Exchange exchange : exchanges) {
                exchange.close();
            }
        }
    }

    /** The kernel takes for a conversation what has gone both ways for more than two seconds. */
    private static void converse(List<Exchange> exchanges) throws Exception {
        long start = System.nanoTime();
        while (System.nanoTime() - start < 3_000_000_000L) {
            for (Exchange exchange : exchanges) {
                if (exchange.silence == Silence.OF_A_CONVERSATION) {
                    exchange.converse();
                }
            }
            Thread.sleep(100);
        }
    }

    /**
     * A timer of Culvert's beside those of the kernel that do its work.
     *
     * @param floor what the RFC asks for at the least
     */
    private record Timer(
            String what, String source, Duration floor, Duration culvert, List<String> kernels) {
        String line(Crossing crossing) throws IOException {
            StringBuilder line =
                    new StringBuilder(
                            "%n  %-16s %-16s >= %4d s, Culvert %4d s, kernel:"
                                    .formatted(
                                            what, source, floor.toSeconds(), culvert.toSeconds()));
            for (String kernels : kernels) {
                int seconds = crossing.conntrack(kernels);
                line.append(" %s %d s".formatted(kernels, seconds));
                line.append(seconds < floor.toSeconds() ? " (below)" : "");
            }
            return line.toString();
        }
    }

    @Test
    void culvertsTimersAreAtOrAboveTheFloorsOfTheRfcs(TestReporter reporter) throws Exception {
        Timers timers = Topology.configuration("policy: { default: forward }").timers();
        List<Timer> table =
                List.of(
                        new Timer(
                                "TCP established",
                                "RFC 5382 REQ-5",
                                Duration.ofMinutes(124),
                                timers.tcpEstablished(),
                                List.of("tcp_timeout_established")),
                        new Timer(
                                "TCP transitory",
                                "RFC 5382 REQ-5",
                                Duration.ofMinutes(4),
                                timers.tcpTransitory(),
                                List.of(
                                        "tcp_timeout_syn_sent",
                                        "tcp_timeout_syn_recv",
                                        "tcp_timeout_fin_wait",
                                        "tcp_timeout_close_wait",
                                        "tcp_timeout_last_ack")),
                        new Timer(
                                "UDP",
                                "RFC 4787 REQ-5",
                                Duration.ofMinutes(2),
                                timers.udp(),
                                List.of("udp_timeout", "udp_timeout_stream")),
                        new Timer(
                                "UDP, recommended",
                                "RFC 4787 REQ-5-c",
                                Duration.ofMinutes(5),
                                timers.udp(),
                                List.of("udp_timeout", "udp_timeout_stream")),
                        new Timer(
                                "ICMP queries",
                                "RFC 5508 REQ-2",
                                Duration.ofMinutes(1),
                                timers.icmp(),
                                List.of("icmp_timeout", "icmpv6_timeout")));
        try (Crossing kernel = Crossing.of(Translator.MASQUERADE)) {
            StringBuilder lines = new StringBuilder();
            for (Timer timer : table) {
                lines.append(timer.line(kernel));
                assertTrue(timer.culvert().compareTo(timer.floor()) >= 0, timer::toString);
            }
            reporter.publishEntry("timers", lines.toString());
        }
    }
}
