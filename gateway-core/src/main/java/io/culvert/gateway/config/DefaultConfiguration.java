package io.culvert.gateway.config;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;
import java.util.stream.Stream;

/**
 * A configuration to begin with: every key of the schema, what it means and what it is when it is
 * not given, made from {@code schema.json}.
 *
 * <p>What the schema's example has is there; everything else is a comment. A {@code #} that one
 * space follows begins text, any other one keeps a setting out, which is let in by deleting it:
 * {@code #mtu: 1500}, or the first one of each line of {@code #- name: lan} and {@code # type:
 * device} below it.
 */
public final class DefaultConfiguration {
    private static final int WIDTH = 96;
    private static final String COMMENT = "#";

    private final JsonNode schema = SchemaCheck.schema();

    private DefaultConfiguration() {}

    /** The whole file. */
    public static String text() {
        return String.join("\n", new DefaultConfiguration().file()) + "\n";
    }

    private List<String> file() {
        List<String> lines = new ArrayList<>();
        lines.addAll(
                List.of(
                        "# A configuration of Culvert, with every key that there is.",
                        "#",
                        "# A \"#\" and one space begin a remark. Any other \"#\" keeps a setting"
                                + " out: delete it, or one on",
                        "# each line of a block, to let the setting in. What is not given has its"
                                + " default.",
                        "#",
                        "# culvert check FILE says what is wrong with the file; culvert config show"
                                + " FILE what it comes to.",
                        ""));
        lines.addAll(mapping(schema, sample(schema), true));
        return lines;
    }

    /**
     * The lines of a mapping.
     *
     * @param shown what of it is there; the rest is commented out
     * @param whole whether it is the document, whose sections have a line between them
     */
    private List<String> mapping(JsonNode rules, JsonNode shown, boolean whole) {
        List<String> required = new ArrayList<>();
        rules.path("required").forEach(key -> required.add(key.asString()));
        List<String> lines = new ArrayList<>();
        for (Map.Entry<String, JsonNode> property : inOrder(rules, shown)) {
            String key = property.getKey();
            if (whole && !lines.isEmpty()) {
                lines.add("");
            }
            JsonNode rule = resolve(property.getValue());
            lines.addAll(remark(remark(property.getValue(), rule, required.contains(key))));
            boolean there = shown.has(key);
            List<String> setting =
                    setting(key, rule, there ? shown.get(key) : sample(property.getValue()));
            lines.addAll(there ? setting : commented(setting));
        }
        return lines;
    }

    /** What is there comes first, so that an element of a list begins with it. */
    private static List<Map.Entry<String, JsonNode>> inOrder(JsonNode rules, JsonNode shown) {
        List<Map.Entry<String, JsonNode>> all = List.copyOf(rules.get("properties").properties());
        boolean begins = shown.has(all.getFirst().getKey());
        Stream<Map.Entry<String, JsonNode>> first =
                all.stream().filter(one -> shown.has(one.getKey())).limit(1);
        return begins || all.getFirst().getKey().startsWith("$")
                ? all
                : Stream.concat(first, all.stream()).distinct().toList();
    }

    private List<String> setting(String key, JsonNode rule, JsonNode value) {
        if (value.isObject() && rule.has("properties")) {
            return under(key, mapping(rule, value, false));
        }
        List<JsonNode> variants = variants(rule.path("items"));
        if (value.isArray() && !variants.isEmpty()) {
            return under(key, elements(variants, value));
        }
        return List.of(YamlText.text(key) + ": " + YamlText.of(value));
    }

    private static List<String> under(String key, List<String> inner) {
        List<String> lines = new ArrayList<>(List.of(key + ":"));
        lines.addAll(indented(inner));
        return lines;
    }

    private List<String> elements(List<JsonNode> variants, JsonNode shown) {
        List<String> lines = new ArrayList<>();
        for (JsonNode variant : variants) {
            if (!lines.isEmpty()) {
                lines.add("");
            }
            JsonNode there = null;
            for (JsonNode element : shown) {
                if (there == null && isOf(variant, element)) {
                    there = element;
                }
            }
            String heading = variants.size() > 1 ? variant.get("title").asString() + ". " : "";
            lines.addAll(remark(heading + variant.path("description").asString("")));
            List<String> element =
                    element(mapping(variant, there != null ? there : sample(variant), false));
            int remarks = 0;
            while (element.get(remarks).startsWith("# ")) {
                lines.add(element.get(remarks++));
            }
            List<String> settings = element.subList(remarks, element.size());
            lines.addAll(there != null ? settings : commented(settings));
        }
        return lines;
    }

