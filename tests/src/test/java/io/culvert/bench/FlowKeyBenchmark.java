package io.culvert.bench;

import io.culvert.flow.FlowKey;
import io.culvert.wire.IpProtocol;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

import java.util.concurrent.TimeUnit;

/** Setting a key: the keyed hash of its five words, and eight stores. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Thread)
public class FlowKeyBenchmark {
    private final FlowKey key = new FlowKey();
    private long low = 0xffff_0a32_0002L;

    @Benchmark
    public int hash() {
        key.set(1, IpProtocol.TCP, 0, low, 40_000, 0, 0xffff_cb00_7107L, 443);
        low++;
        return key.hashCode();
    }
}
