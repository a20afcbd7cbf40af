package io.culvert.gateway.config;

import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/**
 * What the configuration documents and this version does not do yet. It is checked for its form and
 * then refused here, in one place; a line is deleted with the work that makes it true.
 */
final class Unsupported {
    /**
     * @param place a JSON pointer in which {@code *} is every element
     * @param words the values that are not supported; none for any value
     */
    private record Entry(String place, Set<String> words) {}

    private static final List<Entry> ENTRIES =
            List.of(new Entry("/policy/rules/*/handler", Set.of("http", "auto")));

    private Unsupported() {}

    /** The entries for a person, such as {@code onramps type gue}. */
    static List<String> phrases() {
        return ENTRIES.stream()
                .flatMap(
                        entry -> {
                            String keys =
                                    entry.place.substring(1).replace("/*", "").replace("/", " ");
                            return entry.words.isEmpty()
                                    ? Stream.of(keys)
                                    : entry.words.stream().sorted().map(w -> keys + " " + w);
                        })
                .toList();
    }

    /** Whether nothing at that place is supported, whatever its value. */
    static boolean isAll(String place) {
        return ENTRIES.stream()
                .anyMatch(entry -> entry.words.isEmpty() && entry.place.equals(place));
    }

    static void check(YamlTree tree, Errors errors) {
        for (Entry entry : ENTRIES) {
            int star = entry.place.indexOf('*');
            if (star < 0) {
                check(tree, entry.place, entry.words, errors);
                continue;
            }
            String list = entry.place.substring(0, star - 1);
            for (int i = 0; tree.at(list).isArray() && i < tree.at(list).size(); i++) {
                String place = list + "/" + i + entry.place.substring(star + 1);
                check(tree, place, entry.words, errors);
            }
        }
    }

    private static void check(YamlTree tree, String place, Set<String> words, Errors errors) {
        String key = place.substring(place.lastIndexOf('/') + 1);
        String word = tree.at(place).asString("");
        if (words.contains(word)) {
            errors.add(
                    tree.value(place), key + " " + word + " is not supported yet by this version");
        } else if (words.isEmpty() && !tree.at(place).isMissingNode()) {
            errors.add(tree.key(place), key + " is not supported yet by this version");
        }
    }
}
