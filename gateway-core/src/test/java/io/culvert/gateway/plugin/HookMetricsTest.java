package io.culvert.gateway.plugin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.plugin.HookTimes.Hook;
import io.culvert.gateway.telemetry.HookCollector;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What hooks take is a histogram among the metrics. */
class HookMetricsTest {
    private final HookTimesRegistry times = new HookTimesRegistry();

    private List<String> page() throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrometheusTextFormatWriter.builder().build().write(out, new HookCollector(times).collect());
        return out.toString(StandardCharsets.UTF_8).lines().toList();
    }

    @Test
    void thereIsNoneWithoutAPlugin() throws IOException {
        assertEquals(List.of(), page().stream().filter(line -> !line.startsWith("#")).toList());
    }

    @Test
    void timesFailuresAndTimeoutsAreThereByPluginAndHook() throws IOException {
        HookTimes.Figures flow = times.of("geo\"").of(Hook.FLOW);
        flow.took(20_000);
        flow.took(2_000_000_000L);
        flow.failed();
        flow.timedOut();
        flow.timedOut();

        List<String> page = page();
        String labels = "{hook=\"flow\",plugin=\"geo\\\"\"";
        for (String line :
                List.of(
                        "culvert_hook_seconds_bucket" + labels + ",le=\"1.0E-5\"} 0",
                        "culvert_hook_seconds_bucket" + labels + ",le=\"3.0E-5\"} 1",
                        "culvert_hook_seconds_bucket" + labels + ",le=\"1.0\"} 1",
                        "culvert_hook_seconds_bucket" + labels + ",le=\"+Inf\"} 2",
                        "culvert_hook_seconds_count" + labels + "} 2",
                        "culvert_hook_seconds_sum" + labels + "} 2.00002",
                        "culvert_hook_failures_total" + labels + "} 1.0",
                        "culvert_hook_timeouts_total" + labels + "} 2.0",
                        "culvert_hook_failures_total{hook=\"tunnel\",plugin=\"geo\\\"\"} 0.0")) {
            assertTrue(page.contains(line), () -> line + " in " + page);
        }
    }
}
