package io.culvert.gateway.upstream;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * How many of a group's live requests may be retries: a share of them all, so that servers that
 * fail are not given a multiple of the load under which they did, and a few in any case, so that a
 * quiet group retries at all.
 *
 * <p>Threading: any thread.
 */
final class RetryBudget {
    /** Live retries that are allowed however few requests there are. */
    static final int FLOOR = 3;

    private final AtomicInteger live = new AtomicInteger();

    /**
     * Takes one retry, to be given back.
     *
     * @param requests live ones of the group
     * @param percent the share
     */
    boolean take(int requests, int percent) {
        long allowed = Math.max(FLOOR, (long) requests * percent / 100);
        if (percent == 0) {
            return false;
        }
        for (; ; ) {
            int now = live.get();
            if (now >= allowed) {
                return false;
            }
            if (live.compareAndSet(now, now + 1)) {
                return true;
            }
        }
    }

    /** One is over. */
    void give() {
        live.decrementAndGet();
    }

    int live() {
        return live.get();
    }
}
