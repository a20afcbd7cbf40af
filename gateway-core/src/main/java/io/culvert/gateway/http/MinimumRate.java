package io.culvert.gateway.http;

import java.time.Duration;

/**
 * How fast a client has to be while it alone is waited for.
 *
 * @param bytes a second, on average; 0 for any
 * @param time over which
 */
public record MinimumRate(int bytes, Duration time) {
    /** Slower than any link that people browse by, and faster than attacks that cost nothing. */
    public static final MinimumRate DEFAULT = new MinimumRate(240, Duration.ofSeconds(30));
}
