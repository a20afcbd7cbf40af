package io.culvert.gateway;

import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * What is known of texts that are no tunnel's: plugins are being asked about it, or it was refused
 * a moment ago and need not be asked about again. Both are bounded; of what was refused the oldest
 * is forgotten first.
 *
 * <p>Confined to who has the lock of the on-ramp's tunnels.
 *
 * @param <I> identifies a text of a source
 */
final class GueQuestions<I> {
    static final int MOST = 256;
    static final int MOST_OF_A_SOURCE = MOST / 4;
    static final int MOST_REFUSED = 4_096;

    /** As long a refusal holds. */
    static final long REFUSED_NANOS = TimeUnit.SECONDS.toNanos(5);

    private final Map<I, GueSource> asked = new HashMap<>();
    private final Map<GueSource, Integer> bySource = new HashMap<>();

    /** When each is forgotten, the oldest first. */
    private final Map<I, Long> refused =
            new LinkedHashMap<>() {
                @Override
                protected boolean removeEldestEntry(Map.Entry<I, Long> eldest) {
                    return size() > MOST_REFUSED;
                }
            };

    boolean isAsked(I text) {
        return asked.containsKey(text);
    }

    boolean isRefused(I text, long nowNanos) {
        Long until = refused.get(text);
        if (until != null && nowNanos - until >= 0) {
            refused.remove(text);
            return false;
        }
        return until != null;
    }

    /** Whether there is room for another, which is asked about from now on. */
    boolean begin(I text, GueSource source) {
        int ofSource = bySource.getOrDefault(source, 0);
        if (asked.size() >= MOST || ofSource >= MOST_OF_A_SOURCE) {
            return false;
        }
        bySource.put(source, ofSource + 1);
        asked.put(text, source);
        return true;
    }

    /**
     * It was answered.
     *
     * @return whether anybody still wants to know
     */
    boolean end(I text) {
        GueSource source = asked.remove(text);
        if (source != null) {
            bySource.computeIfPresent(source, (_, count) -> count == 1 ? null : count - 1);
        }
        return source != null;
    }

    /**
     * Other settings hold: what was refused may be right now.
     *
     * @param gone about whose texts nobody wants to know any more
     */
    void become(Set<GueSource> gone) {
        refused.clear();
        asked.values().removeAll(gone);
        bySource.keySet().removeAll(gone);
    }

    void refuse(I text, long nowNanos) {
        refused.remove(text);
        refused.put(text, nowNanos + REFUSED_NANOS);
    }
}
