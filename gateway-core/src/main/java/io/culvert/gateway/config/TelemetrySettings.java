package io.culvert.gateway.config;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;
import java.util.Set;

/**
 * What the gateway tells about itself, and where.
 *
 * @param listen where metrics and health are asked for
 * @param tenants so many of them are told apart in metrics
 * @param flowLog the file of flow records
 * @param auditLog the file of administrative actions
 * @param redact keys whose values appear in no log
 */
public record TelemetrySettings(
        Optional<InetSocketAddress> listen,
        int tenants,
        Optional<Path> flowLog,
        Optional<Path> auditLog,
        Set<String> redact) {
    public static final int DEFAULT_TENANTS = 100;

    /** Nothing is told. */
    public static final TelemetrySettings NONE =
            new TelemetrySettings(
                    Optional.empty(),
                    DEFAULT_TENANTS,
                    Optional.empty(),
                    Optional.empty(),
                    Set.of());

    public TelemetrySettings {
        redact = Set.copyOf(redact);
    }
}
