package io.culvert.bench;

import io.culvert.flow.CycleClock;
import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowTable;
import io.culvert.hook.Reason;
import io.culvert.wire.IpProtocol;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

import java.util.concurrent.TimeUnit;

/** The flow table with few and with many flows. Packets come from flows in no order. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Thread)
public class FlowTableBenchmark {
    @Param({"1", "1000", "100000", "1000000"})
    int flows;

    private final CycleClock clock = new CycleClock(System::nanoTime);
    private final FlowTable table = Flows.table(clock);
    private final FlowKey key = new FlowKey();
    private int number;

    @Setup
    public void open() {
        for (int i = 0; i < flows; i++) {
            Flows.open(table, Flows.set(key, IpProtocol.UDP, i));
        }
    }

    /**
     * A number below {@link #flows}; the generator is Knuth's, its upper bits are the good ones.
     */
    private int next() {
        number = number * 1_664_525 + 1_013_904_223;
        return (int) (((number & 0xffff_ffffL) * flows) >>> 32);
    }

    /** Sets the key, which hashes it, and finds its flow. */
    @Benchmark
    public Flow find() {
        return table.find(Flows.set(key, IpProtocol.UDP, next()));
    }

    /** A flow more, for as long as it takes. */
    @Benchmark
    public long openAndClose() {
        clock.refresh();
        Flow flow = Flows.open(table, Flows.set(key, IpProtocol.TCP, next()));
        table.close(flow, Reason.FINISHED);
        return flow.id();
    }
}
