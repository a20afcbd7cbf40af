package io.culvert.gateway.policy;

import io.culvert.flow.Allowance;
import io.culvert.flow.RateLimits;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * How much of what a rule carries may pass.
 *
 * @param per who has the allowance for himself
 */
public record Quota(RateLimits.Per per, Allowance allowance) {
    @Override
    public String toString() {
        List<String> parts = new ArrayList<>();
        parts.add("per: " + per.name().toLowerCase(Locale.ROOT));
        add(parts, "flows-per-second: ", allowance.flowsPerSecond());
        add(parts, "flows: ", allowance.flows());
        add(parts, "packets-per-second: ", allowance.packetsPerSecond());
        if (allowance.bytesPerSecond() > 0) {
            parts.add("bytes-per-second: " + allowance.bytesPerSecond() + "B");
        }
        return "{ " + String.join(", ", parts) + " }";
    }

    private static void add(List<String> parts, String key, long limit) {
        if (limit > 0) {
            parts.add(key + limit);
        }
    }
}
