package io.culvert.gateway.telemetry;

import io.prometheus.metrics.core.metrics.Histogram;
import io.prometheus.metrics.model.registry.PrometheusRegistry;

/**
 * How long hooks took, by plugin and hook, as {@link Series#HOOK_SECONDS}.
 *
 * <p>Threading: any.
 */
final class HookHistogram implements HookTimes {
    /** From what a look into a map takes to the longest deadline that anybody would give. */
    private static final double[] BOUNDS = {
        0.000_01, 0.000_05, 0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5
    };

    private static final double NANOS = 1e9;

    private final Histogram seconds;

    HookHistogram(PrometheusRegistry registry) {
        Series series = Series.HOOK_SECONDS;
        seconds =
                Histogram.builder()
                        .name(series.title())
                        .help(series.help())
                        .labelNames(series.labels().toArray(String[]::new))
                        .classicOnly()
                        .classicUpperBounds(BOUNDS)
                        .withoutExemplars()
                        .register(registry);
    }

    @Override
    public void took(String plugin, String hook, long nanos) {
        seconds.labelValues(Texts.wellFormed(plugin), Texts.wellFormed(hook))
                .observe(nanos / NANOS);
    }
}
