package io.culvert.abuse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowLimits;
import io.culvert.flow.FlowListener;
import io.culvert.flow.FlowTable;
import io.culvert.flow.FlowTimers;
import io.culvert.flow.KeyedHash;
import io.culvert.flow.Tenant;
import io.culvert.hook.FlowDecision;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.IntFunction;

/**
 * Row 7: flooding with tuples that collide. A million tuples which are all in one bucket of an
 * ordinary hash of their words cost no more to look up than random ones, no bucket of the table has
 * more than 32 of them, and no two starts have the same key.
 */
@Tag("abuse")
@Timeout(300)
class CollidingTuplesTest {
    private static final int TUPLES = 1_000_000;
    private static final int STARTS = 100;
    private static final int LONGEST_PROBE = 32;
    private static final int REPEATS = 7;
    private static final FlowDecision FORWARD = new FlowDecision.Forward("all", "tunnels");

    /** What is usual in Java: {@code Objects.hash}, and what records and lists do. */
    private static int unkeyed(long source, long destination, int ports) {
        int hash = 31 + Long.hashCode(source);
        hash = 31 * hash + Long.hashCode(destination);
        return 31 * hash + ports;
    }

    /** One tuple: IPv4 addresses in mapped form and both ports in one number. */
    private record Tuple(long source, long destination, int ports) {
        FlowKey key(FlowKey into) {
            return into.set(
                    1,
                    IpProtocol.UDP,
                    /* sourceHigh= */ 0,
                    /* sourceLow= */ source,
                    /* sourcePort= */ ports >>> 16,
                    /* destinationHigh= */ 0,
                    /* destinationLow= */ destination,
                    /* destinationPort= */ ports & 0xffff);
        }
    }

    /** Whatever the source, the ports make up for it. */
    private static Tuple colliding(int i) {
        long source = 0xffff_0a00_0000L + i;
        long destination = 0xffff_0b00_0001L;
        int wanted = 4711;
        int others = unkeyed(source, destination, 0);
        return new Tuple(source, destination, wanted - others);
    }

    private static IntFunction<Tuple> random(Random random) {
        return i ->
                new Tuple(
                        0xffff_0000_0000L | (random.nextInt() & 0xffff_ffffL),
                        0xffff_0000_0000L | (random.nextInt() & 0xffff_ffffL),
                        random.nextInt());
    }

    private static Tuple[] tuples(IntFunction<Tuple> of) {
        Tuple[] tuples = new Tuple[TUPLES];
        Arrays.setAll(tuples, of);
        return tuples;
    }

    private static FlowTable tableOf(Tuple[] tuples) {
        FlowTable table =
                new FlowTable(
                        1,
                        new FlowLimits(2 * TUPLES, 2 * TUPLES, 1_000_000),
                        FlowTimers.DEFAULT,
                        () -> 0,
                        FlowListener.NONE,
                        flow -> {});
        Tenant tenant = new Tenant(1, "acme");
        FlowKey key = new FlowKey();
        for (Tuple tuple : tuples) {
            table.open(tuple.key(key), tenant, 0, FORWARD);
        }
        return table;
    }

    @Test
    void looksUpCollidingTuplesAsFastAsRandomOnes() {
        Tuple[] colliding = tuples(CollidingTuplesTest::colliding);
        Set<Integer> hashes = new HashSet<>();
        for (Tuple each : colliding) {
            hashes.add(unkeyed(each.source(), each.destination(), each.ports()));
        }
        assertEquals(1, hashes.size(), "of the hash that they were made for");
        Tuple[] others = tuples(random(new Random(7)));
        FlowTable attacked = tableOf(colliding);
        FlowTable ordinary = tableOf(others);
        assertEquals(TUPLES, attacked.size());

        // In the same order of places in memory for both, and alternating.
        long[] ofAttacked = new long[REPEATS];
        long[] ofOrdinary = new long[REPEATS];
        for (int i = 0; i < REPEATS; i++) {
            ofOrdinary[i] = p99(ordinary, others, new Random(i));
            ofAttacked[i] = p99(attacked, colliding, new Random(i));
        }
        long attackedNanos = median(ofAttacked);
        long ordinaryNanos = median(ofOrdinary);
        System.out.printf(
                "row  7: p99 of a look-up: %d ns colliding, %d ns random, ratio %.2f (<= 2)%n",
                attackedNanos, ordinaryNanos, (double) attackedNanos / ordinaryNanos);
        assertTrue(
                attackedNanos <= 2 * ordinaryNanos, attackedNanos + " ns against " + ordinaryNanos);
    }

    private static long p99(FlowTable table, Tuple[] tuples, Random random) {
        int samples = 200_000;
        long[] nanos = new long[samples];
        FlowKey key = new FlowKey();
        for (int i = 0; i < samples; i++) {
            Tuple tuple = tuples[random.nextInt(tuples.length)];
            long before = System.nanoTime();
            boolean found = table.find(tuple.key(key)) != null;
            nanos[i] = System.nanoTime() - before;
            assertTrue(found);
        }
        Arrays.sort(nanos);
        return nanos[samples * 99 / 100];
    }

    private static long median(long[] values) {
        long[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }

    /** In tables of as many buckets as there are entries, and of a half and a quarter as many. */
    @Test
    void hasNoLongProbe() {
        Tuple[] colliding = tuples(CollidingTuplesTest::colliding);
        FlowKey key = new FlowKey();
        for (int bits : new int[] {18, 19, 20, 21}) {
            int[] upper = new int[1 << bits];
            int[] lower = new int[1 << bits];
            for (Tuple tuple : colliding) {
                int hash = tuple.key(key).hashCode();
                upper[hash >>> (32 - bits)]++;
                // ConcurrentHashMap spreads so.
                lower[(hash ^ hash >>> 16) & ((1 << bits) - 1)]++;
            }
            int longest =
                    Math.max(
                            Arrays.stream(upper).max().orElseThrow(),
                            Arrays.stream(lower).max().orElseThrow());
            System.out.printf(
                    "row  7: longest probe of 10^6 colliding tuples in 2^%d buckets: %d (<= 32)%n",
                    bits, longest);
            assertTrue(longest <= LONGEST_PROBE, "2^" + bits + ": " + longest);
        }
    }

    /** What a process of its own says. */
    public static final class Start {
        private Start() {}

        public static void main(String[] arguments) {
            System.out.println(KeyedHash.of(1, 2, 3, 4, 5));
        }
    }

    @Test
    void hasAnotherKeyAtEachStart() throws Exception {
        Set<String> hashes = new HashSet<>();
        for (int i = 0; i < STARTS; i++) {
            hashes.add(start());
        }
        System.out.printf(
                "row  7: %d different hashes of one tuple in %d starts%n", hashes.size(), STARTS);
        // Two of 2^32 are the same in one run of a million.
        assertEquals(STARTS, hashes.size());
    }

    private static String start() throws IOException, InterruptedException {
        Process process =
                new ProcessBuilder(
                                List.of(
                                        System.getProperty("java.home") + "/bin/java",
                                        "-XX:TieredStopAtLevel=1",
                                        "-XX:+UseSerialGC",
                                        "-Xshare:auto",
                                        "-cp",
                                        System.getProperty("java.class.path"),
                                        Start.class.getName()))
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        String answer =
                new String(process.getInputStream().readAllBytes(), StandardCharsets.US_ASCII)
                        .strip();
        assertEquals(0, process.waitFor());
        return answer;
    }
}
