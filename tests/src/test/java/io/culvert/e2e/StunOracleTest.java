package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * What programs that look into what kind of NAT they are behind say of Culvert's, with a server of
 * two addresses and two ports: RFC 5780, and RFC 3489 before it.
 */
@Tag("abuse")
@Timeout(120)
class StunOracleTest {
    private static final int PORT = 3478;
    private static final int OTHER_PORT = 3479;

    @TempDir private Path directory;

    /** coturn's, of either family. */
    @ParameterizedTest
    @CsvSource({
        "IPV4, endpoint-independent, Endpoint Independent",
        "IPV6, endpoint-independent, Endpoint Independent",
        "IPV4, address-dependent, Address Dependent",
        "IPV6, address-dependent, Address Dependent",
        "IPV4, address-and-port-dependent, Address and Port Dependent",
        "IPV6, address-and-port-dependent, Address and Port Dependent",
    })
    void natDiscoveryFindsTheMappingAndTheFiltering(Family family, String filtering, String words)
            throws Exception {
        try (Crossing crossing = crossing(filtering);
                CulvertProcess server = turnServer(crossing.server(), family)) {
            awaitSockets(crossing.server(), family, server);
            Tool.Result result =
                    Tool.NAT_DISCOVERY.run(
                            crossing.client(),
                            "-m",
                            "-f",
                            Crossing.server(family).getHostAddress());

            assertTrue(result.says("NAT with Endpoint Independent Mapping!"), result::toString);
            assertTrue(result.says("NAT with " + words + " Filtering!"), result::toString);
            crossing.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @CsvSource({"IPV4", "IPV6"})
    void natDiscoveryHearsItselfByItsOutsideAddress(Family family) throws Exception {
        try (Crossing crossing = crossing("endpoint-independent");
                CulvertProcess server = turnServer(crossing.server(), family)) {
            awaitSockets(crossing.server(), family, server);
            Tool.Result result =
                    Tool.NAT_DISCOVERY.run(
                            crossing.client(), "-H", Crossing.server(family).getHostAddress());

            assertTrue(result.says("successful hairpinning"), result::toString);
            crossing.everyPacketIsAccountedFor();
        }
    }

    /** Vovida's, which knows IPv4 alone. */
    @ParameterizedTest
    @CsvSource({
        "endpoint-independent, Independent Filter",
        "address-dependent, Address Dependent Filter",
        "address-and-port-dependent, Port Dependent Filter",
    })
    void stunFindsTheMappingTheFilteringAndTheHairpin(String filtering, String words)
            throws Exception {
        String address = Crossing.server(Family.IPV4).getHostAddress();
        try (Crossing crossing = crossing(filtering);
                CulvertProcess server =
                        Tool.STUN_SERVER.start(
                                crossing.server(),
                                "-h",
                                address,
                                "-a",
                                Crossing.secondServer(Family.IPV4).getHostAddress())) {
            awaitSockets(crossing.server(), Family.IPV4, server);
            Tool.Result result = Tool.STUN_CLIENT.run(crossing.client(), address);

            String verdict = "Independent Mapping, " + words + ", random port, will hairpin";
            assertTrue(result.says(": " + verdict), result::toString);
            crossing.everyPacketIsAccountedFor();
        }
    }

    private static Crossing crossing(String filtering) throws Exception {
        return Crossing.of(Translator.CULVERT, 1500, "filtering: " + filtering);
    }

    /** It answers by RFC 5780 where it listens on two addresses of a family. */
    private CulvertProcess turnServer(Host host, Family family) throws IOException {
        return Tool.TURN_SERVER.start(
                host,
                "-n",
                "--listening-ip=" + Crossing.server(family).getHostAddress(),
                "--listening-ip=" + Crossing.secondServer(family).getHostAddress(),
                "--listening-port=" + PORT,
                "--alt-listening-port=" + OTHER_PORT,
                "--stun-only",
                "--no-auth",
                "--no-tcp",
                "--no-tls",
                "--no-dtls",
                "--no-cli",
                "--log-file=stdout",
                "--pidfile=" + directory.resolve("pid"),
                "--userdb=" + directory.resolve("users"));
    }

    /** Waits until both ports are open at both addresses. */
    private static void awaitSockets(Host host, Family family, CulvertProcess server)
            throws Exception {
        Path table = Path.of("/proc/thread-self/net", family.isIpv6() ? "udp6" : "udp");
        for (int port : new int[] {PORT, OTHER_PORT}) {
            String suffix = String.format(Locale.ROOT, ":%04X", port);
            Eventually.holds(
                    "two sockets of port " + port + ", " + server.output() + server.errors(),
                    () -> {
                        List<String> lines = host.namespace().call(() -> Files.readAllLines(table));
                        return lines.stream()
                                        .map(line -> line.strip().split("\\s+", -1)[1])
                                        .filter(local -> local.endsWith(suffix))
                                        .count()
                                >= 2;
                    });
        }
    }
}
