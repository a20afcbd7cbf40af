package io.culvert.gateway.tls;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/**
 * What is known by a server's name: exactly, or by {@code *.} in the place of its first label (RFC
 * 9525, section 6.3). The exact name counts before the star.
 *
 * <p>Threading: filled by one thread, and then read by any.
 */
final class NameTable<T> {
    private static final String STAR = "*.";

    private final Map<String, T> byPattern = new HashMap<>();

    /** A table of names alone. */
    static NameTable<Boolean> of(List<String> patterns) {
        NameTable<Boolean> table = new NameTable<>();
        patterns.forEach(pattern -> table.at(pattern, () -> Boolean.TRUE));
        return table;
    }

    /**
     * What stands at a pattern, made now if nothing does.
     *
     * @param pattern as {@link ServerName#pattern} writes it
     */
    T at(String pattern, Supplier<T> otherwise) {
        return byPattern.computeIfAbsent(pattern, _ -> otherwise.get());
    }

    /** Null where nothing is known of the name. */
    T find(String name) {
        T exact = byPattern.get(name);
        int dot = name.indexOf('.');
        return exact != null || dot < 0 ? exact : byPattern.get(STAR + name.substring(dot + 1));
    }
}
