package io.culvert.gateway.policy;

import io.culvert.gateway.detect.HostName;

/**
 * Names of hosts: one, or with {@code *.} before it all that are under it, however deep, and not
 * itself.
 *
 * @param name in lower case, without the star
 */
public record NamePattern(String name, boolean under) {
    private static final String STAR = "*.";

    /**
     * Reads one as an operator writes it.
     *
     * @throws IllegalArgumentException with a sentence
     */
    public static NamePattern parse(String text) {
        boolean under = text.startsWith(STAR);
        String name = HostName.ofAuthority(under ? text.substring(STAR.length()) : text);
        if (name.isEmpty() || hasPort(text)) {
            throw new IllegalArgumentException(
                    "must be a name like www.example.org or *.example.org");
        }
        return new NamePattern(name, under);
    }

    private static boolean hasPort(String text) {
        return !text.startsWith("[") && text.indexOf(':') >= 0;
    }

    /**
     * Whether a name is one of them.
     *
     * @param other in lower case
     */
    public boolean matches(String other) {
        if (!under) {
            return other.equals(name);
        }
        int dot = other.length() - name.length() - 1;
        return dot > 0 && other.charAt(dot) == '.' && other.endsWith(name);
    }

    @Override
    public String toString() {
        return under ? STAR + name : name;
    }
}
