package io.culvert.gateway.upstream.dns;

import java.time.Duration;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Answers for as long as they are good, within bounds; the one that was not asked for longest makes
 * room. What was found stays a day longer, for when no server answers (RFC 8767 section 5).
 *
 * <p>Threading: any thread; guarded by itself.
 */
final class NameCache {
    /** RFC 8767 section 5: one to three days. */
    static final Duration STALE = Duration.ofDays(1);

    private final LongSupplier clock;
    private final Map<Key, Entry> entries = new LinkedHashMap<>(16, 0.75f, true);
    private ResolverSettings settings;

    /** Whose servers were asked for what. */
    record Key(String tenant, String name, boolean ipv6) {}

    private record Entry(NameAnswer answer, long untilNanos) {}

    NameCache(ResolverSettings settings, LongSupplier clock) {
        this.settings = settings;
        this.clock = clock;
    }

    /** From now on these bounds apply; what was answered by other servers is forgotten. */
    synchronized void become(ResolverSettings next) {
        boolean same =
                next.servers().equals(settings.servers())
                        && next.tenants().equals(settings.tenants());
        settings = next;
        if (!same) {
            entries.clear();
        }
        trim();
    }

    /**
     * Keeps an answer; one that failed is not kept.
     *
     * @return the same with the lifetime that it has here
     */
    synchronized NameAnswer put(Key key, NameAnswer answer) {
        if (answer.kind() == NameAnswer.Kind.FAILED) {
            return answer;
        }
        Duration most = answer.isFound() ? settings.most() : settings.negative();
        Duration least = answer.isFound() ? settings.least() : Duration.ZERO;
        Duration lifetime = min(most, max(least, answer.lifetime()));
        entries.put(key, new Entry(answer, clock.getAsLong() + lifetime.toNanos()));
        trim();
        return answer.lasting(lifetime);
    }

    /** What is good, with the rest of its lifetime. */
    synchronized Optional<NameAnswer> get(Key key) {
        Entry entry = entries.get(key);
        long left = entry == null ? 0 : entry.untilNanos - clock.getAsLong();
        return left > 0
                ? Optional.of(entry.answer.lasting(Duration.ofNanos(left)))
                : Optional.empty();
    }

    /**
     * What was good not long ago.
     *
     * @param lifetime that it is to have
     */
    synchronized Optional<NameAnswer> stale(Key key, Duration lifetime) {
        Entry entry = entries.get(key);
        return entry != null
                        && entry.answer.isFound()
                        && clock.getAsLong() - entry.untilNanos < STALE.toNanos()
                ? Optional.of(entry.answer.lasting(lifetime))
                : Optional.empty();
    }

    synchronized int size() {
        return entries.size();
    }

    private void trim() {
        Iterator<Key> longestUnused = entries.keySet().iterator();
        while (entries.size() > settings.cache()) {
            longestUnused.next();
            longestUnused.remove();
        }
    }

    private static Duration min(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }

    private static Duration max(Duration one, Duration other) {
        return one.compareTo(other) > 0 ? one : other;
    }
}
