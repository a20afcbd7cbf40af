package io.culvert.gateway.telemetry;

import io.prometheus.metrics.model.snapshots.CounterSnapshot;
import io.prometheus.metrics.model.snapshots.CounterSnapshot.CounterDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot;
import io.prometheus.metrics.model.snapshots.GaugeSnapshot.GaugeDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot;
import io.prometheus.metrics.model.snapshots.InfoSnapshot.InfoDataPointSnapshot;
import io.prometheus.metrics.model.snapshots.Labels;
import io.prometheus.metrics.model.snapshots.MetricSnapshot;
import io.prometheus.metrics.model.snapshots.MetricSnapshots;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Collects the values of one scrape and gives them the client library's form. Values of the same
 * labels add up, so that no name a tenant may have can spoil a page.
 */
final class Snapshots {
    private final Map<Series, Map<List<String>, Double>> values = new EnumMap<>(Series.class);

    /** Adds a count; as many labels as the series has. */
    Snapshots add(Series series, long count, String... labels) {
        return addExactly(series, (double) count, labels);
    }

    /** The same of a number that need not be whole. */
    Snapshots addExactly(Series series, double value, String... labels) {
        if (labels.length != series.labels().size()) {
            throw new IllegalArgumentException(series + " has labels " + series.labels());
        }
        List<String> mended = new ArrayList<>();
        for (String label : labels) {
            mended.add(Texts.wellFormed(label));
        }
        values.computeIfAbsent(series, each -> new LinkedHashMap<>())
                .merge(List.copyOf(mended), value, Double::sum);
        return this;
    }

    MetricSnapshots build() {
        List<MetricSnapshot> all = new ArrayList<>();
        values.forEach((series, points) -> all.add(snapshot(series, points)));
        return new MetricSnapshots(all);
    }

    private static MetricSnapshot snapshot(Series series, Map<List<String>, Double> points) {
        return switch (series.type()) {
            case COUNTER -> counter(series, points);
            case GAUGE -> gauge(series, points);
            case INFO -> info(series, points);
            case HISTOGRAM -> throw new IllegalArgumentException(series + " counts by itself");
        };
    }

    private static MetricSnapshot counter(Series series, Map<List<String>, Double> points) {
        // The library adds the end of the name itself.
        CounterSnapshot.Builder counter =
                CounterSnapshot.builder()
                        .name(without(series.title(), "_total"))
                        .help(series.help());
        points.forEach(
                (labels, value) ->
                        counter.dataPoint(
                                CounterDataPointSnapshot.builder()
                                        .value(value)
                                        .labels(Labels.of(series.labels(), labels))
                                        .build()));
        return counter.build();
    }

    private static MetricSnapshot gauge(Series series, Map<List<String>, Double> points) {
        GaugeSnapshot.Builder gauge =
                GaugeSnapshot.builder().name(series.title()).help(series.help());
        points.forEach(
                (labels, value) ->
                        gauge.dataPoint(
                                GaugeDataPointSnapshot.builder()
                                        .value(value)
                                        .labels(Labels.of(series.labels(), labels))
                                        .build()));
        return gauge.build();
    }

    private static MetricSnapshot info(Series series, Map<List<String>, Double> points) {
        InfoSnapshot.Builder info =
                InfoSnapshot.builder().name(without(series.title(), "_info")).help(series.help());
        points.keySet()
                .forEach(
                        labels ->
                                info.dataPoint(
                                        InfoDataPointSnapshot.builder()
                                                .labels(Labels.of(series.labels(), labels))
                                                .build()));
        return info.build();
    }

    private static String without(String name, String end) {
        return name.substring(0, name.length() - end.length());
    }
}
