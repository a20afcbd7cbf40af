package io.culvert.gateway.policy;

import io.culvert.nat.PortRange;
import io.culvert.wire.IpAddress;
import io.culvert.wire.Prefix;

import java.util.ArrayList;
import java.util.List;

/** As many rules as wanted, each about one network of IPv4 and one of IPv6. */
final class ManyRules {
    private ManyRules() {}

    static List<Rule> of(int count) {
        List<Rule> rules = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            rules.add(
                    new Rule(
                            "rule " + (i + 1),
                            i % 10 == 0 ? List.of("acme", "tenant" + i) : List.of(),
                            List.of(),
                            List.of(
                                    new Prefix(IpAddress.ofIpv4(network(i)), 24),
                                    new Prefix(new IpAddress(network6(i), 0), 64)),
                            List.of(6),
                            List.of(new PortRange(443, 443), new PortRange(8000, 8000 + i % 100)),
                            Action.FORWARD,
                            "",
                            "tunnels"));
        }
        return rules;
    }

    /** What becomes of a connection to a host of the Nth network. */
    static Ruling ask(Policy policy, int network) {
        IpAddress target =
                network % 2 == 0
                        ? IpAddress.ofIpv4(network(network) + 7)
                        : new IpAddress(network6(network), 7);
        return policy.decide(new Policy.Question("acme", 6, new IpAddress(0, 1), target, 8000));
    }

    private static int network(int number) {
        return (10 << 24) + (number << 8);
    }

    private static long network6(int number) {
        return (0x2001_0db8L << 32) + number;
    }
}
