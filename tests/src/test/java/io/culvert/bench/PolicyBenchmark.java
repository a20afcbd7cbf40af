package io.culvert.bench;

import io.culvert.flow.FlowKey;
import io.culvert.gateway.policy.Action;
import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.Rule;
import io.culvert.gateway.policy.Ruling;
import io.culvert.nat.PortRange;
import io.culvert.wire.IpAddress;
import io.culvert.wire.Prefix;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/**
 * What a policy says of a new flow, by how many rules it has. The flows are another each time, so
 * that no branch is foreseen; every other is decided by a rule, some rule, and the others by the
 * default, which means that no rule could be left out.
 */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Thread)
public class PolicyBenchmark {
    private static final int FLOWS = 1 << 14;

    @Param({"0", "10", "1000", "10000"})
    int rules;

    private final FlowKey[] flows = new FlowKey[FLOWS];

    private Policy policy;
    private int next;

    @Setup
    public void compile() {
        policy = new Policy(Action.DENY, rules());
        SplittableRandom random = new SplittableRandom(1);
        for (int i = 0; i < FLOWS; i++) {
            int network = random.nextInt(Math.max(1, 2 * rules));
            IpAddress target =
                    network % 2 == 0 ? ipv4(network / 2, i) : new IpAddress(ipv6(network / 2), i);
            int port = i % 4 < 2 ? 443 : 1 + random.nextInt(65_535);
            long source = 0xffff_0a00_0000L + i;
            flows[i] = new FlowKey().set(1, 6, 0, source, 0, target.high(), target.low(), port);
        }
    }

    /** A network of each family each, some for one tenant alone, some for one source. */
    private List<Rule> rules() {
        List<Rule> all = new ArrayList<>();
        for (int i = 0; i < rules; i++) {
            all.add(
                    new Rule(
                            "rule " + i,
                            i % 5 == 0 ? List.of("acme", "tenant" + i) : List.of(),
                            i % 3 == 0
                                    ? List.of(Prefix.parse("10.0.0.0/8"), Prefix.parse("::/0"))
                                    : List.of(),
                            List.of(
                                    new Prefix(ipv4(i, 0), 24),
                                    new Prefix(new IpAddress(ipv6(i), 0), 64)),
                            List.of(6, 17),
                            List.of(new PortRange(443, 443), new PortRange(8000, 8000 + i % 100)),
                            Action.UPGRADE,
                            "relay",
                            "socket"));
        }
        return all;
    }

    private static IpAddress ipv4(int network, int host) {
        return IpAddress.ofIpv4((11 << 24) + (network << 8) + (host & 0xff));
    }

    private static long ipv6(int network) {
        return (0x2001_0db8L << 32) + network;
    }

    @Benchmark
    public Ruling decide() {
        return policy.decide("acme", flows[next++ & (FLOWS - 1)]);
    }
}
