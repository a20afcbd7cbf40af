package io.culvert.gateway.upstream.dns;

import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Names of which no server knew anything when they were asked for last. Each is left alone for a
 * while, which doubles with every failure in a row: RFC 9520 section 3.2 has it at least a second
 * and at most five minutes, and backing off; so that servers that come back are found soon, and
 * servers that do not are not beaten by everybody who wants something. It ends at the 30 seconds
 * that RFC 8767 section 5 has between attempts while stale answers are served.
 *
 * <p>Bounded; the one that was not asked for longest makes room. Confined to one thread.
 */
final class FailedNames {
    static final Duration FIRST = Duration.ofSeconds(1);
    static final Duration MOST = Duration.ofSeconds(30);

    /** After so long without a question the next failure is a first one again: RFC 9520. */
    static final Duration FORGOTTEN = Duration.ofMinutes(5);

    static final int CAPACITY = 1_000;

    private final LongSupplier clock;
    private final Map<NameCache.Key, Failure> failures = new LinkedHashMap<>(16, 0.75f, true);

    private record Failure(NameAnswer answer, Duration pause, long untilNanos) {}

    FailedNames(LongSupplier clock) {
        this.clock = clock;
    }

    /**
     * No server knew it.
     *
     * @param answer that failed
     * @return the same, good until the name is asked for again
     */
    NameAnswer failed(NameCache.Key key, NameAnswer answer) {
        long now = clock.getAsLong();
        Failure before = failures.get(key);
        boolean again = before != null && now - before.untilNanos < FORGOTTEN.toNanos();
        Duration pause = again ? min(MOST, before.pause.multipliedBy(2)) : FIRST;
        failures.put(key, new Failure(answer, pause, now + pause.toNanos()));
        if (failures.size() > CAPACITY) {
            failures.remove(failures.keySet().iterator().next());
        }
        return answer.lasting(pause);
    }

    /** Why the name is not to be asked for now, and for how long; empty where it may be. */
    Optional<NameAnswer> get(NameCache.Key key) {
        Failure failure = failures.get(key);
        long left = failure == null ? 0 : failure.untilNanos - clock.getAsLong();
        return left > 0
                ? Optional.of(failure.answer.lasting(Duration.ofNanos(left)))
                : Optional.empty();
    }

    /** A server knew it. */
    void answered(NameCache.Key key) {
        failures.remove(key);
    }

    /** Other servers may be asked now. */
    void forget() {
        failures.clear();
    }

    private static Duration min(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }
}
