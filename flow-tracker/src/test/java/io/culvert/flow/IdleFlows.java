package io.culvert.flow;

import com.github.benmanes.caffeine.cache.Cache;
import com.github.benmanes.caffeine.cache.Caffeine;
import com.github.benmanes.caffeine.cache.Expiry;

import io.culvert.hook.FlowDecision;
import io.culvert.wire.IpProtocol;

import java.lang.management.ManagementFactory;
import java.lang.management.MemoryMXBean;
import java.time.Duration;
import java.util.Locale;

/**
 * A program that fills a table with idle UDP flows and prints what one takes of the heap: {@code
 * FLOWS BYTES_PER_FLOW BYTES_OF_CAFFEINE BYTES_PER_TRACKER}. The third is what the same number of
 * entries takes in the same kind of cache where neither keys nor values are new, the last what
 * {@link TcpTracker} adds to a forwarded TCP flow.
 */
final class IdleFlows {
    private static final MemoryMXBean MEMORY = ManagementFactory.getMemoryMXBean();
    private static final FlowDecision UPGRADE =
            new FlowDecision.Upgrade("default", "relay", "socket");

    private IdleFlows() {}

    public static void main(String[] arguments) {
        int count = Integer.parseInt(arguments[0]);
        double perFlow = bytesPerFlow(count);
        double ofCaffeine = bytesOfCaffeine(count);
        double perTracker = bytesPerTracker(count);
        System.out.printf(
                Locale.ROOT, "%d %.1f %.1f %.1f%n", count, perFlow, ofCaffeine, perTracker);
    }

    private static double bytesPerTracker(int count) {
        TcpTracker[] trackers = new TcpTracker[count];
        long before = used();
        for (int i = 0; i < count; i++) {
            trackers[i] = new TcpTracker(false);
        }
        long after = used();
        if (trackers[count - 1].isUnanswered()) {
            throw new IllegalStateException("a new one");
        }
        return (after - before) / (double) count;
    }

    private static double bytesPerFlow(int count) {
        long before = used();
        FlowTable table =
                new FlowTable(
                        1,
                        new FlowLimits(count, count, 1_000_000),
                        FlowTimers.DEFAULT,
                        new CycleClock(System::nanoTime),
                        FlowListener.NONE,
                        flow -> {});
        Tenant tenant = new Tenant(1, "acme");
        FlowKey key = new FlowKey();
        for (int i = 0; i < count; i++) {
            key.set(1, IpProtocol.UDP, 0, 0xffff_0a00_0000L + i, 5_000, 0, 0xffff_cb00_7107L, 53);
            table.open(key, tenant, 0, UPGRADE);
            Flow flow = table.find(key);
            flow.count(Direction.FROM_INITIATOR, 1, 60, 0);
            flow.count(Direction.FROM_TARGET, 1, 60, 0);
        }
        long after = used();
        if (table.size() != count) {
            throw new IllegalStateException(table.size() + " flows");
        }
        return (after - before) / (double) count;
    }

    private static double bytesOfCaffeine(int count) {
        Integer[] keys = new Integer[count];
        for (int i = 0; i < count; i++) {
            keys[i] = 1_000_000 + i;
        }
        long before = used();
        Cache<Integer, Object> cache =
                Caffeine.newBuilder()
                        .ticker(System::nanoTime)
                        .executor(Runnable::run)
                        .expireAfter(
                                Expiry.<Integer, Object>creating(
                                        (key, value) -> Duration.ofMinutes(5)))
                        .removalListener((key, value, cause) -> {})
                        .build();
        for (Integer key : keys) {
            cache.put(key, UPGRADE);
        }
        long after = used();
        if (cache.estimatedSize() != keys.length) {
            throw new IllegalStateException(cache.estimatedSize() + " entries");
        }
        return (after - before) / (double) count;
    }

    private static long used() {
        // Twice, for what the first collection has only queued, such as references.
        MEMORY.gc();
        MEMORY.gc();
        return MEMORY.getHeapMemoryUsage().getUsed();
    }
}
