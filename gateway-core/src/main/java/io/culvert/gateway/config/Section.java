package io.culvert.gateway.config;

import tools.jackson.databind.JsonNode;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;

/**
 * A mapping of the tree, asked for its values by key. A value that is absent or of the wrong type
 * counts as not there: {@link SchemaCheck} says that. A value whose text means nothing is an error
 * at its place.
 */
final class Section {
    // Longer than any address, name, path or duration.
    private static final int LONGEST = 4096;

    private final YamlTree tree;
    private final String pointer;
    private final JsonNode node;
    private final Errors errors;

    private Section(YamlTree tree, String pointer, Errors errors) {
        this.tree = tree;
        this.pointer = pointer;
        this.node = tree.at(pointer);
        this.errors = errors;
    }

    /** The whole document. */
    static Section root(YamlTree tree, Errors errors) {
        return new Section(tree, "", errors);
    }

    boolean isMapping() {
        return node.isObject();
    }

    boolean has(String key) {
        return node.has(key);
    }

    /** In their order. */
    List<String> keys() {
        return List.copyOf(node.propertyNames());
    }

    Section section(String key) {
        return new Section(tree, place(key), errors);
    }

    /** The mappings of a list; an element of another type counts as an empty one. */
    List<Section> sections(String key) {
        List<Section> sections = new ArrayList<>();
        for (int i = 0; node.path(key).isArray() && i < node.path(key).size(); i++) {
            sections.add(
                    new Section(tree, YamlTree.child(place(key), Integer.toString(i)), errors));
        }
        return sections;
    }

    Optional<String> text(String key) {
        return Optional.ofNullable(node.get(key))
                .filter(JsonNode::isString)
                .map(JsonNode::asString);
    }

    int number(String key, int otherwise) {
        JsonNode value = node.get(key);
        return value != null && value.isIntegralNumber() && value.canConvertToInt()
                ? value.intValue()
                : otherwise;
    }

    /** One beyond the range of an {@code int}, too. */
    OptionalLong longNumber(String key) {
        JsonNode value = node.get(key);
        return value != null && value.isIntegralNumber() && value.canConvertToLong()
                ? OptionalLong.of(value.longValue())
                : OptionalLong.empty();
    }

    boolean isEmptyList(String key) {
        return node.path(key).isArray() && node.path(key).isEmpty();
    }

    boolean flag(String key, boolean otherwise) {
        JsonNode value = node.get(key);
        return (value != null && value.isBoolean()) ? value.booleanValue() : otherwise;
    }

    /**
     * What the text at the key means.
     *
     * @param reader throws IllegalArgumentException with the error's message
     */
    <T> Optional<T> value(String key, Function<String, T> reader) {
        return text(key).flatMap(text -> read(key, place(key), text, reader));
    }

    /** What one text or number, or each one of a list, means. */
    <T> List<T> values(String key, Function<String, T> reader) {
        return located(key, reader).stream().map(Located::value).toList();
    }

    /** As {@link #values}, each with its place. */
    <T> List<Located<T>> located(String key, Function<String, T> reader) {
        List<Located<T>> values = new ArrayList<>();
        JsonNode one = node.path(key);
        if (!one.isArray()) {
            locate(key, place(key), one, reader).ifPresent(values::add);
        }
        for (int i = 0; one.isArray() && i < one.size(); i++) {
            String place = YamlTree.child(place(key), Integer.toString(i));
            locate(key, place, one.get(i), reader).ifPresent(values::add);
        }
        return values;
    }

    Position position() {
        return tree.value(pointer);
    }

    Position position(String key) {
        return tree.value(place(key));
    }

    /** An error at the key's value. */
    void wrong(String key, String message) {
        errors.add(position(key), message);
    }

    /** An error at the key itself. */
    void wrongKey(String key, String message) {
        errors.add(tree.key(place(key)), message);
    }

    /** The key is there, and does nothing. */
    void warnKey(String key, String message) {
        errors.warn(tree.key(place(key)), message);
    }

    void wrong(Position position, String message) {
        errors.add(position, message);
    }

    private <T> Optional<Located<T>> locate(
            String key, String place, JsonNode value, Function<String, T> reader) {
        return value.isString() || value.isIntegralNumber()
                ? read(key, place, value.asString(), reader)
                        .map(read -> new Located<>(read, tree.value(place)))
                : Optional.empty();
    }

    private <T> Optional<T> read(
            String key, String place, String text, Function<String, T> reader) {
        try {
            if (text.length() > LONGEST) {
                throw new IllegalArgumentException("the text is too long");
            }
            return Optional.of(reader.apply(text));
        } catch (IllegalArgumentException wrong) {
            errors.add(tree.value(place), key + ": " + wrong.getMessage());
            return Optional.empty();
        }
    }

    private String place(String key) {
        return YamlTree.child(pointer, key);
    }

    /** A value and where it stands. */
    record Located<T>(T value, Position position) {}
}
