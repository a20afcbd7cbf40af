package io.culvert.gateway.detect;

import java.util.Locale;

/** Which texts are names of hosts, so that what is compared and logged holds nothing else. */
public final class HostName {
    /** RFC 1035 section 2.3.4, in text and without the last dot. */
    private static final int LONGEST = 253;

    private static final int LONGEST_LABEL = 63;

    private HostName() {}

    /**
     * A DNS name in lower case and without a last dot: letters, digits, hyphens and, since they are
     * in use, underscores.
     *
     * @return empty for anything else
     */
    public static String dns(CharSequence text) {
        int end = text.length();
        if (end > 0 && text.charAt(end - 1) == '.') {
            end--;
        }
        if (end == 0 || end > LONGEST) {
            return "";
        }
        int label = 0;
        for (int i = 0; i < end; i++) {
            char c = text.charAt(i);
            if (c == '.') {
                if (label == 0) {
                    return "";
                }
                label = 0;
            } else if (!isOfLabel(c) || ++label > LONGEST_LABEL) {
                return "";
            }
        }
        return label == 0 ? "" : text.subSequence(0, end).toString().toLowerCase(Locale.ROOT);
    }

    private static boolean isOfLabel(char c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || c == '-'
                || c == '_';
    }

    /**
     * The same, but no IPv4 address: RFC 6066 section 3 has no literal addresses.
     *
     * @return empty for anything else
     */
    public static String server(CharSequence text) {
        String name = dns(text);
        for (int i = name.lastIndexOf('.') + 1; i < name.length(); i++) {
            if (name.charAt(i) < '0' || name.charAt(i) > '9') {
                return name;
            }
        }
        return "";
    }

    /**
     * The host of {@code host[:port]}, RFC 3986 section 3.2.2: a name, an IPv4 address, or an IPv6
     * address, which comes without its brackets.
     *
     * @return empty for anything else
     */
    public static String ofAuthority(String authority) {
        if (authority.startsWith("[")) {
            int end = authority.indexOf(']');
            return end > 0 && isPort(authority.substring(end + 1))
                    ? ipv6(authority.substring(1, end))
                    : "";
        }
        int colon = authority.indexOf(':');
        if (colon < 0) {
            return dns(authority);
        }
        return isPort(authority.substring(colon)) ? dns(authority.substring(0, colon)) : "";
    }

    /** Whether it is nothing, or a colon and digits, if any. */
    private static boolean isPort(String text) {
        if (text.isEmpty()) {
            return true;
        }
        return text.charAt(0) == ':'
                && text.length() <= 6
                && text.chars().skip(1).allMatch(c -> c >= '0' && c <= '9');
    }

    /** Not whether it is one, but whether it can only be one. */
    private static String ipv6(String text) {
        boolean fits =
                text.length() >= 2
                        && text.length() <= 45
                        && text.indexOf(':') >= 0
                        && text.chars().allMatch(c -> isHex(c) || c == ':' || c == '.');
        return fits ? text.toLowerCase(Locale.ROOT) : "";
    }

    private static boolean isHex(int c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    }
}
