package io.culvert.gateway.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import io.culvert.flow.FlowKey;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.FlowDecision.Forward;
import io.culvert.hook.FlowDecision.Refuse;
import io.culvert.hook.FlowDecision.Upgrade;
import io.culvert.hook.Reason;
import io.culvert.nat.PortRange;
import io.culvert.wire.IpAddress;
import io.culvert.wire.Prefix;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;

class PolicyTest {
    private static final FlowDecision NO_MATCH =
            new Refuse("default", Reason.POLICY_DEFAULT, false);
    private static final FlowDecision MATCH = new Refuse("it", Reason.POLICY_RULE, true);

    private static Rule rule(
            List<String> tenants,
            List<String> sources,
            List<String> destinations,
            List<Integer> protocols,
            List<PortRange> ports,
            Action action) {
        return new Rule(
                "it",
                tenants,
                sources.stream().map(Prefix::parse).toList(),
                destinations.stream().map(Prefix::parse).toList(),
                protocols,
                ports,
                action,
                "relay",
                "internet");
    }

    private static Policy reject(
            List<String> tenants,
            List<String> sources,
            List<String> destinations,
            List<Integer> protocols,
            List<PortRange> ports) {
        return new Policy(
                Action.DENY,
                List.of(rule(tenants, sources, destinations, protocols, ports, Action.REJECT)));
    }

    private static FlowDecision decide(
            Policy policy, String tenant, int protocol, String source, String target, int port) {
        IpAddress from = IpAddress.parse(source);
        IpAddress to = IpAddress.parse(target);
        return policy.decide(new Policy.Question(tenant, protocol, from, to, port)).decision();
    }

    private static FlowDecision decide(Policy policy, IpAddress target) {
        return policy.decide(new Policy.Question("a", 6, new IpAddress(0, 1), target, 80))
                .decision();
    }

    private static FlowDecision tcp(Policy policy, String source, String target) {
        return decide(policy, "acme", 6, source, target, 80);
    }

    @Nested
    class Matching {
        @Test
        void matchesEverythingWithARuleWithoutMatchers() {
            Policy policy = reject(List.of(), List.of(), List.of(), List.of(), List.of());
            assertEquals(MATCH, decide(policy, "acme", 6, "10.0.0.1", "10.0.0.2", 80));
            assertEquals(MATCH, decide(policy, "other", 255, "fe80::1", "2001:db8::1", 0));
        }

        @Test
        void matchesAnyOfTheTenants() {
            Policy policy =
                    reject(List.of("acme", "emca"), List.of(), List.of(), List.of(), List.of());
            assertEquals(MATCH, decide(policy, new String("emca"), 6, "::1", "::2", 1));
            assertEquals(NO_MATCH, decide(policy, "ACME", 6, "::1", "::2", 1));
        }

        @Test
        @Tag("rfc1812-5.3.9")
        void matchesAnyOfTheSourcesOfBothFamilies() {
            Policy policy =
                    reject(
                            List.of(),
                            List.of("10.0.0.0/8", "192.0.2.7", "2001:db8::/33", "2001:db9::1"),
                            List.of(),
                            List.of(),
                            List.of());
            assertEquals(MATCH, tcp(policy, "10.255.255.255", "1.1.1.1"));
            assertEquals(MATCH, tcp(policy, "192.0.2.7", "1.1.1.1"));
            assertEquals(NO_MATCH, tcp(policy, "192.0.2.6", "1.1.1.1"));
            assertEquals(NO_MATCH, tcp(policy, "11.0.0.0", "1.1.1.1"));
            assertEquals(MATCH, tcp(policy, "2001:db8:7fff::1", "::1"));
            assertEquals(NO_MATCH, tcp(policy, "2001:db8:8000::1", "::1"));
            assertEquals(MATCH, tcp(policy, "2001:db9::1", "::1"));
            assertEquals(NO_MATCH, tcp(policy, "2001:db9::2", "::1"));
        }

        @Test
        @Tag("rfc1812-5.3.9")
        void matchesAnyOfTheDestinationsOnEveryPrefixLength() {
            for (int length = 0; length <= 32; length++) {
                Policy policy =
                        reject(
                                List.of(),
                                List.of(),
                                List.of(new Prefix(masked(length), length).toString()),
                                List.of(),
                                List.of());
                assertEquals(MATCH, tcp(policy, "10.0.0.1", "170.170.170.170"), "/" + length);
                if (length > 0) {
                    IpAddress outside = new IpAddress(0, 0xffff_aaaa_aaaaL ^ (1L << (32 - length)));
                    assertEquals(
                            NO_MATCH, tcp(policy, "10.0.0.1", outside.toString()), "/" + length);
                }
            }
        }

        private static IpAddress masked(int length) {
            return new IpAddress(0, 0xffff_aaaa_aaaaL & (-1L << (32 - length)));
        }