    /** The lines of a mapping as those of an element of a list; remarks before it stay before. */
    private static List<String> element(List<String> mapping) {
        List<String> lines = new ArrayList<>();
        boolean begun = false;
        for (String line : mapping) {
            boolean before = !begun && line.startsWith("# ");
            lines.add(before ? line : begun ? indent(line) : "- " + line);
            begun |= !before;
        }
        return lines;
    }

    private static boolean isOf(JsonNode variant, JsonNode element) {
        JsonNode type = variant.at("/properties/type/const");
        return type.isMissingNode() || type.equals(element.path("type"));
    }

    /** The kinds of mappings that a list may have; none where its elements are no mappings. */
    private List<JsonNode> variants(JsonNode items) {
        JsonNode rule = resolve(items);
        if (!rule.has("allOf")) {
            return rule.has("properties") ? List.of(rule) : List.of();
        }
        List<JsonNode> variants = new ArrayList<>();
        rule.get("allOf").forEach(one -> variants.add(resolve(one.get("then"))));
        return variants;
    }

    /** A value that is right: the example, else the default, else one made of its keys' samples. */
    private JsonNode sample(JsonNode here) {
        JsonNode rule = resolve(here);
        for (JsonNode one : List.of(here, rule)) {
            if (one.has("examples")) {
                return one.get("examples").get(0);
            }
        }
        JsonNode standard =
                here.path("default").isMissingNode() ? rule.path("default") : here.path("default");
        if (!standard.isMissingNode() && !standard.isArray()) {
            return standard;
        }
        List<JsonNode> variants = variants(rule.path("items"));
        if (!variants.isEmpty()) {
            var list = JsonNodeFactory.instance.arrayNode();
            variants.forEach(variant -> list.add(sample(variant)));
            return list;
        }
        if (rule.has("properties")) {
            ObjectNode mapping = JsonNodeFactory.instance.objectNode();
            rule.get("properties")
                    .properties()
                    .forEach(one -> mapping.set(one.getKey(), sample(one.getValue())));
            return mapping;
        }
        if (rule.has("const")) {
            return rule.get("const");
        }
        return standard.isMissingNode() ? JsonNodeFactory.instance.stringNode("acme") : standard;
    }

    private JsonNode resolve(JsonNode rule) {
        return rule.has("$ref") ? schema.at(rule.get("$ref").asString().substring(1)) : rule;
    }

    private static String remark(JsonNode here, JsonNode rule, boolean required) {
        StringJoiner text = new StringJoiner(" ");
        text.setEmptyValue("");
        JsonNode description =
                here.has("description") ? here.get("description") : rule.path("description");
        if (!description.isMissingNode()) {
            text.add(description.asString());
        }
        if (rule.has("enum")) {
            StringJoiner words = new StringJoiner(", ", "One of ", ".");
            rule.get("enum").forEach(word -> words.add(word.asString()));
            text.add(words.toString());
        }
        if (rule.has("minimum")) {
            text.add(
                    rule.get("minimum").asString() + " to " + rule.get("maximum").asString() + ".");
        }
        JsonNode standard = here.has("default") ? here.get("default") : rule.path("default");
        if (required && !rule.has("const")) {
            text.add("Required.");
        } else if (standard.isArray() && standard.isEmpty()) {
            text.add("Default: none.");
        } else if (!standard.isMissingNode()) {
            text.add("Default: " + YamlText.of(standard) + ".");
        }
        return text.toString();
    }

    private static List<String> remark(String text) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder(COMMENT);
        for (String word : text.split(" ", -1)) {
            if (line.length() + 1 + word.length() > WIDTH) {
                lines.add(line.toString());
                line = new StringBuilder(COMMENT);
            }
            line.append(' ').append(word);
        }
        if (!text.isEmpty()) {
            lines.add(line.toString());
        }
        return lines;
    }

    private static List<String> commented(List<String> lines) {
        return lines.stream().map(line -> COMMENT + line).toList();
    }

    private static List<String> indented(List<String> lines) {
        return lines.stream().map(DefaultConfiguration::indent).toList();
    }

    private static String indent(String line) {
        return line.isEmpty() ? line : "  " + line;
    }
}
