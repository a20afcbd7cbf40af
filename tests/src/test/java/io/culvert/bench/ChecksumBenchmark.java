package io.culvert.bench;

import io.culvert.wire.InternetChecksum;

import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

import java.nio.ByteBuffer;
import java.util.Random;
import java.util.concurrent.TimeUnit;

/** The Internet checksum of a whole packet. */
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@State(Scope.Thread)
public class ChecksumBenchmark {
    @Param({"60", "1500", "65535"})
    int length;

    private ByteBuffer bytes;

    @Setup
    public void fill() {
        byte[] random = new byte[length];
        new Random(length).nextBytes(random);
        bytes = ByteBuffer.allocateDirect(length).put(0, random);
    }

    @Benchmark
    public int sum() {
        return InternetChecksum.sum(bytes, 0, length);
    }
}
