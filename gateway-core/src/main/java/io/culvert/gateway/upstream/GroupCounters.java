package io.culvert.gateway.upstream;

import io.culvert.hook.Reason;

import java.util.EnumMap;
import java.util.Map;
import java.util.concurrent.atomic.LongAdder;

/**
 * What a group has done since the gateway started. Survives its servers.
 *
 * <p>Threading: any thread.
 */
final class GroupCounters {
    private final LongAdder requests = new LongAdder();
    private final LongAdder retries = new LongAdder();
    private final LongAdder ejections = new LongAdder();
    private final LongAdder checks = new LongAdder();
    private final LongAdder failedChecks = new LongAdder();
    private final Map<Failure, LongAdder> failures = adders(Failure.class);
    private final Map<Reason, LongAdder> refusals = adders(Reason.class);

    private static <E extends Enum<E>> Map<E, LongAdder> adders(Class<E> type) {
        Map<E, LongAdder> adders = new EnumMap<>(type);
        for (E constant : type.getEnumConstants()) {
            adders.put(constant, new LongAdder());
        }
        return adders;
    }

    void requested(boolean retry) {
        requests.increment();
        if (retry) {
            retries.increment();
        }
    }

    void failed(Failure kind) {
        failures.get(kind).increment();
    }

    void refused(Reason reason) {
        refusals.get(reason).increment();
    }

    void ejected() {
        ejections.increment();
    }

    void checked(boolean good) {
        checks.increment();
        if (!good) {
            failedChecks.increment();
        }
    }

    long requests() {
        return requests.sum();
    }

    long retries() {
        return retries.sum();
    }

    long ejections() {
        return ejections.sum();
    }

    long checks() {
        return checks.sum();
    }

    long failedChecks() {
        return failedChecks.sum();
    }

    long failures(Failure kind) {
        return failures.get(kind).sum();
    }

    long refusals(Reason reason) {
        return refusals.get(reason).sum();
    }
}