        @Test
        void matchesEveryLengthOfAnIpv6Prefix() {
            for (int length = 0; length <= 128; length++) {
                long high = length >= 64 ? -1 : length == 0 ? 0 : -1L << (64 - length);
                long low = length <= 64 ? 0 : -1L << (128 - length);
                Rule rule =
                        new Rule(
                                "it",
                                List.of(),
                                List.of(),
                                List.of(new Prefix(new IpAddress(high, low), length)),
                                List.of(),
                                List.of(),
                                Action.REJECT,
                                "",
                                "");
                Policy policy = new Policy(Action.DENY, List.of(rule));
                assertEquals(MATCH, decide(policy, new IpAddress(-1, -1)), "/" + length);
                if (length > 0) {
                    long wrongHigh = length <= 64 ? -1 ^ (1L << (64 - length)) : -1;
                    long wrongLow = length <= 64 ? -1 : -1 ^ (1L << (128 - length));
                    assertEquals(
                            NO_MATCH,
                            decide(policy, new IpAddress(wrongHigh, wrongLow)),
                            "/" + length);
                }
            }
        }

        @Test
        void keepsTheFamiliesApartAtTheDefaultRoutes() {
            Policy ipv4 = reject(List.of(), List.of(), List.of("0.0.0.0/0"), List.of(), List.of());
            Policy ipv6 = reject(List.of(), List.of(), List.of("::/0"), List.of(), List.of());
            assertEquals(MATCH, tcp(ipv4, "10.0.0.1", "1.1.1.1"));
            assertEquals(NO_MATCH, tcp(ipv4, "fe80::1", "2001:db8::1"));
            assertEquals(NO_MATCH, tcp(ipv6, "10.0.0.1", "1.1.1.1"));
            assertEquals(MATCH, tcp(ipv6, "fe80::1", "2001:db8::1"));
        }

        @Test
        void matchesAnyOfTheProtocols() {
            Policy policy =
                    reject(List.of(), List.of(), List.of(), List.of(0, 6, 64, 255), List.of());
            List<Integer> matched = new ArrayList<>();
            for (int protocol = 0; protocol < 256; protocol++) {
                if (decide(policy, "a", protocol, "::1", "::2", 0).equals(MATCH)) {
                    matched.add(protocol);
                }
            }
            assertEquals(List.of(0, 6, 64, 255), matched);
        }

        @Test
        void matchesBothEndsOfAPortRange() {
            Policy policy =
                    reject(
                            List.of(),
                            List.of(),
                            List.of(),
                            List.of(),
                            List.of(PortRange.parse("80"), PortRange.parse("8000-8100")));
            List<Integer> matched = new ArrayList<>();
            for (int port = 0; port <= 65_535; port++) {
                if (decide(policy, "a", 6, "::1", "::2", port).equals(MATCH)) {
                    matched.add(port);
                }
            }
            assertEquals(102, matched.size());
            assertEquals(80, matched.getFirst());
            assertEquals(8000, matched.get(1));
            assertEquals(8100, matched.getLast());
        }

        @Test
        void matchesPortsOnlyForProtocolsThatHaveThem() {
            Policy policy =
                    reject(
                            List.of(),
                            List.of(),
                            List.of(),
                            List.of(),
                            List.of(new PortRange(1, 65_535)));
            List<Integer> matched = new ArrayList<>();
            for (int protocol = 0; protocol < 256; protocol++) {
                if (decide(policy, "a", protocol, "::1", "::2", 80).equals(MATCH)) {
                    matched.add(protocol);
                }
            }
            assertEquals(List.of(6, 17, 132), matched);
        }

        @Test
        void demandsAllMatchersOfARule() {
            Policy policy =
                    reject(
                            List.of("acme"),
                            List.of("10.0.0.0/8"),
                            List.of("1.1.1.1"),
                            List.of(6),
                            List.of(new PortRange(80, 80)));
            assertEquals(MATCH, decide(policy, "acme", 6, "10.0.0.1", "1.1.1.1", 80));
            assertEquals(NO_MATCH, decide(policy, "emca", 6, "10.0.0.1", "1.1.1.1", 80));
            assertEquals(NO_MATCH, decide(policy, "acme", 17, "10.0.0.1", "1.1.1.1", 80));
            assertEquals(NO_MATCH, decide(policy, "acme", 6, "11.0.0.1", "1.1.1.1", 80));
            assertEquals(NO_MATCH, decide(policy, "acme", 6, "10.0.0.1", "1.1.1.2", 80));
            assertEquals(NO_MATCH, decide(policy, "acme", 6, "10.0.0.1", "1.1.1.1", 81));
        }
    }

    @Nested
    class Deciding {
        private static FlowDecision of(Action action, int protocol) {
            Rule rule = rule(List.of(), List.of(), List.of(), List.of(), List.of(), action);
            return decide(new Policy(Action.DENY, List.of(rule)), "a", protocol, "::1", "::2", 80);
        }

