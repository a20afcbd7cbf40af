package io.culvert.bench;

import org.openjdk.jmh.profile.GCProfiler;
import org.openjdk.jmh.results.Result;
import org.openjdk.jmh.results.RunResult;
import org.openjdk.jmh.runner.Runner;
import org.openjdk.jmh.runner.RunnerException;
import org.openjdk.jmh.runner.options.OptionsBuilder;
import org.openjdk.jmh.runner.options.TimeValue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Locale;
import java.util.StringJoiner;

/**
 * Runs every micro-benchmark in a JVM of its own and writes the figures in the shape of JMH's own
 * JSON, of which {@code benches/summary.jq} reads {@code score} (the average), {@code scoreError}
 * (99.9 percent) and {@code gc.alloc.rate.norm}; percentile 0.0 is the best iteration, which a busy
 * machine disturbs least. What JMH would add names paths of the machine.
 *
 * <p>Usage: {@code Jmh RESULTS.json [BENCHMARK]}, where the second is a regular expression.
 */
public final class Jmh {
    private static final String ALLOCATED = "gc.alloc.rate.norm";

    private Jmh() {}

    public static void main(String[] arguments) throws RunnerException, IOException {
        if (arguments.length < 1 || arguments.length > 2) {
            System.err.println("usage: Jmh RESULTS.json [BENCHMARK]");
            System.exit(2);
        }
        Collection<RunResult> results =
                new Runner(
                                new OptionsBuilder()
                                        .include(
                                                Jmh.class.getPackageName()
                                                        + ".*"
                                                        + (arguments.length > 1
                                                                ? arguments[1]
                                                                : ""))
                                        .addProfiler(GCProfiler.class)
                                        .forks(1)
                                        .warmupIterations(4)
                                        .warmupTime(TimeValue.milliseconds(500))
                                        .measurementIterations(10)
                                        .measurementTime(TimeValue.milliseconds(500))
                                        .shouldFailOnError(true)
                                        .build())
                        .run();
        Files.writeString(Path.of(arguments[0]), json(results));
    }

    private static String json(Collection<RunResult> results) {
        StringJoiner rows = new StringJoiner(",\n", "[\n", "\n]\n");
        for (RunResult result : results) {
            rows.add(row(result));
        }
        return rows.toString();
    }

    private static String row(RunResult run) {
        StringJoiner params = new StringJoiner(", ", "{", "}");
        for (String key : run.getParams().getParamsKeys()) {
            params.add("\"" + key + "\": \"" + run.getParams().getParam(key) + "\"");
        }
        Result<?> time = run.getPrimaryResult();
        Result<?> allocated = run.getSecondaryResults().get(ALLOCATED);
        return String.format(
                Locale.ROOT,
                "  {\"benchmark\": \"%s\", \"mode\": \"%s\", \"params\": %s,"
                        + " \"primaryMetric\": {\"score\": %.2f, \"scoreError\": %.2f,"
                        + " \"scorePercentiles\": {\"0.0\": %.2f}, \"scoreUnit\": \"%s\"},"
                        + " \"secondaryMetrics\": {\"%s\": {\"score\": %.3f}}}",
                run.getParams().getBenchmark(),
                run.getParams().getMode().shortLabel(),
                params,
                time.getScore(),
                time.getScoreError(),
                time.getStatistics().getMin(),
                time.getScoreUnit(),
                ALLOCATED,
                allocated.getScore());
    }
}
