package io.culvert.gateway.config;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;

/** The names of one kind of thing, each of which may be given once. */
final class Names {
    private final String kind;
    private final Map<String, Position> places = new LinkedHashMap<>();

    /**
     * @param kind for messages, such as {@code on-ramp}
     */
    Names(String kind) {
        this.kind = kind;
    }

    /** Adds the section's {@code name}, if it has one. */
    void add(Section section) {
        String name = section.text("name").orElse("");
        if (name.isEmpty()) {
            return;
        }
        section.value("name", Names::check);
        Position first = places.putIfAbsent(name, section.position("name"));
        if (first != null) {
            section.wrong(
                    "name",
                    "the %s \"%s\" exists already, on line %d"
                            .formatted(kind, Printable.of(name), first.line()));
        }
    }

    /** The word itself, when it can be shown in a table and a metric. */
    static String check(String word) {
        if (!word.equals(word.strip()) || word.chars().anyMatch(Character::isISOControl)) {
            throw new IllegalArgumentException(
                    "it begins or ends with a space or holds a control character");
        }
        return word;
    }

    Collection<String> known() {
        return places.keySet();
    }
}
