package com.example.sinkhole;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.plugin.PluginException;
import io.culvert.gateway.plugin.kit.FlowOutcome;
import io.culvert.gateway.plugin.kit.PluginKit;
import io.culvert.gateway.plugin.kit.PluginSetup;
import io.culvert.hook.Endpoint;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Network;

import org.junit.jupiter.api.Test;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

class SinkholePluginTest {
    private static final Optional<InetAddress> IPV4 = address("192.0.2.66");
    private static final Optional<InetAddress> IPV6 = address("2001:db8::66");

    private static Optional<InetAddress> address(String text) {
        return Optional.of(Network.parse(text).address());
    }

    private static PluginSetup setup(
            Optional<InetAddress> ipv4, Optional<InetAddress> ipv6, Optional<Integer> port) {
        return PluginKit.of(SinkholePlugin.class)
                .socketOffRamp("dark")
                .settings(
                        new SinkholePlugin.Settings(
                                List.of(
                                        Network.parse("203.0.113.0/24"),
                                        Network.parse("2001:db8:bad::/48")),
                                ipv4,
                                ipv6,
                                port,
                                "dark"));
    }

    private static Optional<Endpoint> upstream(FlowOutcome outcome) {
        return ((FlowDecision.Upgrade) outcome.decision()).upstream();
    }

    @Test
    void sendsBothFamiliesToTheSinkholeWithTheirOwnPorts() throws Exception {
        try (PluginKit kit = setup(IPV4, IPV6, Optional.empty()).start()) {
            FlowOutcome ipv4 = kit.flow("tcp 10.0.0.1:1234 > 203.0.113.9:443").open();
            FlowOutcome ipv6 = kit.flow("udp [fd00::1]:1234 > [2001:db8:bad::1]:53").open();

            assertEquals(
                    Optional.of(Endpoint.parse("192.0.2.66:443")),
                    upstream(ipv4.assertUpgraded("relay", "dark")));
            assertEquals(
                    Optional.of(Endpoint.parse("[2001:db8::66]:53")),
                    upstream(ipv6.assertUpgraded("relay", "dark")));
            assertTrue(kit.log().getFirst().endsWith("target=203.0.113.9:443"));
        }
    }

    @Test
    void dialsThePortThatIsGiven() throws Exception {
        try (PluginKit kit = setup(IPV4, IPV6, Optional.of(8080)).start()) {
            assertEquals(
                    Optional.of(Endpoint.parse("192.0.2.66:8080")),
                    upstream(kit.flow("tcp 10.0.0.1:1234 > 203.0.113.9:443").open()));
        }
    }

    @Test
    void leavesOtherTargetsAndForwardedFlowsAlone() throws Exception {
        try (PluginKit kit = setup(IPV4, IPV6, Optional.empty()).start()) {
            assertEquals(
                    Optional.empty(),
                    upstream(
                            kit.flow("tcp 10.0.0.1:1234 > 203.0.114.9:443")
                                    .open()
                                    .assertUpgraded("relay", "socket")));
            kit.flow("tcp 10.0.0.1:1234 > 203.0.113.9:443")
                    .proposed(new FlowDecision.Forward("rule", "tunnels"))
                    .open()
                    .assertForwarded("tunnels");
        }
    }

    @Test
    void explainingIsNotLogged() throws Exception {
        try (PluginKit kit = setup(IPV4, IPV6, Optional.empty()).start()) {
            kit.flow("tcp 10.0.0.1:1234 > 203.0.113.9:443")
                    .explain()
                    .assertUpgraded("relay", "dark");

            assertEquals(List.of(), kit.log());
        }
    }

    @Test
    void doesNotStartWhereAFamilyHasNoSinkhole() {
        String message =
                assertThrows(
                                PluginException.class,
                                setup(IPV4, Optional.empty(), Optional.empty())::start)
                        .getMessage();

        assertTrue(
                message.contains("ipv6 is missing, and 2001:db8:bad:0:0:0:0:0/48 is a target"),
                message);
    }
}
