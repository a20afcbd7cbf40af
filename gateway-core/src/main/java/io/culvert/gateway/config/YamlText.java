package io.culvert.gateway.config;

import tools.jackson.databind.JsonNode;

import java.util.StringJoiner;
import java.util.regex.Pattern;

/** Values of a tree as YAML on one line, which every version of YAML reads as the same values. */
final class YamlText {
    /** Without any character that means something in YAML, and not a number, a time or a flag. */
    private static final Pattern PLAIN =
            Pattern.compile("[A-Za-z/$][A-Za-z0-9/._-]*( [A-Za-z0-9/._-]+)*");

    /** Addresses, prefixes, ranges and quantities: digits, but no number in YAML. */
    private static final Pattern PLAIN_WITH_DIGITS =
            Pattern.compile(
                    "\\d{1,3}(\\.\\d{1,3}){3}(/\\d{1,2})?|[1-9]\\d*-[1-9]\\d*|[1-9]\\d*(ms|s|m|h|d|B|kB|KB|MB|GB|KiB|MiB|GiB)");

    private static final Pattern WORD_OF_YAML =
            Pattern.compile("(?i)y|n|yes|no|on|off|true|false|null");

    private YamlText() {}

    /** The value on one line. */
    static String of(JsonNode value) {
        if (value.isArray()) {
            StringJoiner list = new StringJoiner(", ", "[", "]");
            value.forEach(element -> list.add(of(element)));
            return list.toString();
        }
        if (value.isObject()) {
            StringJoiner mapping = new StringJoiner(", ", "{ ", " }");
            mapping.setEmptyValue("{}");
            value.properties()
                    .forEach(one -> mapping.add(text(one.getKey()) + ": " + of(one.getValue())));
            return mapping.toString();
        }
        return value.isString() ? text(value.asString()) : value.toString();
    }

    /** A text, in quotes where it needs them. */
    static String text(String text) {
        boolean plain =
                (PLAIN.matcher(text).matches() && !WORD_OF_YAML.matcher(text).matches())
                        || PLAIN_WITH_DIGITS.matcher(text).matches();
        return plain ? text : quoted(text);
    }

    // YAML 1.2.2 section 7.3.1; what is not ASCII is left as it is, but for control characters.
    private static String quoted(String text) {
        StringBuilder quoted = new StringBuilder("\"");
        text.codePoints()
                .forEach(
                        c -> {
                            if (c == '"' || c == '\\') {
                                quoted.append('\\').appendCodePoint(c);
                            } else if (Character.isISOControl(c)
                                    || c == 0x2028
                                    || c == 0x2029
                                    || c == 0xfeff
                                    || Character.getType(c) == Character.SURROGATE) {
                                quoted.append("\\u%04x".formatted(c));
                            } else {
                                quoted.appendCodePoint(c);
                            }
                        });
        return quoted.append('"').toString();
    }
}
