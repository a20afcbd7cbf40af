package io.culvert.gateway.tls;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.Map;

/**
 * Says in the log that certificates are about to end, or have, once a day each.
 *
 * <p>Threading: one at a time.
 */
final class ExpiryWatch {
    private static final Logger LOG = LoggerFactory.getLogger(ExpiryWatch.class);
    private static final Duration AGAIN = Duration.ofDays(1);

    private final Map<String, Instant> told = new HashMap<>();

    /**
     * Looks at all there are.
     *
     * @param ahead so long before the end something is said
     */
    void look(Collection<KeyedCertificate> certificates, Duration ahead, Instant now) {
        told.values().removeIf(when -> !when.plus(AGAIN).isAfter(now));
        for (KeyedCertificate each : certificates) {
            if (each.notAfter().minus(ahead).isAfter(now)
                    || told.putIfAbsent(each.source(), now) != null) {
                continue;
            }
            Duration left = Duration.between(now, each.notAfter());
            if (left.isNegative()) {
                LOG.error("The certificate {} has ended at {}", each.source(), each.notAfter());
            } else {
                LOG.warn(
                        "The certificate {} ends at {}, in {} days",
                        each.source(),
                        each.notAfter(),
                        left.toDays());
            }
        }
    }
}
