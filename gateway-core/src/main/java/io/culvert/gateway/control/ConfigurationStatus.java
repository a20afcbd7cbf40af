package io.culvert.gateway.control;

import com.fasterxml.jackson.annotation.JsonProperty;

import io.culvert.gateway.Administration;
import io.culvert.gateway.ConfigurationGeneration;

/**
 * Which configuration a gateway has.
 *
 * @param hash of its text
 * @param result of the last attempt to change it: {@code applied}, {@code refused} or {@code
 *     stepped back}
 * @param attempted when that was, RFC 3339
 * @param confirmWithinMillis how long it awaits its confirmation yet; 0 where it does not
 */
public record ConfigurationStatus(
        long generation,
        String hash,
        String result,
        String attempted,
        @JsonProperty("confirm_within_ms") long confirmWithinMillis) {

    static ConfigurationStatus of(Administration administration) {
        // One that is about to be taken back still waits.
        long within =
                administration.awaiting().map(time -> Math.max(1, time.toMillis())).orElse(0L);
        ConfigurationGeneration.State now = administration.generation().state();
        return new ConfigurationStatus(
                now.number(),
                now.hash(),
                administration.outcome(),
                now.lastAttempt().toString(),
                within);
    }
}
