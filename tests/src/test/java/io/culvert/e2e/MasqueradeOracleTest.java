package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The same programs through the kernel's masquerading and through Culvert: what they conclude is
 * the same. The kernel is asked first, so that a place where a program cannot work is seen as that.
 */
@Tag("abuse")
@Timeout(300)
class MasqueradeOracleTest {
    private static final int ETHERNET = 1500;
    private static final String CLOSED_PORT = "81";

    private static final Pattern PINGS =
            Pattern.compile("5 packets transmitted, (\\d+) (packets )?received.*");
    private static final Pattern HOP = Pattern.compile(" *\\d+ +(\\S+).*");
    private static final Pattern PATH_MTU = Pattern.compile(" *Resume: pmtu (\\d+) hops.*");

    /** A program's, of a crossing. */
    @FunctionalInterface
    private interface Conclusion<T> {
        T of(Crossing crossing) throws Exception;
    }

    private static <T> void bothConclude(T expected, int bottleneck, Conclusion<T> conclusion)
            throws Exception {
        for (Translator translator : Translator.values()) {
            try (Crossing crossing = Crossing.of(translator, bottleneck, "")) {
                assertEquals(expected, conclusion.of(crossing), translator.name());
                crossing.everyPacketIsAccountedFor();
            }
        }
    }

    /**
     * @param size bytes of an echo's payload
     * @param bottleneck the path's MTU
     * @param replies to five requests: over IPv6 the first that is too long is lost, since only its
     *     sender may cut it, who is told so by that
     */
    @ParameterizedTest
    @CsvSource({
        "IPV4, 56, 1500, 5",
        "IPV6, 56, 1500, 5",
        "IPV4, 4000, 1500, 5",
        "IPV6, 4000, 1500, 5",
        "IPV4, 4000, 1300, 5",
        "IPV6, 4000, 1300, 4",
        "IPV4, 65507, 1500, 5",
        "IPV6, 65487, 1500, 5",
    })
    void pingGetsAsManyReplies(Family family, int size, int bottleneck, int replies)
            throws Exception {
        bothConclude(replies, bottleneck, crossing -> replies(crossing, family, size));
    }

    private static int replies(Crossing crossing, Family family, int size) throws Exception {
        Tool.Result result =
                Tool.PING.run(
                        crossing.client(),
                        version(family),
                        "-n",
                        "-c5",
                        "-i0.3",
                        "-W10",
                        "-s" + size,
                        server(family));
        return Integer.parseInt(only(PINGS, result).group(1));
    }

    /** The default is UDP to ports that grow, {@code -U} UDP to that of DNS. */
    @ParameterizedTest
    @CsvSource({
        "IPV4, --sim-queries=1",
        "IPV6, --sim-queries=1",
        "IPV4, -U",
        "IPV6, -U",
        "IPV4, -I",
        "IPV6, -I",
        "IPV4, -T",
        "IPV6, -T",
    })
    void tracerouteNamesTheSameHostsUpToTheServer(Family family, String method) throws Exception {
        bothConclude(
                List.of("gateway", "router", "server"),
                ETHERNET,
                crossing -> hosts(crossing, family, method));
    }

    /** Each once, though Culvert is a router of its own between two of the gateway's host. */
    private static List<String> hosts(Crossing crossing, Family family, String method)
            throws Exception {
        List<String> arguments =
                new ArrayList<>(List.of(version(family), "-n", "-q1", "-w10", "-m10", method));
        if (method.equals("-T")) {
            arguments.add("-p" + CLOSED_PORT);
        }
        arguments.add(server(family));
        Tool.Result result =
                Tool.TRACEROUTE.run(crossing.client(), arguments.toArray(String[]::new));
        List<String> hosts = new ArrayList<>();
        for (String line : result.output()) {
            Matcher hop = HOP.matcher(line);
            if (hop.matches()) {
                String host = Crossing.nameOf(hop.group(1));
                if (hosts.isEmpty() || !hosts.getLast().equals(host)) {
                    hosts.add(host);
                }
            }
        }
        return hosts;
    }

    /** What tracepath finds. */
    private record Path(int mtu, boolean reached) {}

