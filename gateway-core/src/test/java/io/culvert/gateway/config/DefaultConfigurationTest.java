package io.culvert.gateway.config;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

import tools.jackson.databind.JsonNode;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

class DefaultConfigurationTest {
    /** A line that keeps a setting out: after its # there is anything but one space and text. */
    private static final Pattern SETTING = Pattern.compile("( *)#(?! \\S|$)(.*)");

    private static final Pattern CONTINUED = Pattern.compile("#(| {2,}.*|#.*)");

    private static final String TEXT = DefaultConfiguration.text();

    /** Lines that keep one setting or block out, the last one not included. */
    private record Part(int from, int to, int column) {
        String name(List<String> lines) {
            return (from + 1) + ": " + lines.get(from).strip();
        }

        List<String> letIn(List<String> lines) {
            List<String> changed = new ArrayList<>(lines);
            for (int i = from; i < to; i++) {
                changed.set(i, without(changed.get(i), column));
            }
            return changed;
        }
    }

    private static String without(String line, int column) {
        return line.substring(0, column) + line.substring(column + 1);
    }

    private static List<Part> parts(List<String> lines) {
        List<Part> parts = new ArrayList<>();
        for (int i = 0; i < lines.size(); i++) {
            Matcher setting = SETTING.matcher(lines.get(i));
            if (setting.matches()) {
                int column = setting.group(1).length();
                int to = i + 1;
                while (to < lines.size() && continues(lines.get(to), column)) {
                    to++;
                }
                parts.add(new Part(i, to, column));
                i = to - 1;
            }
        }
        return parts;
    }

    private static boolean continues(String line, int column) {
        return line.length() > column
                && line.substring(0, column).isBlank()
                && CONTINUED.matcher(line.substring(column)).matches()
                // Beginning anew: a key or an element of its own.
                && !Pattern.matches("#[^ #].*", line.substring(column));
    }

    private static Configuration valid(List<String> lines) {
        String text = String.join("\n", lines) + "\n";
        return assertInstanceOf(
                        Loaded.Valid.class,
                        ConfigurationFile.read("default.yaml", text),
                        () ->
                                ((Loaded.Invalid) ConfigurationFile.read("default.yaml", text))
                                        .text())
                .configuration();
    }

    @Test
    void isAConfigurationThatRuns() {
        Configuration configuration = valid(TEXT.lines().toList());
        assertEquals(1, configuration.onramps().size());
        assertEquals(1, configuration.policy().rules().size());
        assertEquals(Limits.DEFAULT, configuration.limits());
        assertEquals(Timers.DEFAULT, configuration.timers());
    }

    @TestFactory
    Stream<DynamicTest> staysOneWhateverSettingIsLetIn() {
        List<String> lines = TEXT.lines().toList();
        List<Part> parts = parts(lines);
        assertTrue(parts.size() > 20, () -> "only " + parts.size());
        return parts.stream()
                .map(part -> DynamicTest.dynamicTest(part.name(lines), () -> letIn(lines, part)));
    }

    /** And whichever one of those in it besides. */
    private static void letIn(List<String> lines, Part part) {
        List<String> changed = withUpstreams(part.letIn(lines), part.name(lines));
        valid(changed);
        for (Part inner : parts(changed)) {
            if (part.from() <= inner.from() && inner.to() <= part.to()) {
                letIn(changed, inner);
            }
        }
    }

    /** A rule's upstream has to be there as well. */
    private static List<String> withUpstreams(List<String> lines, String setting) {
        return setting.contains("#upstream:")
                ? parts(lines).stream()
                        .filter(part -> lines.get(part.from()).startsWith("#upstreams:"))
                        .map(part -> part.letIn(lines))
                        .findFirst()
                        .orElseThrow()
                : lines;
    }

    /** The configuration with every setting. */
    static String allLetIn() {
        List<String> lines = TEXT.lines().toList();
        List<Part> parts = parts(lines);
        while (!parts.isEmpty()) {
            lines = parts.getFirst().letIn(lines);
            parts = parts(lines);
        }
        return String.join("\n", lines) + "\n";
    }

    @Test
    void staysOneWhenAllSettingsAreLetIn() {
        Configuration configuration = valid(allLetIn().lines().toList());
        assertEquals(5, configuration.onramps().size());
        assertEquals(
                List.of("internet", "lan", "tunnels", "socket"),
                configuration.offramps().stream().map(OffRamp::name).toList());
    }

    @Test
    void staysOneWithOneSettingOfASection() {
        List<String> lines = TEXT.lines().toList();
        int tried = 0;
        for (Part part : parts(lines)) {
            for (int i = part.from() + 1; i < part.to(); i++) {
                if (part.column() == 0 && lines.get(i).matches("# {2}[a-z].*")) {
                    List<String> changed = new ArrayList<>(lines);
                    changed.set(part.from(), without(changed.get(part.from()), 0));
                    changed.set(i, without(changed.get(i), 0));
                    // With what stands below it, where that is a block.
                    for (int j = i + 1; j < part.to() && lines.get(j).startsWith("#   "); j++) {
                        changed.set(j, without(lines.get(j), 0));
                    }
                    valid(changed);
                    tried++;
                }
            }
        }
        assertTrue(tried >= 10, "only " + tried);
    }

    @Test
    void hasEveryKeyOfTheSchema() {
        JsonNode schema = SchemaCheck.schema();
        List<String> missing = new ArrayList<>();
        schema.get("properties").propertyNames().forEach(key -> missing(key, missing));
        schema.get("$defs")
                .forEach(
                        rules ->
                                rules.path("properties")
                                        .propertyNames()
                                        .forEach(key -> missing(key, missing)));
        missing.removeAll(keysOf(schema.at("/$defs/plugin")));
        missing.removeAll(keysOf(schema.at("/$defs/telemetry")));
        assertEquals(List.of(), missing);
    }

    private static List<String> keysOf(JsonNode rules) {
        return List.copyOf(rules.get("properties").propertyNames());
    }

    private static void missing(String key, List<String> missing) {
        Pattern line = Pattern.compile("(?m)^[ #-]*" + Pattern.quote(key) + ":( .*)?$");
        if (!line.matcher(TEXT).find()) {
            missing.add(key);
        }
    }

    @Test
    void hasNoLineThatATerminalWraps() {
        TEXT.lines().forEach(line -> assertTrue(line.length() <= 120, line));
    }
}
