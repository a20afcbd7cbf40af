package io.culvert.gateway.telemetry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.annotation.JsonProperty;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/** docs/telemetry.md has every series, and every field of a record. */
class TelemetryManualTest {
    private static final Path PAGE = Path.of("../docs/telemetry.md");
    private static final String BEGIN = "<!-- series: made from Series.java -->\n";
    private static final String END = "<!-- end of series -->\n";

    private static String series() {
        StringBuilder table =
                new StringBuilder("| series | kind | labels | what |\n|---|---|---|---|\n");
        for (Series each : Series.values()) {
            table.append(
                    "| `%s` | %s | %s | %s |\n"
                            .formatted(
                                    each.title(),
                                    each.type().name().toLowerCase(Locale.ROOT),
                                    each.labels().isEmpty()
                                            ? ""
                                            : "`" + String.join("`, `", each.labels()) + "`",
                                    each.help()));
        }
        return table.toString();
    }

    @Test
    void hasEverySeriesAsTheProgramSaysIt() throws IOException {
        String page = Files.readString(PAGE);
        String made =
                page.substring(0, page.indexOf(BEGIN) + BEGIN.length())
                        + series()
                        + page.substring(page.indexOf(END));
        if (Boolean.getBoolean("culvert.regenerate")) {
            Files.writeString(PAGE, made);
        }
        assertEquals(
                made,
                Files.readString(PAGE),
                "docs/telemetry.md is stale; make it anew with: mvn -pl gateway-core -am verify"
                        + " -Dtest=TelemetryManualTest -Dsurefire.failIfNoSpecifiedTests=false"
                        + " -Dculvert.regenerate=true");
    }

    @ParameterizedTest
    @ValueSource(
            classes = {
                FlowRecord.class,
                FlowRecord.Content.class,
                FlowRecord.Relay.class,
                LostRecord.class
            })
    void hasEveryFieldOfARecord(Class<?> record) throws IOException {
        String page = Files.readString(PAGE);
        for (RecordComponent field : record.getRecordComponents()) {
            JsonProperty property = field.getAccessor().getAnnotation(JsonProperty.class);
            String name = property == null ? field.getName() : property.value();
            assertTrue(page.contains("`" + name + "`"), name);
        }
    }
}
