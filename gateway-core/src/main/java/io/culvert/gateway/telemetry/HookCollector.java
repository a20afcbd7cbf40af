package io.culvert.gateway.telemetry;

import io.culvert.gateway.plugin.HookTimes;
import io.culvert.gateway.plugin.HookTimes.Figures;
import io.culvert.gateway.plugin.HookTimes.Hook;
import io.culvert.gateway.plugin.HookTimesRegistry;
import io.prometheus.metrics.model.registry.MultiCollector;
import io.prometheus.metrics.model.snapshots.ClassicHistogramBuckets;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot;
import io.prometheus.metrics.model.snapshots.HistogramSnapshot.HistogramDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * How long plugins' hooks took, and how often they failed, by plugin and hook.
 *
 * @param times read when asked for
 */
public record HookCollector(HookTimesRegistry times) implements MultiCollector {
    private static final List<Double> BOUNDS = bounds();

    private static List<Double> bounds() {
        List<Double> bounds = new ArrayList<>(HookTimes.BUCKETS);
        bounds.add(Double.POSITIVE_INFINITY);
        return bounds;
    }

    @Override
    public MetricSnapshots collect() {
        Snapshots counters = new Snapshots();
        HistogramSnapshot.Builder histogram =
                HistogramSnapshot.builder()
                        .name(Series.HOOK_SECONDS.title())
                        .help(Series.HOOK_SECONDS.help());
        for (HookTimes plugin : times.all()) {
            String name = Texts.wellFormed(plugin.plugin());
            for (Hook hook : Hook.values()) {
                Figures figures = plugin.of(hook);
                String word = hook.name().toLowerCase(Locale.ROOT);
                histogram.dataPoint(point(figures, name, word));
                counters.add(Series.HOOK_FAILURES, figures.failures(), name, word)
                        .add(Series.HOOK_TIMEOUTS, figures.timeouts(), name, word);
            }
        }
        List<MetricSnapshot> all = new ArrayList<>();
        counters.build().forEach(all::add);
        all.add(histogram.build());
        return new MetricSnapshots(all);
    }

    private static HistogramDataPointSnapshot point(Figures figures, String plugin, String hook) {
        return HistogramDataPointSnapshot.builder()
                .classicHistogramBuckets(
                        ClassicHistogramBuckets.of(
                                BOUNDS, Arrays.stream(figures.counts()).boxed().toList()))
                .sum(figures.seconds())
                .labels(Labels.of(Series.HOOK_SECONDS.labels(), List.of(plugin, hook)))
                .build();
    }
}
