package io.culvert.gateway.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import io.culvert.flow.FlowKey;
import io.culvert.flow.RateLimits.Admission;
import io.culvert.flow.Tenant;
import io.culvert.gateway.config.ConfigurationFile;
import io.culvert.gateway.config.Loaded;
import io.culvert.hook.Reason;
import io.culvert.wire.IpAddress;

import org.junit.jupiter.api.Test;

import java.lang.management.ManagementFactory;
import java.util.List;

/** What a policy keeps besides its rules, and what asking it costs. */
class PolicyStateTest {
    private final Tenant acme = new Tenant(1, "acme");

    private static Policy policy(String rules) {
        Loaded loaded = ConfigurationFile.read("f", "policy: { rules: [ %s ] }".formatted(rules));
        return assertInstanceOf(Loaded.Valid.class, loaded, loaded::toString)
                .configuration()
                .policy();
    }

    private static Ruling tcp(Policy policy) {
        return policy.decide(
                new Policy.Question(
                        "acme", 6, IpAddress.parse("10.0.0.1"), IpAddress.parse("10.0.0.2"), 80));
    }

    private Object open(Policy policy) {
        return switch (tcp(policy).limits().open(acme, 0, 0xffff_0a00_0001L, 0)) {
            case Admission.Admitted _ -> "opened";
            case Admission.Refused refused -> refused.reason();
        };
    }

    @Test
    void goesOnCountingWhereTheNextPolicyHasTheSameRate() {
        String rule = "{ name: a, do: forward, rate: { per: %s, flows: %d } }";
        for (String per : List.of("rule", "tenant", "source")) {
            Policy before = policy(rule.formatted(per, 1));
            assertEquals("opened", open(before));

            Policy same = policy("{ protocol: udp, do: deny }, " + rule.formatted(per, 1));
            LivePolicy live = new LivePolicy(before);
            live.replace(same);
            assertEquals(Reason.RATE_FLOWS, open(live.current()), per);
            Policy more = policy(rule.formatted(per, 2));
            assertEquals("opened", open(more.following(before)), per);
            Policy other = policy(rule.formatted(per, 1).replace("name: a", "name: b"));
            assertEquals("opened", open(other.following(before)), per);
        }
    }

    @Test
    void limitsOnlyWhatARuleWithARateCarries() {
        assertNull(tcp(policy("{ do: forward }")).limits());
        assertNull(
                tcp(policy("{ protocol: udp, do: forward, rate: { per: rule, flows: 1 } }"))
                        .limits());
    }

    @Test
    void namesTheFirstRuleInAuditModeAndTheOneThatDecides() {
        Policy policy =
                policy(
                        "{ name: a, ports: 80, do: deny, audit: true },"
                                + "{ name: b, do: reject, audit: true },"
                                + "{ name: c, protocol: udp, do: deny },"
                                + "{ name: d, do: forward }");
        Ruling ruling = tcp(policy);
        assertEquals("d", ruling.name());
        assertEquals("a", ruling.audited().name());
        assertSame(ruling, tcp(policy), "made anew");
        assertEquals(List.of("a", "b"), List.copyOf(policy.wouldRefuse().keySet()));
    }

    @Test
    void putsEveryRefusingRuleInAuditModeWhereThePolicySaysSo() {
        Loaded loaded =
                ConfigurationFile.read(
                        "f",
                        """
                        policy:
                          audit: true
                          rules:
                            - { name: a, ports: 80, do: deny }
                            - { name: b, protocol: tcp, do: reject, audit: false }
                        """);
        Ruling ruling = tcp(assertInstanceOf(Loaded.Valid.class, loaded).configuration().policy());
        assertEquals("b", ruling.name());
        assertEquals("a", ruling.audited().name());
    }

    @Test
    void allocatesNothingToDecideAmongTenThousandRules() {
        Policy policy = new Policy(Action.DENY, ManyRules.of(10_000));
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        FlowKey key = new FlowKey();
        long least = Long.MAX_VALUE;
        // The first times, classes are loaded and code is compiled.
        for (int round = 0; round < 5; round++) {
            long before = threads.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 1000; i++) {
                key.set(1, 6, 0, 1, i, 0, 0xffff_0a00_0707L, 443);
                assertSame(policy.rules().get(7), policy.decide("acme", key).rule());
            }
            least = Math.min(least, threads.getCurrentThreadAllocatedBytes() - before);
        }
        long allocated = least;
        assertTrue(allocated < 1_000, () -> allocated + " bytes");
    }
}
