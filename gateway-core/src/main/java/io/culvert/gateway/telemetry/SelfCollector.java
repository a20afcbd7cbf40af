package io.culvert.gateway.telemetry;

import io.culvert.gateway.ConfigurationGeneration;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;

import java.util.Optional;

/**
 * What there is to say whether or not a gateway runs yet: the build, the configuration, the logs.
 *
 * @param flowLog where there is one
 */
record SelfCollector(
        String version,
        ConfigurationGeneration generation,
        AuditLog auditLog,
        Optional<FlowLog> flowLog)
        implements MultiCollector {
    @Override
    public MetricSnapshots collect() {
        ConfigurationGeneration.State state = generation.state();
        Snapshots page =
                new Snapshots()
                        .add(Series.BUILD, 1, version, Runtime.version().toString())
                        .add(Series.CONFIGURATION_GENERATION, state.number())
                        .add(Series.CONFIGURATION_LAST_RELOAD_SUCCESSFUL, state.succeeded() ? 1 : 0)
                        .addExactly(
                                Series.CONFIGURATION_LAST_RELOAD_TIMESTAMP,
                                state.lastAttempt().toEpochMilli() / 1000.0)
                        .add(Series.AUDIT_LOG_FAILURES, auditLog.failures());
        flowLog.ifPresent(log -> log.figures().addTo(page));
        return page.build();
    }
}
