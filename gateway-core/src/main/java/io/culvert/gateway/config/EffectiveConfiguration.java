package io.culvert.gateway.config;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicReference;

/**
 * What a configuration comes to: every value that counts, and where it is from, as a configuration
 * again. The values of keys that {@code telemetry.redact} names are not shown.
 */
public final class EffectiveConfiguration {
    private static final String MASK = "***";
    private static final String INDENT = "  ";

    private final JsonNode schema = SchemaCheck.schema();
    private final String file;
    private final YamlTree tree;
    private final Map<String, Computed.Value> computed;
    private final Set<String> masked = new HashSet<>();
    private final List<Line> lines = new ArrayList<>();

    /** A line, and where its value is from; empty where it has none. */
    private record Line(String text, String origin) {}

    /**
     * A configuration and how it reads.
     *
     * @param text empty where it is not valid
     */
    public record Shown(Loaded loaded, String text) {}

    private EffectiveConfiguration(String file, YamlTree tree, Configuration configuration) {
        this.file = file;
        this.tree = tree;
        computed = Computed.of(configuration, tree);
        for (JsonNode key : tree.at("/telemetry/redact")) {
            masked.add(key.asString("").toLowerCase(Locale.ROOT));
        }
    }

    /** Reads a file, which may be a pipe. */
    public static Shown of(Path path) {
        AtomicReference<String> text = new AtomicReference<>("");
        Loaded loaded =
                ConfigurationFile.load(
                        path,
                        (name, source) -> {
                            Shown shown = of(name, source);
                            text.set(shown.text());
                            return shown.loaded();
                        });
        return new Shown(loaded, text.get());
    }

    /** Reads a text. */
    static Shown of(String name, String text) {
        Loaded loaded = ConfigurationFile.read(name, text);
        if (!(loaded instanceof Loaded.Valid valid)) {
            return new Shown(loaded, "");
        }
        YamlTree tree = YamlTree.parse(text, new Errors()).orElseThrow();
        return new Shown(loaded, text(name, tree, valid.configuration()));
    }

    /**
     * The text.
     *
     * @param tree what the configuration was read from
     */
    static String text(String file, YamlTree tree, Configuration configuration) {
        return new EffectiveConfiguration(file, tree, configuration).write();
    }

    private String write() {
        mapping(schema, "", "", "");
        int width =
                lines.stream()
                        .filter(line -> !line.origin().isEmpty())
                        .mapToInt(line -> line.text().length())
                        .filter(length -> length <= 60)
                        .max()
                        .orElse(0);
        StringBuilder text = new StringBuilder();
        for (Line line : lines) {
            text.append(line.text());
            if (!line.origin().isEmpty()) {
                text.append(" ".repeat(Math.max(0, width - line.text().length())))
                        .append("  # ")
                        .append(line.origin());
            }
            text.append('\n');
        }
        return text.toString();
    }

    /**
     * Adds the lines of a mapping.
     *
     * @param before of its first line, where it is an element of a list
     */
    private void mapping(JsonNode rules, String pointer, String indent, String before) {
        String lead = before;
        for (Map.Entry<String, JsonNode> property : rules.get("properties").properties()) {
            int known = lines.size();
            property(property.getKey(), property.getValue(), pointer, indent, lead);
            if (lines.size() > known) {
                lead = indent;
            }
        }
    }

    private void property(String key, JsonNode here, String pointer, String indent, String lead) {
        JsonNode rule = resolve(here);
        String place = YamlTree.child(pointer, key);
        JsonNode value = tree.at(place);
        Computed.Value instead = computed.get(place);
        if (instead != null) {
            if (!instead.isOmitted()) {
                line(lead, key, instead.value(), origin(place) + instead.why());
            }
        } else if (value.isMissingNode()) {
            absent(key, here, rule, place, indent, lead);
        } else if (value.isObject() && rule.has("properties")) {
            lines.add(new Line(lead + key + ":", ""));
            mapping(rule, place, indent + INDENT, indent + INDENT);
        } else if (value.isArray()
                && !value.isEmpty()
                && resolve(rule.path("items")).path("type").asString("").equals("object")) {
            lines.add(new Line(lead + key + ":", ""));
            for (int i = 0; i < value.size(); i++) {
                mapping(
                        variant(resolve(rule.get("items")), value.get(i)),
                        YamlTree.child(place, Integer.toString(i)),
                        indent + INDENT + INDENT,
                        indent + INDENT + "- ");
            }
        } else {
            line(lead, key, value, origin(place));
        }
    }

    private void absent(
            String key, JsonNode here, JsonNode rule, String place, String indent, String lead) {
        JsonNode standard = here.has("default") ? here.get("default") : rule.path("default");
        if (!standard.isMissingNode()) {
            line(lead, key, standard, origin(place));
        } else if (rule.has("properties") && place.lastIndexOf('/') == 0) {
            int known = lines.size();
            lines.add(new Line(lead + key + ":", ""));
            mapping(rule, place, indent + INDENT, indent + INDENT);
            if (lines.size() == known + 1) {
                lines.removeLast();
            }
        }
    }

    private void line(String lead, String key, JsonNode value, String origin) {
        JsonNode shown = masked(key, value);
        lines.add(new Line(lead + YamlText.text(key) + ": " + YamlText.of(shown), origin));
    }

    private JsonNode masked(String key, JsonNode value) {
        if (masked.contains(key.toLowerCase(Locale.ROOT))) {
            return JsonNodeFactory.instance.stringNode(MASK);
        }
        if (value.isObject()) {
            var copy = JsonNodeFactory.instance.objectNode();
            value.properties()
                    .forEach(one -> copy.set(one.getKey(), masked(one.getKey(), one.getValue())));
            return copy;
        }
        if (value.isArray()) {
            var copy = JsonNodeFactory.instance.arrayNode();
            value.forEach(one -> copy.add(masked("", one)));
            return copy;
        }
        return value;
    }

    private String origin(String place) {
        return tree.at(place).isMissingNode()
                ? "default"
                : Printable.line(file) + ":" + tree.key(place).line();
    }

    private JsonNode variant(JsonNode items, JsonNode element) {
        for (JsonNode one : items.path("allOf")) {
            JsonNode rules = resolve(one.get("then"));
            if (rules.at("/properties/type/const").equals(element.path("type"))) {
                return rules;
            }
        }
        return items;
    }

    private JsonNode resolve(JsonNode rule) {
        return rule.has("$ref") ? schema.at(rule.get("$ref").asString().substring(1)) : rule;
    }
}
