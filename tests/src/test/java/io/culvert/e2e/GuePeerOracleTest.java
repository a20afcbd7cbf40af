package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Path;
import java.util.List;

/** A peer that scapy plays, which has its own idea of every header and checksum. */
@Tag("abuse")
@Timeout(300)
class GuePeerOracleTest {
    private static final Path PEER =
            CulvertProcess.top().resolve("tests/src/test/resources/io/culvert/e2e/gue_peer.py");

    @ParameterizedTest(name = "outside {0}, inside {1}")
    @CsvSource({"IPV4, IPV4", "IPV4, IPV6", "IPV6, IPV4", "IPV6, IPV6"})
    void understandsAndIsUnderstood(Family outer, Family inner) throws Exception {
        String onRamp = "peers: [" + GueTunnels.peer(outer, 0, ", tenant: acme") + "]";
        try (GueTunnels tunnels = GueTunnels.open(1, onRamp, Topology.UPGRADE_ALL);
                TcpServer tcp = TcpServer.on(tunnels.topology().server(), inner, TcpServer.ECHO);
                UdpEcho udp = UdpEcho.on(tunnels.topology().server(), inner, inner.server())) {
            Tool.Result result =
                    Tool.PYTHON.run(
                            tunnels.host(0),
                            PEER.toString(),
                            GueTunnels.WAN,
                            GueTunnels.outside(outer, 0).getHostAddress(),
                            GueTunnels.gateway(outer).getHostAddress(),
                            inner.client().getHostAddress(),
                            inner.server().getHostAddress(),
                            Integer.toString(tcp.address().getPort()),
                            Integer.toString(udp.address().getPort()));
            assertEquals(0, result.status(), result::toString);
            assertEquals(
                    List.of(
                            "ping, variant 0 ok",
                            "udp, variant 0 ok",
                            "ping, variant 1 ok",
                            "udp, variant 1 ok",
                            "tcp, connection ok",
                            "tcp, data ok",
                            "tcp, end ok"),
                    result.output());
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }
}