    @ParameterizedTest
    @CsvSource({"IPV4, 1500", "IPV6, 1500", "IPV4, 1300", "IPV6, 1300"})
    void tracepathFindsThePathsMtu(Family family, int bottleneck) throws Exception {
        bothConclude(
                new Path(bottleneck, true),
                bottleneck,
                crossing -> {
                    Tool.Result result =
                            Tool.TRACEPATH.run(
                                    crossing.client(), version(family), "-n", server(family));
                    return new Path(
                            Integer.parseInt(only(PATH_MTU, result).group(1)),
                            result.says("reached"));
                });
    }

    /**
     * What the client's side has sent last may be under way when iperf3 ends, and is not counted,
     * the same with both.
     *
     * @param options of iperf3
     * @param bytes that are sent
     */
    @ParameterizedTest
    @CsvSource({
        "IPV4, 1500, '', 200000000",
        "IPV6, 1500, '', 200000000",
        "IPV4, 1500, '-R', 200000000",
        "IPV6, 1500, '-R', 200000000",
        "IPV4, 1500, '-P4', 200000000",
        "IPV6, 1500, '-P4', 200000000",
        "IPV4, 1300, '', 200000000",
        "IPV6, 1300, '', 200000000",
        "IPV4, 1300, '-R', 200000000",
        "IPV6, 1300, '-R', 200000000",
        "IPV4, 1500, '-u -b10M -l1200', 2000000",
        "IPV6, 1500, '-u -b10M -l1200', 2000000",
        "IPV4, 1500, '-u -b10M -l1200 -R', 2000000",
        "IPV6, 1500, '-u -b10M -l1200 -R', 2000000",
        "IPV4, 1500, '-u -b10M -l4000', 2000000",
        "IPV6, 1500, '-u -b10M -l4000', 2000000",
        "IPV4, 1300, '-u -b10M -l4000 -R', 2000000",
        "IPV6, 1300, '-u -b10M -l4000 -R', 2000000",
    })
    void iperfCarriesItsBytes(Family family, int bottleneck, String options, long bytes)
            throws Exception {
        bothConclude(
                true,
                bottleneck,
                crossing -> {
                    JsonNode end = iperf(crossing, family, options + " -n" + bytes);
                    long received = end.path("sum_received").path("bytes").asLong(0);
                    assertTrue(received >= 0.8 * bytes, crossing.translator() + ": " + end);
                    return true;
                });
    }

    /** How its report ends. */
    private static JsonNode iperf(Crossing crossing, Family family, String options)
            throws Exception {
        try (CulvertProcess server =
                Tool.IPERF.start(
                        crossing.server(), "-s", "-1", "--forceflush", "-B", server(family))) {
            Eventually.holds(
                    "iperf3 listens",
                    () -> server.output().stream().anyMatch(line -> line.contains("listening")));
            List<String> arguments = new ArrayList<>(List.of("-J", "-c", server(family)));
            arguments.addAll(List.of(options.strip().split(" ", -1)));
            Tool.Result result =
                    Tool.IPERF.run(crossing.client(), arguments.toArray(String[]::new));
            JsonNode report = new ObjectMapper().readTree(String.join("\n", result.output()));
            assertEquals(0, result.status(), result::toString);
            return report.path("end");
        }
    }

    @ParameterizedTest
    @EnumSource
    void bothEndsOpenOneConnectionAtTheSameTime(Family family) throws Exception {
        bothConclude(
                "hello, hello",
                ETHERNET,
                crossing -> {
                    try (SimultaneousOpen open = SimultaneousOpen.through(crossing, family)) {
                        return open.greetings();
                    }
                });
    }

    private static String server(Family family) {
        InetAddress address = Crossing.server(family);
        return address.getHostAddress();
    }

    private static String version(Family family) {
        return family.isIpv6() ? "-6" : "-4";
    }

    private static Matcher only(Pattern pattern, Tool.Result result) {
        List<Matcher> matchers =
                result.output().stream().map(pattern::matcher).filter(Matcher::matches).toList();
        assertEquals(1, matchers.size(), result::toString);
        return matchers.getFirst();
    }
}
