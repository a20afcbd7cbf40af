package io.culvert.bench;

import io.culvert.flow.Allowance;
import io.culvert.flow.Limiter;
import io.culvert.flow.RateLimits;
import io.culvert.flow.SourceLimiters;
import io.culvert.flow.Tenant;
import io.culvert.hook.Reason;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

import java.util.concurrent.TimeUnit;

/** What a rate costs: a packet of a flow that has one, and a new flow from one of many sources. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Thread)
public class LimiterBenchmark {
    private static final long MANY = 1_000_000_000L;

    private final Limiter limiter = new Limiter(Allowance.ofTraffic(MANY, MANY), 0);
    private final RateLimits limits =
            new RateLimits(
                    RateLimits.Per.SOURCE,
                    new Allowance(1_000_000, 1_000, 0, 0),
                    new SourceLimiters());
    private final Tenant tenant = new Tenant(1, "acme");
    private long now;

    /** Of bytes and of packets. */
    @Benchmark
    public Reason packet() {
        now += 2_000;
        return limiter.pass(1, 1500, now);
    }

    /** Opened and closed again; each source comes back after ten thousand others. */
    @Benchmark
    public boolean flow() {
        now += 2_000;
        long source = now / 2_000 % 10_000;
        if (limits.open(tenant, 0, 0xffff_0a00_0000L + source, now)
                instanceof RateLimits.Admission.Admitted admitted) {
            admitted.limiter().closed();
            return true;
        }
        return false;
    }
}
