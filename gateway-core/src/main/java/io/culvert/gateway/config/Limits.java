package io.culvert.gateway.config;

import java.time.Duration;

/**
 * What is bounded. At a limit the new one is refused with a reason, and what lives stays.
 *
 * @param flows that live at once
 * @param flowsPerTenant at most {@code flows}
 * @param flowsPerSecondPerTenant that one tenant opens in a second
 * @param slotsPerTenant upgraded TCP connections of one tenant, at most {@code flowsPerTenant}
 * @param dials of upgraded TCP flows, under way at once
 * @param dialTimeout how long one may take
 * @param drain how long live flows may go on after the gateway was told to stop
 * @param relayBuffer bytes that a relayed flow holds in each direction
 */
public record Limits(
        int flows,
        int flowsPerTenant,
        int flowsPerSecondPerTenant,
        int slotsPerTenant,
        int dials,
        Duration dialTimeout,
        Duration drain,
        int relayBuffer) {
    public static final Limits DEFAULT =
            new Limits(
                    1_000_000,
                    200_000,
                    1_000_000,
                    200_000,
                    4096,
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(30),
                    256 * 1024);
}
