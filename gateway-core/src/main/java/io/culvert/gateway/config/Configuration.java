package io.culvert.gateway.config;

import io.culvert.gateway.http.HttpSettings;
import io.culvert.gateway.plugin.PluginEntry;
import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.tls.TlsSettings;
import io.culvert.gateway.upstream.GroupSettings;
import io.culvert.gateway.upstream.dns.ResolverSettings;

import java.util.List;

/**
 * A whole configuration, valid. Immutable.
 *
 * @param offramps always with {@link OffRamp#SOCKET} and {@link OffRamp#TUNNELS}, so that every
 *     {@code via} of the policy is here
 * @param midStream whether TCP connections are forwarded whose beginning was not seen
 * @param plugins in the order in which they are asked
 * @param workers threads that carry packets, at least 1
 */
public record Configuration(
        List<OnRamp> onramps,
        List<OffRamp> offramps,
        Policy policy,
        Limits limits,
        Timers timers,
        boolean midStream,
        List<PluginEntry> plugins,
        int workers,
        TelemetrySettings telemetry,
        TlsSettings tls,
        List<GroupSettings> upstreams,
        ResolverSettings resolver,
        HttpSettings http) {
    public Configuration {
        onramps = List.copyOf(onramps);
        offramps = List.copyOf(offramps);
        plugins = List.copyOf(plugins);
        upstreams = List.copyOf(upstreams);
    }

    /** One that tells nothing about itself. */
    public Configuration(
            List<OnRamp> onramps,
            List<OffRamp> offramps,
            Policy policy,
            Limits limits,
            Timers timers,
            boolean midStream,
            int workers) {
        this(
                onramps,
                offramps,
                policy,
                limits,
                timers,
                midStream,
                List.of(),
                workers,
                TelemetrySettings.NONE,
                TlsSettings.NONE,
                List.of(),
                ResolverSettings.DEFAULT,
                HttpSettings.DEFAULT);
    }
}