        private static FlowDecision ofDefault(Action action, int protocol) {
            return decide(new Policy(action, List.of()), "a", protocol, "::1", "::2", 80);
        }

        @Test
        void saysWhatEachActionMeans() {
            assertEquals(new Refuse("it", Reason.POLICY_RULE, false), of(Action.DENY, 6));
            assertEquals(new Refuse("it", Reason.POLICY_RULE, true), of(Action.REJECT, 6));
            assertEquals(new Forward("it", "internet"), of(Action.FORWARD, 6));
            assertEquals(new Upgrade("it", "relay", "internet"), of(Action.UPGRADE, 6));
        }

        @Test
        void refusesWhatCannotBeUpgradedByARuleThatUpgrades() {
            Stream.of(1, 6, 17, 58)
                    .forEach(
                            protocol ->
                                    assertEquals(
                                            new Upgrade("it", "relay", "internet"),
                                            of(Action.UPGRADE, protocol)));
            assertEquals(
                    new Refuse("it", Reason.PROTOCOL_NOT_UPGRADABLE, true), of(Action.UPGRADE, 50));
            assertEquals(new Forward("it", "internet"), of(Action.FORWARD, 50));
        }

        @Test
        void letsTheFirstMatchingRuleDecide() {
            Rule first =
                    rule(List.of(), List.of(), List.of(), List.of(17), List.of(), Action.FORWARD);
            Rule second =
                    rule(List.of(), List.of(), List.of(), List.of(), List.of(), Action.REJECT);
            Rule third =
                    rule(List.of(), List.of(), List.of(), List.of(), List.of(), Action.UPGRADE);
            Policy policy = new Policy(Action.UPGRADE, List.of(first, second, third));
            assertEquals(new Forward("it", "internet"), decide(policy, "a", 17, "::1", "::2", 53));
            assertEquals(MATCH, decide(policy, "a", 6, "::1", "::2", 53));
        }

        @Test
        void deniesInSilenceByDefaultDeny() {
            assertEquals(NO_MATCH, ofDefault(Action.DENY, 6));
            assertEquals(NO_MATCH, ofDefault(Action.DENY, 47));
        }

        @Test
        void forwardsEverythingToTheTunnelsByDefaultForward() {
            assertEquals(new Forward("default", "tunnels"), ofDefault(Action.FORWARD, 6));
            assertEquals(new Forward("default", "tunnels"), ofDefault(Action.FORWARD, 47));
        }

        @Test
        void upgradesTcpUdpAndEchoAndForwardsTheRestByDefaultUpgrade() {
            FlowDecision upgrade = new Upgrade("default", "relay", "socket");
            for (int protocol = 0; protocol < 256; protocol++) {
                boolean upgraded = List.of(1, 6, 17, 58).contains(protocol);
                assertEquals(
                        upgraded ? upgrade : new Forward("default", "tunnels"),
                        ofDefault(Action.UPGRADE, protocol));
            }
        }

        @Test
        void answersWithTheSameObjectEveryTime() {
            Policy policy = reject(List.of(), List.of(), List.of(), List.of(6), List.of());
            assertSame(
                    decide(policy, "a", 6, "::1", "::2", 1),
                    decide(policy, "b", 6, "::3", "::4", 2));
            assertSame(
                    decide(policy, "a", 17, "::1", "::2", 1),
                    decide(policy, "b", 17, "::3", "::4", 2));
        }
    }

    @Test
    void allocatesNothingToDecide() {
        Policy policy =
                reject(
                        List.of("emca"),
                        List.of("10.0.0.0/8", "fd00::/8"),
                        List.of("0.0.0.0/0"),
                        List.of(6),
                        List.of(new PortRange(80, 80)));
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        // The first time, classes are loaded on both sides of the measurement.
        assertEquals(1, refusals(policy));
        threads.getCurrentThreadAllocatedBytes();
        long before = threads.getCurrentThreadAllocatedBytes();
        int refused = refusals(policy);
        long allocated = threads.getCurrentThreadAllocatedBytes() - before;
        assertEquals(1, refused);
        // A compiler at its side may take some.
        assertTrue(allocated < 1_000, () -> allocated + " bytes");
    }

    private static int refusals(Policy policy) {
        int refused = 0;
        FlowKey key = new FlowKey();
        for (int i = 0; i < 10_000; i++) {
            key.set(1, 6, 0, 0xffff_0a00_0000L + i, 5000, 0, 0xffff_0101_0101L, i);
            FlowDecision decision = policy.decide("emca", key).decision();
            refused += decision instanceof Refuse refuse && refuse.answered() ? 1 : 0;
        }
        return refused;
    }

    @Test
    void refusesPortRangesThatAreNone() {
        for (String text : List.of("", "0", "65536", "x", "1-", "-1", "1-70000", "9-1", "1-2-3")) {
            assertThrows(
                    IllegalArgumentException.class,
                    () -> PortRange.parse(text),
                    "\"" + text + "\"");
        }
    }
}
