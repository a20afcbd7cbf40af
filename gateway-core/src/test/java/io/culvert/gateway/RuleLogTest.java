package io.culvert.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.culvert.flow.FlowKey;
import io.culvert.gateway.config.ConfigurationFile;
import io.culvert.gateway.config.Loaded;
import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.Ruling;
import io.culvert.wire.IpAddress;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

class RuleLogTest {
    private static final long SECOND = 1_000_000_000L;

    private static final Policy POLICY =
            assertInstanceOf(
                            Loaded.Valid.class,
                            ConfigurationFile.read(
                                    "edge.yaml",
                                    """
                                    policy:
                                      rules:
                                        - { name: new, protocol: udp, ports: 53, do: reject, audit: true }
                                        - { name: dns, protocol: udp, ports: 53, do: forward, log: true }
                                        - { name: quiet, protocol: udp, do: upgrade }
                                    """))
                    .configuration()
                    .policy();

    private final List<String> lines = new ArrayList<>();
    private long now;
    private final RuleLog log = new RuleLog(() -> now, lines::add);

    private static Ruling ruling(int port) {
        return POLICY.decide(
                new Policy.Question(
                        "acme",
                        17,
                        IpAddress.parse("10.0.0.1"),
                        IpAddress.parse("10.0.0.2"),
                        port));
    }

    /** A datagram of IPv4 from 10.0.0.1:5000 to 10.0.0.2:53, or the like of IPv6. */
    private static FlowKey packet(boolean ipv6) {
        IpAddress source = IpAddress.parse(ipv6 ? "2001:db8::1" : "10.0.0.1");
        IpAddress destination = IpAddress.parse(ipv6 ? "2001:db8::2" : "10.0.0.2");
        return new FlowKey()
                .set(
                        1,
                        17,
                        source.high(),
                        source.low(),
                        5_000,
                        destination.high(),
                        destination.low(),
                        53);
    }

    @Test
    void saysWhatARuleDecidedAndWhatOneInAuditModeWouldHave() {
        long before = POLICY.wouldRefuse().get("new");
        log.decided(ruling(53), "acme\nforged", packet(false));
        log.decided(ruling(53), "acme", packet(true));
        assertEquals(
                List.of(
                        "rule \"new\" (edge.yaml:3) would refuse udp 10.0.0.1:5000 -> 10.0.0.2:53"
                                + " of acme\ufffdforged; rule \"dns\" (edge.yaml:4) forwards via"
                                + " tunnels",
                        "rule \"dns\" (edge.yaml:4) forwards via tunnels: udp 10.0.0.1:5000 ->"
                                + " 10.0.0.2:53 of acme\ufffdforged",
                        "rule \"new\" (edge.yaml:3) would refuse udp [2001:db8::1]:5000 ->"
                                + " [2001:db8::2]:53 of acme; rule \"dns\" (edge.yaml:4) forwards"
                                + " via tunnels",
                        "rule \"dns\" (edge.yaml:4) forwards via tunnels: udp [2001:db8::1]:5000 ->"
                                + " [2001:db8::2]:53 of acme"),
                lines);
        assertEquals(Map.of("new", before + 2), POLICY.wouldRefuse());
    }

    @Test
    void asksToBeToldOfNoOther() {
        assertEquals(false, ruling(54).isNotable());
        assertEquals(true, ruling(53).isNotable());
    }

    @Test
    void saysNoMoreThanSoManyLinesASecondAndThenHowManyThereWere() {
        for (int i = 0; i < 1000; i++) {
            log.decided(ruling(53), "acme", packet(false));
        }
        assertEquals(RuleLog.LINES_PER_SECOND, lines.size());
        now += SECOND;
        log.tick();
        assertEquals(
                "1980 more lines of rules that log or are in audit mode were left out",
                lines.getLast());
        log.decided(ruling(53), "acme", packet(false));
        assertEquals(RuleLog.LINES_PER_SECOND + 3, lines.size());
        now += 10 * SECOND;
        log.tick();
        assertEquals(RuleLog.LINES_PER_SECOND + 3, lines.size());
    }
}
