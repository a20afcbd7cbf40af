package io.culvert.gateway.telemetry;

import io.culvert.flow.FlowListener;
import io.culvert.gateway.ConfigurationGeneration;
import io.culvert.gateway.Gateway;
import io.culvert.gateway.config.Configuration;
import io.culvert.gateway.config.TelemetrySettings;
import io.prometheus.metrics.instrumentation.jvm.JvmMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * All of a process's telemetry, as its configuration asks for it. Opened before the gateway, so
 * that it can listen to its flows, and closed after it, so that it hears of their end.
 *
 * <p>Threading: any.
 */
public final class Telemetry implements AutoCloseable {
    private final TelemetrySettings settings;
    private final Health health = new Health();
    private final Optional<FlowLog> flowLog;
    private final Optional<AccessLog> accessLog;
    private final Optional<Http> http;
    private final FlowListener listener;

    /** What is there only where metrics are asked for. */
    private record Http(PrometheusRegistry registry, FlowTotals totals, TelemetryServer server) {}

    private Telemetry(
            Configuration configuration,
            String version,
            ConfigurationGeneration generation,
            AuditLog auditLog)
            throws IOException {
        settings = configuration.telemetry();
        Redaction.use(Redaction.of(settings.redact()));
        int workers = configuration.workers();
        flowLog =
                settings.flowLog().isPresent()
                        ? Optional.of(FlowLog.open(settings.flowLog().get(), workers))
                        : Optional.empty();
        List<FlowListener> listeners = new ArrayList<>();
        flowLog.ifPresent(listeners::add);
        Optional<AccessLog> requests = Optional.empty();
        try {
            if (configuration.http().accessLog().file().isPresent()) {
                requests = Optional.of(AccessLog.open(configuration.http().accessLog()));
            }
            accessLog = requests;
            http =
                    settings.listen().isPresent()
                            ? Optional.of(
                                    http(
                                            workers,
                                            new SelfCollector(
                                                    version, generation, auditLog, flowLog)))
                            : Optional.empty();
        } catch (IOException | RuntimeException e) {
            flowLog.ifPresent(FlowLog::close);
            requests.ifPresent(AccessLog::close);
            throw e;
        }
        http.ifPresent(each -> listeners.add(each.totals()));
        listener = FlowListeners.of(listeners);
    }

    /**
     * Opens what the configuration asks for; where that is nothing, nothing is loaded.
     *
     * @param version of the build
     * @throws IOException with a sentence for the operator: a port that is taken, a file that
     *     cannot be written
     */
    public static Telemetry open(
            Configuration configuration,
            String version,
            ConfigurationGeneration generation,
            AuditLog auditLog)
            throws IOException {
        return new Telemetry(configuration, version, generation, auditLog);
    }

    private Http http(int workers, SelfCollector self) throws IOException {
        PrometheusRegistry registry = new PrometheusRegistry();
        registry.register(self);
        TelemetryServer server =
                TelemetryServer.open(settings.listen().orElseThrow(), registry, health);
        return new Http(registry, new FlowTotals(workers), server);
    }

    /** Whom the gateway has to tell of its flows. */
    public FlowListener listener() {
        return listener;
    }

    /** Where more series may be registered; nothing where there are no metrics. */
    public Optional<PrometheusRegistry> registry() {
        return http.map(Http::registry);
    }

    /** A gateway has started with {@link #listener}: its figures are to be had from now on. */
    public void ready(Gateway gateway) {
        health.watch(gateway);
        accessLog.ifPresent(gateway.http()::listener);
        http.ifPresent(
                each -> {
                    each.registry()
                            .register(
                                    new GatewayCollector(
                                            gateway, each.totals(), settings.tenants()));
                    each.registry().register(new HookCollector(gateway.plugins().times()));
                    each.registry().register(new HttpCollector(gateway.http(), accessLog));
                    each.registry().register(new TlsCollector(gateway.tls()));
                    each.registry().register(new UpstreamCollector(gateway.upstreams()));
                    JvmMetrics.builder().register(each.registry());
                });
        health.ready();
    }

    /** New flows are refused from now on. */
    public void draining() {
        health.draining();
    }

    @Override
    public void close() {
        http.ifPresent(each -> each.server().close());
        flowLog.ifPresent(FlowLog::close);
        accessLog.ifPresent(AccessLog::close);
    }
}
