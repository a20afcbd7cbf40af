package com.example.formscan;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A word and what belongs to it, as {@code Content-Type} and {@code Content-Disposition} have it
 * (RFC 9110 section 5.6.6).
 */
record ContentType(String name, Map<String, String> parameters) {
    private static final Pattern PARAMETER =
            Pattern.compile("\\s*;\\s*([^\\s;=\"]+)=(?:\"([^\"]*)\"|([^\\s;\"]*))");

    static ContentType parse(String text) throws FormException {
        int semicolon = text.indexOf(';');
        int end = semicolon < 0 ? text.length() : semicolon;
        Map<String, String> parameters = new HashMap<>();
        Matcher parameter = PARAMETER.matcher(text).region(end, text.length());
        while (parameter.lookingAt()) {
            String name = parameter.group(1).toLowerCase(Locale.ROOT);
            String value = parameter.group(2) == null ? parameter.group(3) : parameter.group(2);
            // What one reader takes for the name's end another does not.
            if (value.endsWith("\\") || parameters.putIfAbsent(name, value) != null) {
                throw new FormException("the form says \"" + name + "\" in two ways");
            }
            end = parameter.end();
            parameter.region(end, text.length());
        }
        if (!text.substring(end).isBlank() && !text.substring(end).strip().equals(";")) {
            throw new FormException("the form says what cannot be read");
        }
        int name = semicolon < 0 ? text.length() : semicolon;
        return new ContentType(
                text.substring(0, name).strip().toLowerCase(Locale.ROOT), Map.copyOf(parameters));
    }

    /** Empty where there is none. */
    String parameter(String key) {
        return parameters.getOrDefault(key, "");
    }
}
