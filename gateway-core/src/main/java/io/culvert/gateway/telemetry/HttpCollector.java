package io.culvert.gateway.telemetry;

import io.culvert.gateway.http.HttpProxy;
import io.culvert.hook.Reason;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;

import java.util.Optional;

/**
 * What the HTTP proxy does.
 *
 * @param proxy read when asked for
 */
record HttpCollector(HttpProxy proxy, Optional<AccessLog> log) implements MultiCollector {
    @Override
    public MetricSnapshots collect() {
        Snapshots page = new Snapshots();
        for (int version = 1; version <= 3; version++) {
            for (int hundreds = 0; hundreds <= 5; hundreds++) {
                page.add(
                        Series.HTTP_REQUESTS,
                        proxy.requests(version, hundreds),
                        String.valueOf(version),
                        hundreds == 0 ? "none" : hundreds + "xx");
            }
        }
        for (Reason reason : Reason.values()) {
            long count = proxy.refusals(reason);
            if (count > 0 || reason.name().startsWith("HTTP_")) {
                page.add(Series.HTTP_REFUSED, count, reason.name());
            }
        }
        page.add(Series.HTTP_UPSTREAM_CONNECTS, proxy.connects())
                .add(Series.HTTP_UPSTREAM_REUSES, proxy.reuses())
                .add(Series.HTTP_UPSTREAM_MOVES, proxy.moves())
                .add(Series.HTTP_UPSTREAM_STALE, proxy.stales())
                .add(Series.HTTP_UPSTREAM_IDLE, proxy.idle());
        page.add(Series.ACCESS_LOG_RECORDS, log.map(AccessLog::written).orElse(0L), "written")
                .add(Series.ACCESS_LOG_RECORDS, log.map(AccessLog::missing).orElse(0L), "missing");
        return page.build();
    }
}
