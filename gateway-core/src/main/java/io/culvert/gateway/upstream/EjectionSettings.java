package io.culvert.gateway.upstream;

import java.time.Duration;

/**
 * When a server is left alone for a while because of what it did to requests.
 *
 * @param failures so many in a row; 0 for never
 * @param least how long the first time; twice as long each further time
 * @param most how long at most
 */
public record EjectionSettings(int failures, Duration least, Duration most) {
    public static final EjectionSettings DEFAULT =
            new EjectionSettings(5, Duration.ofSeconds(10), Duration.ofMinutes(5));
}
