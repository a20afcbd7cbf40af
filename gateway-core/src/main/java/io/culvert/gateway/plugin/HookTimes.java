package io.culvert.gateway.plugin;

import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/**
 * How often a plugin's hooks were asked, and how long they took. Outlives the plugin's versions.
 *
 * <p>Threading: any.
 */
public final class HookTimes {
    /** What a plugin may be asked. */
    public enum Hook {
        TUNNEL,
        FLOW,
        CONNECTION,
        EGRESS,
        CLOSED,
        HANDLER,
        HTTP
    }

    /** Upper bounds of the time that a call took, in seconds; the last has none. */
    public static final List<Double> BUCKETS =
            List.of(0.000_01, 0.000_03, 0.000_1, 0.000_3, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0);

    private final String plugin;
    private final Map<Hook, Figures> figures = new EnumMap<>(Hook.class);

    /** Of one hook. */
    public static final class Figures {
        private final LongAdder[] buckets = new LongAdder[BUCKETS.size() + 1];
        private final LongAdder nanos = new LongAdder();
        private final LongAdder failures = new LongAdder();
        private final LongAdder timeouts = new LongAdder();

        private Figures() {
            Arrays.setAll(buckets, each -> new LongAdder());
        }

        /** A call has come back, whether or not anybody still waited. */
        void took(long elapsedNanos) {
            double seconds = elapsedNanos / 1e9;
            int bucket = 0;
            while (bucket < BUCKETS.size() && seconds > BUCKETS.get(bucket)) {
                bucket++;
            }
            buckets[bucket].increment();
            nanos.add(elapsedNanos);
        }

        void failed() {
            failures.increment();
        }

        void timedOut() {
            timeouts.increment();
        }

        /** Calls by how long they took, of {@link #BUCKETS}; not cumulative. */
        public long[] counts() {
            return Arrays.stream(buckets).mapToLong(LongAdder::sum).toArray();
        }

        public double seconds() {
            return nanos.sum() / 1e9;
        }

        /** Calls that threw, or whose answer cannot be. */
        public long failures() {
            return failures.sum();
        }

        /** Calls that did not come back in time. */
        public long timeouts() {
            return timeouts.sum();
        }
    }

    HookTimes(String plugin) {
        this.plugin = plugin;
        for (Hook hook : Hook.values()) {
            figures.put(hook, new Figures());
        }
    }

    /** The plugin's name. */
    public String plugin() {
        return plugin;
    }

    public Figures of(Hook hook) {
        return figures.get(hook);
    }
}
