package io.culvert.gateway.tls;

import java.util.Locale;
import java.util.Optional;

/** Names as TLS has them: of hosts, in lower case, without a dot at the end. */
final class ServerName {
    /** RFC 1035, section 2.3.4, as text. */
    private static final int LONGEST = 253;

    private static final int LONGEST_LABEL = 63;

    private ServerName() {}

    /**
     * The name of a host, if the text is one. Underscores are let through, since names with them
     * are in use.
     */
    static Optional<String> of(String text) {
        String name = text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
        if (name.isEmpty() || name.length() > LONGEST) {
            return Optional.empty();
        }
        for (String label : name.split("\\.", -1)) {
            if (!isLabel(label)) {
                return Optional.empty();
            }
        }
        // RFC 6066, section 3: a literal address is no name.
        String last = name.substring(name.lastIndexOf('.') + 1);
        return last.chars().allMatch(each -> each >= '0' && each <= '9')
                ? Optional.empty()
                : Optional.of(name.toLowerCase(Locale.ROOT));
    }

    /** A name, or one whose first label is a star. */
    static Optional<String> pattern(String text) {
        return text.startsWith("*.") ? of(text.substring(2)).map(rest -> "*." + rest) : of(text);
    }

    private static boolean isLabel(String label) {
        if (label.isEmpty() || label.length() > LONGEST_LABEL) {
            return false;
        }
        for (int i = 0; i < label.length(); i++) {
            char each = label.charAt(i);
            boolean inside = each == '-' && i > 0 && i < label.length() - 1;
            if (!isLetterOrDigit(each) && each != '_' && !inside) {
                return false;
            }
        }
        return true;
    }

    private static boolean isLetterOrDigit(char each) {
        return (each >= 'a' && each <= 'z')
                || (each >= 'A' && each <= 'Z')
                || (each >= '0' && each <= '9');
    }
}
