package io.culvert.gateway.upstream;

import java.time.Duration;

/**
 * Whether a server is to be used, by what checks found and by what it did to requests.
 *
 * <p><b>Theory of operation.</b> Checks decide by themselves: {@code fall} bad ones in a row take a
 * server out, {@code rise} good ones bring it back; it counts as well until told otherwise.
 * Requests have another say: so many that fail in a row eject the server for a time, which doubles
 * with each ejection. When that is over it gets requests again, but the first that fails ejects it
 * anew. Once it has answered for as long as it was last ejected, the times begin from the least.
 *
 * <p>Threading: any thread; guarded by itself.
 */
final class MemberHealth {
    /** Beyond it the time is at its most anyway. */
    private static final int MOST_DOUBLINGS = 30;

    private EjectionSettings settings;
    private int rise;
    private int fall;

    /** Whether checks found it well. */
    private boolean well = true;

    /** Checks in a row that say otherwise than {@link #well}. */
    private int contrary;

    private int failures;
    private int ejections;
    private boolean ejected;
    private long ejectedUntilNanos;
    private long lastEjectionNanos;
    private long totalEjections;
    private String trouble = "";

    /** Whether there is nothing that an answer would mend: then it need not be told. */
    private volatile boolean spotless = true;

    /** What a server is at a moment. */
    enum State {
        HEALTHY,
        /** Checks fail. */
        DOWN,
        /** Requests failed. */
        EJECTED
    }

    MemberHealth(EjectionSettings ejection, int rise, int fall) {
        become(ejection, rise, fall);
    }

    /** From now on these apply; what is known stays known. */
    synchronized void become(EjectionSettings ejection, int rise, int fall) {
        this.settings = ejection;
        this.rise = rise;
        this.fall = fall;
    }

    /** Nobody checks any more. */
    synchronized void unchecked() {
        well = true;
        contrary = 0;
    }

    /**
     * A check was answered.
     *
     * @param problem what is wrong; empty where the server is well
     * @return whether the state changed
     */
    synchronized boolean checked(String problem) {
        boolean good = problem.isEmpty();
        if (!good) {
            trouble = problem;
        }
        if (good == well) {
            contrary = 0;
            return false;
        }
        contrary++;
        if (contrary < (good ? rise : fall)) {
            return false;
        }
        well = good;
        contrary = 0;
        return true;
    }

    /** A request was answered. */
    void succeeded(long nowNanos) {
        if (!spotless) {
            mend(nowNanos);
        }
    }

    private synchronized void mend(long nowNanos) {
        failures = 0;
        if (ejections > 0 && nowNanos - ejectedUntilNanos >= lastEjectionNanos) {
            ejections = 0;
        }
        spotless = ejections == 0;
    }

    /**
     * A request failed.
     *
     * @return whether the server is ejected by that
     */
    synchronized boolean failed(Failure kind, long nowNanos) {
        // Others that were under way when it was ejected tell nothing new.
        if (settings.failures() == 0 || isEjected(nowNanos)) {
            return false;
        }
        spotless = false;
        failures++;
        if (failures < settings.failures()) {
            return false;
        }
        // Kept one short of the bound, so that the first failure after the return ejects again.
        failures = settings.failures() - 1;
        lastEjectionNanos = span(ejections);
        ejections++;
        totalEjections++;
        ejected = true;
        ejectedUntilNanos = nowNanos + lastEjectionNanos;
        trouble =
                "%d failures in a row, the last: %s"
                        .formatted(settings.failures(), Texts.word(kind));
        return true;
    }

    private long span(int before) {
        Duration most = settings.most();
        if (before >= MOST_DOUBLINGS) {
            return most.toNanos();
        }
        Duration span = settings.least().multipliedBy(1L << before);
        return (span.compareTo(most) < 0 ? span : most).toNanos();
    }

    synchronized State state(long nowNanos) {
        return !well ? State.DOWN : isEjected(nowNanos) ? State.EJECTED : State.HEALTHY;
    }

    /** Whether checks fail, whatever requests did. */
    synchronized boolean isDown() {
        return !well;
    }

    /** How long it is ejected from now on; 0 where it is not. */
    synchronized long ejectedForNanos(long nowNanos) {
        return isEjected(nowNanos) ? ejectedUntilNanos - nowNanos : 0;
    }

    synchronized long totalEjections() {
        return totalEjections;
    }

    /** What went wrong last, for a person; empty where nothing has. */
    synchronized String trouble() {
        return trouble;
    }

    private boolean isEjected(long nowNanos) {
        if (ejected && nowNanos - ejectedUntilNanos >= 0) {
            ejected = false;
        }
        return ejected;
    }
}
