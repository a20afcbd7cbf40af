package io.culvert.gateway.config;

import tools.jackson.databind.JsonNode;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;

/** Makes the reference page of the configuration from its schema. */
final class ConfigurationReference {
    private final JsonNode schema = SchemaCheck.schema();
    private final StringBuilder page = new StringBuilder();

    /** The page, in Markdown. */
    static String page() {
        return new ConfigurationReference().write();
    }

    private String write() {
        page.append(
                """
                # Configuration

                <!-- Made from gateway-core/src/main/resources/io/culvert/gateway/config/schema.json; edit that. -->

                A configuration is one YAML file. `culvert check FILE` says all that is wrong with it at once, each error with
                its line and column, and changes nothing. Unknown keys are errors. A commented example is
                [examples/edge.yaml](../examples/edge.yaml). `culvert config default` prints one with every key, and
                `culvert config show FILE` all that a file comes to, with the line that each value is from. Editors complete and
                check the keys with the schema, which `culvert config schema` prints and the first line may name: `$schema: PATH`.

                - A *duration* is a whole number with a unit: `500ms`, `30s`, `5m`, `2h`, `1d`.
                - A *size* is a whole number with a unit: `64KiB`, `4MiB` (powers of 1024), `500kB`, `1MB` (powers of 1000).
                - A *prefix* is `10.0.0.0/8` or `2001:db8::/32`; an address without a length is a prefix of its own.
                - Where a list is wanted, one value may stand for a list of one.
                - A value that begins with a colon must be in quotes: `"::/0"`.

                """);
        section("The file", schema);
        schema.get("$defs")
                .properties()
                .forEach(
                        definition -> {
                            JsonNode rules = definition.getValue();
                            if (rules.has("title")) {
                                section(rules.get("title").asString(), rules);
                            }
                        });
        return page.toString().stripTrailing() + "\n";
    }

    private void section(String title, JsonNode rules) {
        page.append("## ").append(title).append("\n\n");
        if (rules.has("description")) {
            page.append(rules.get("description").asString()).append("\n\n");
        }
        page.append("| key | value | default | meaning |\n|---|---|---|---|\n");
        List<String> required = new ArrayList<>();
        rules.path("required").forEach(key -> required.add(key.asString()));
        for (Map.Entry<String, JsonNode> property : rules.get("properties").properties()) {
            JsonNode here = property.getValue();
            JsonNode rule = resolve(here);
            page.append(
                    "| `%s` | %s | %s | %s |\n"
                            .formatted(
                                    property.getKey(),
                                    value(rule),
                                    required.contains(property.getKey())
                                            ? "*required*"
                                            : standard(here),
                                    meaning(here, rule)));
        }
        page.append('\n');
    }

    private JsonNode resolve(JsonNode rule) {
        return rule.has("$ref") ? schema.at(rule.get("$ref").asString().substring(1)) : rule;
    }

    private static String value(JsonNode rule) {
        if (rule.has("const")) {
            return "`" + rule.get("const").asString() + "`";
        }
        if (rule.has("enum")) {
            List<String> words = new ArrayList<>();
            rule.get("enum").forEach(word -> words.add(word.asString()));
            return String.join(", ", code(words));
        }
        String type = rule.get("type").isArray() ? "" : rule.get("type").asString();
        String list = rule.get("type").toString().contains("array") ? ", or a list" : "";
        return switch (type) {
            case "array" -> "list";
            case "object" -> "mapping";
            case "boolean" -> "`true` or `false`";
            case "integer" ->
                    "%s to %s"
                            .formatted(
                                    rule.get("minimum").asString(), rule.get("maximum").asString());
            default ->
                    switch (rule.path("format").asString("")) {
                                case "interface-address" -> "address with length";
                                case "interface-name" -> "interface name";
                                case "socket-address" -> "address:port";
                                case "ports" -> "port or range";
                                case "duration-with-unit" -> "duration";
                                case "size-with-unit" -> "size";
                                case "server" -> "host:port";
                                case "name-server" -> "address or address:port";
                                case "" -> "text";
                                default -> rule.get("format").asString();
                            }
                            + list;
        };
    }

    private static String standard(JsonNode rule) {
        JsonNode standard = rule.path("default");
        return standard.isMissingNode() || (standard.isArray() && standard.isEmpty())
                ? ""
                : "`" + standard.asString() + "`";
    }

    private static String meaning(JsonNode here, JsonNode rule) {
        StringJoiner meaning = new StringJoiner(" ");
        JsonNode description = here.path("description");
        meaning.add(
                (description.isMissingNode() ? rule.path("description") : description)
                        .asString(""));
        if (here.has("examples")) {
            JsonNode example = here.get("examples").get(0);
            String text =
                    example.toString().replace(",", ", ").replace("\":", ": ").replace("\"", "");
            meaning.add("Example: `" + text.replace("::/0", "\"::/0\"") + "`.");
        }
        return meaning.toString().strip();
    }

    private static List<String> code(List<String> words) {
        return words.stream().map(word -> "`" + word + "`").toList();
    }
}
