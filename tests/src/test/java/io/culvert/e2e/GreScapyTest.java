package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.InputStream;
import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A peer that somebody else wrote: scapy makes the packets of every combination of fields, and
 * reads what comes back, checksums and all.
 */
@Tag("abuse")
@Timeout(300)
class GreScapyTest {
    @ParameterizedTest(name = "{0} outside, {1} inside")
    @CsvSource({"IPV4, IPV4", "IPV4, IPV6", "IPV6, IPV4", "IPV6, IPV6"})
    void scapyAndTheGatewayUnderstandEachOther(Family outer, Family family) throws Exception {
        String peers =
                String.join(
                        ", ",
                        GreTunnels.peer(outer, 0, "tenant: bare"),
                        GreTunnels.peer(outer, 0, "key: 42, tenant: keyed"),
                        GreTunnels.peer(outer, 0, "key: 1, tenant: summed, checksum: true"),
                        GreTunnels.peer(outer, 0, "key: 2, tenant: numbered, sequence: true"),
                        GreTunnels.peer(
                                outer,
                                0,
                                "key: 4294967295, tenant: all, checksum: true, sequence: true"));
        try (GreTunnels tunnels = GreTunnels.open(outer, 1, peers, Topology.UPGRADE_ALL);
                UdpEcho echo = UdpEcho.on(tunnels.topology().server(), family, family.server())) {
            Tool.Result result =
                    Tool.PYTHON.run(
                            tunnels.topology().client(),
                            "-c",
                            script(),
                            GreTunnels.WAN,
                            text(tunnels.outer(0)),
                            text(tunnels.gateway()),
                            text(family.client()),
                            text(family.server()),
                            Integer.toString(echo.address().getPort()));

            assertEquals(0, result.status(), result::toString);
            assertEquals(
                    List.of(
                            "bare: echoed",
                            "keyed: echoed",
                            "summed: echoed",
                            "numbered: echoed",
                            "all: echoed",
                            "keepalive: answered",
                            "unknown key: silence"),
                    result.output());
            tunnels.topology().everyPacketIsAccountedFor();
        }
    }

    private static String text(InetAddress address) {
        return address.getHostAddress();
    }

    private static String script() throws Exception {
        try (InputStream in = GreScapyTest.class.getResourceAsStream("gre_peer.py")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
