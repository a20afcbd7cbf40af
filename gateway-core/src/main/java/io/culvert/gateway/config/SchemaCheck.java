package io.culvert.gateway.config;

import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import com.networknt.schema.path.NodePath;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Compares a tree with {@code schema.json} and says in the operator's words what differs: wrong
 * keys, missing ones, wrong types, numbers out of range and words that are none of the known.
 */
final class SchemaCheck {
    /** What a text of each {@code format} of the schema is; the reader checks that it is one. */
    private static final Map<String, String> FORMATS =
            Map.ofEntries(
                    Map.entry("address", "an IP address"),
                    Map.entry("socket-address", "an address and port such as 127.0.0.1:9464"),
                    Map.entry("interface-address", "an address such as 10.50.0.1/24"),
                    Map.entry("prefix", "a prefix such as 10.0.0.0/8"),
                    Map.entry("interface-name", "an interface's name"),
                    Map.entry("path", "a path"),
                    Map.entry("host-pattern", "a name such as *.example.org"),
                    Map.entry("alpn", "an application protocol such as h2"),
                    Map.entry("request-path", "a path such as /api/"),
                    Map.entry("ports", "a port or a range such as 8000-8100"),
                    Map.entry("protocol", "a protocol such as tcp, or its number"),
                    Map.entry("day", "a day such as mon, or days such as mon-fri"),
                    Map.entry("time-span", "a time of day such as 08:00-18:00"),
                    Map.entry("time-zone", "a time zone such as Europe/Amsterdam"),
                    Map.entry("instant", "a time such as 2026-11-23T09:00"),
                    Map.entry("duration-with-unit", "a duration such as 500ms, 30s, 5m or 2h"),
                    Map.entry("size-with-unit", "a size such as 64KiB or 4MiB"),
                    Map.entry("server", "a server such as 192.0.2.10:8080"),
                    Map.entry("name-server", "a name server such as 192.0.2.53"));

    private final JsonNode schema;
    private final YamlTree tree;
    private final Errors errors;

    private SchemaCheck(YamlTree tree, Errors errors) {
        this.schema = schema();
        this.tree = tree;
        this.errors = errors;
    }

    static void check(YamlTree tree, Errors errors) {
        new SchemaCheck(tree, errors).check();
    }

    /** The schema itself. */
    static JsonNode schema() {
        return JsonMapper.shared().readTree(ConfigurationSchema.text());
    }

    private void check() {
        Schema compiled =
                SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                        .getSchema(schema);
        for (Error error : compiled.validate(tree.root())) {
            tell(error);
        }
    }

    private void tell(Error error) {
        String pointer = pointer(error.getInstanceLocation());
        String name = name(error.getInstanceLocation());
        JsonNode rules = rules(error.getSchemaLocation().getFragment());
        switch (error.getKeyword()) {
            case "additionalProperties" -> {
                String key = error.getProperty();
                errors.add(
                        tree.key(YamlTree.child(pointer, key)),
                        "unknown key \"%s\"%s"
                                .formatted(Printable.of(key), Spelling.hint(key, known(rules))));
            }
            case "required" -> {
                String key = error.getProperty();
                errors.add(tree.value(pointer), "%s has no \"%s\"".formatted(name, key));
            }
            case "type" -> errors.add(tree.value(pointer), wrongType(name, pointer, rules));
            case "enum" -> {
                List<String> words = new ArrayList<>();
                rules.get("enum").forEach(word -> words.add(word.asString()));
                JsonNode is = tree.at(pointer);
                String near = is.isString() ? Spelling.nearHint(is.asString(), words) : "";
                errors.add(
                        tree.value(pointer),
                        "%s must be one of %s, not %s%s"
                                .formatted(name, String.join(", ", words), shown(is), near));
            }
            case "minimum", "maximum" ->
                    errors.add(
                            tree.value(pointer),
                            "%s must be between %s and %s, not %s"
                                    .formatted(
                                            name,
                                            rules.get("minimum").asString(),
                                            rules.get("maximum").asString(),
                                            shown(tree.at(pointer))));
            case "minLength" -> errors.add(tree.value(pointer), name + " must not be empty");
            case "maxLength" ->
                    errors.add(
                            tree.value(pointer),
                            "%s must not be longer than %s characters"
                                    .formatted(name, rules.get("maxLength").asString()));
            case "pattern" ->
                    errors.add(
                            tree.value(pointer),
                            "%s must look like \"%s\", not %s"
                                    .formatted(
                                            name,
                                            rules.get("default").asString(),
                                            shown(tree.at(pointer))));
            default -> errors.add(tree.value(pointer), name + ": " + error.getMessage());
        }
    }

    private String wrongType(String name, String pointer, JsonNode rules) {
        JsonNode is = tree.at(pointer);
        String type = rules.get("type").isArray() ? "" : rules.get("type").asString();
        boolean list = rules.get("type").toString().contains("array");
        String format = FORMATS.get(rules.path("format").asString(""));
        String wanted =
                switch (type) {
                    case "object" -> "a mapping";
                    case "array" -> "a list";
                    case "integer" -> "a whole number";
                    case "boolean" -> "true or false";
                    default -> format == null ? "text" : format;
                };
        String wrong =
                "%s must be %s%s, not %s"
                        .formatted(
                                name,
                                wanted,
                                list && !type.equals("array") ? ", or a list of them" : "",
                                shown(is));
        boolean quotes = wanted.equals("text") && (is.isNumber() || is.isBoolean());
        return quotes ? wrong + "; put it in quotes" : wrong;
    }

    private static String shown(JsonNode is) {
        return is.isObject()
                ? "a mapping"
                : is.isArray()
                        ? "a list"
                        : is.isNull()
                                ? "nothing"
                                : is.isString()
                                        ? '"' + Printable.of(is.asString()) + '"'
                                        : is.asString();
    }

    // The part of the schema that the failed keyword stands in.
    private JsonNode rules(NodePath keyword) {
        JsonNode rules = schema;
        for (int i = 0; i < keyword.getNameCount() - 1; i++) {
            rules =
                    keyword.getElement(i) instanceof Integer index
                            ? rules.get(index)
                            : rules.isArray()
                                    ? rules.get(Integer.parseInt(keyword.getName(i)))
                                    : rules.get(keyword.getName(i));
        }
        return rules;
    }

    private static List<String> known(JsonNode rules) {
        return List.copyOf(rules.get("properties").propertyNames());
    }

    private static String pointer(NodePath path) {
        String pointer = "";
        for (int i = 0; i < path.getNameCount(); i++) {
            pointer = YamlTree.child(pointer, path.getName(i));
        }
        return pointer;
    }

    // What a person calls the place: its key, or for an element of a list the list's key.
    private static String name(NodePath path) {
        int last = path.getNameCount() - 1;
        if (last < 0) {
            return "the configuration";
        }
        boolean element = path.getElement(last) instanceof Integer;
        return element && last > 0
                ? "an entry of " + Printable.of(path.getName(last - 1))
                : Printable.of(path.getName(last));
    }
}
