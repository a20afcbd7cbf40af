package io.culvert.gateway.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.Tenant;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;

import org.junit.jupiter.api.Test;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/** Tenants are named by clients too, who may name many and call them anything. */
class TenantSeriesTest {
    private static List<String> page(List<Tenant> tenants, int most) throws IOException {
        Snapshots page = new Snapshots();
        GatewayCollector.tenants(page, tenants, most);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        PrometheusTextFormatWriter.builder().build().write(out, page.build());
        return out.toString(StandardCharsets.UTF_8)
                .lines()
                .filter(line -> line.startsWith("culvert_tenant_flows{"))
                .toList();
    }

    private static List<Tenant> named(String... names) {
        List<Tenant> tenants = new ArrayList<>();
        for (String name : names) {
            tenants.add(new Tenant(tenants.size() + 1, name));
        }
        return tenants;
    }

    @Test
    void theFirstThatWereNamedHaveALabelAndTheRestAreOther() throws IOException {
        List<Tenant> tenants = new ArrayList<>();
        for (int i = 10_000; i > 0; i--) {
            tenants.add(new Tenant(i, "tenant-" + i));
        }
        List<String> lines = page(tenants, 100);

        assertEquals(101, lines.size());
        assertTrue(lines.contains("culvert_tenant_flows{tenant=\"tenant-100\"} 0.0"));
        assertTrue(lines.contains("culvert_tenant_flows{tenant=\"other\"} 0.0"));
    }

    @Test
    void withoutRoomForAnyAllAreOther() throws IOException {
        assertEquals(
                List.of("culvert_tenant_flows{tenant=\"other\"} 0.0"),
                page(named("acme", "umbrella"), 0));
    }

    @Test
    void aTenantThatIsCalledOtherAddsToTheOthers() throws IOException {
        assertEquals(
                List.of("culvert_tenant_flows{tenant=\"other\"} 0.0"), page(named("other"), 100));
    }

    @Test
    void namesStayWithinTheirQuotes() throws IOException {
        assertEquals(
                List.of(
                        "culvert_tenant_flows{tenant=\"a\\\"} 1\\nforged 1\\\\\"} 0.0",
                        "culvert_tenant_flows{tenant=\"half \ufffd\"} 0.0",
                        "culvert_tenant_flows{tenant=\"other\"} 0.0",
                        "culvert_tenant_flows{tenant=\"\u4e2d\ud83d\ude00\"} 0.0"),
                page(named("a\"} 1\nforged 1\\", "half \ud83d", "\u4e2d\ud83d\ude00"), 100));
    }

    @Test
    void namesThatBecomeTheSameWordAddUp() throws IOException {
        assertEquals(2, page(named("\ud83d", "\ud83e"), 100).size());
    }
}
