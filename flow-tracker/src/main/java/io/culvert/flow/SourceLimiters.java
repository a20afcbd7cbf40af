package io.culvert.flow;

import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * The limiters of sources, in bounded memory, whoever forges how many addresses.
 *
 * <p><b>Theory of operation.</b> A source has one of {@value #WAYS} places, by a keyed hash. One
 * whose limiter says what a new one would say, that has no flow and has used nothing for as long as
 * it takes to forget that, gives its place to whoever comes. So a source that comes back after it
 * lost its place has no more than its share, and memory is lost to nobody for longer than a burst
 * takes to come back, about a second. Who finds no place, because more sources than there are
 * places are busy at once, shares one limiter with all others who find none: a flood of forged
 * sources gets the share of one, and what it takes is taken from newcomers, not from those who have
 * a place.
 *
 * <p>Threading: shared, without locks.
 */
public final class SourceLimiters {
    /** Some 17 MB, where every one is taken. */
    static final int PLACES = 1 << 16;

    static final int WAYS = 8;

    /** Who has it: the limits of which rule, whose tenant, and from where. */
    private record Place(int limits, int tenant, long high, long low, Limiter limiter) {
        boolean is(int limits, int tenant, long high, long low) {
            return this.low == low
                    && this.high == high
                    && this.tenant == tenant
                    && this.limits == limits;
        }
    }

    private final AtomicReferenceArray<Place> places = new AtomicReferenceArray<>(PLACES);

    /**
     * The limiter of a source, which its flow has {@linkplain Limiter#enter entered}.
     *
     * @param limits tells apart what has an allowance of its own
     * @param otherwise who shares, where no place is free; never retired
     */
    Limiter enter(
            int limits,
            int tenant,
            long high,
            long low,
            Allowance allowance,
            Limiter otherwise,
            long nowNanos) {
        int first = KeyedHash.of(limits, tenant, high, low, 0) & (PLACES - WAYS);
        while (true) {
            int own = find(first, limits, tenant, high, low);
            if (own >= 0) {
                Limiter limiter = places.get(own).limiter;
                if (limiter.enter()) {
                    return limiter;
                }
            }
            int free = own >= 0 ? own : free(first, nowNanos);
            if (free < 0) {
                boolean unused = otherwise.enter();
                return otherwise;
            }
            Place before = places.get(free);
            if (before != null && !before.limiter.isRetired()) {
                // Somebody has just taken it.
                continue;
            }
            Limiter limiter = new Limiter(allowance, nowNanos);
            boolean unused = limiter.enter();
            if (places.compareAndSet(free, before, new Place(limits, tenant, high, low, limiter))) {
                return limiter;
            }
        }
    }

    /**
     * The limiter that {@link #enter} would answer; {@code null} where it would be a new one.
     * Nobody loses his place.
     */
    Limiter peek(int limits, int tenant, long high, long low, Limiter otherwise, long nowNanos) {
        int first = KeyedHash.of(limits, tenant, high, low, 0) & (PLACES - WAYS);
        int own = find(first, limits, tenant, high, low);
        if (own >= 0) {
            Limiter limiter = places.get(own).limiter;
            return limiter.isRetired() ? null : limiter;
        }
        for (int i = first; i < first + WAYS; i++) {
            Place place = places.get(i);
            if (place == null || place.limiter.isRetired() || place.limiter.couldRetire(nowNanos)) {
                return null;
            }
        }
        return otherwise;
    }

    private int find(int first, int limits, int tenant, long high, long low) {
        for (int i = first; i < first + WAYS; i++) {
            Place place = places.get(i);
            if (place != null && place.is(limits, tenant, high, low)) {
                return i;
            }
        }
        return -1;
    }

    private int free(int first, long nowNanos) {
        for (int i = first; i < first + WAYS; i++) {
            Place place = places.get(i);
            if (place == null || place.limiter.isRetired() || place.limiter.retire(nowNanos)) {
                return i;
            }
        }
        return -1;
    }

    /** How many places are taken. */
    int taken() {
        int taken = 0;
        for (int i = 0; i < PLACES; i++) {
            taken += places.get(i) == null ? 0 : 1;
        }
        return taken;
    }
}
