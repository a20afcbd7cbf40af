package io.culvert.gateway.detect;

import java.util.Locale;

/**
 * The host and the path that an HTTP request is for, in the form that they are compared in.
 *
 * <p>A path comes in its plain form, since many spellings lead to one place: what need not be
 * percent-encoded is not (RFC 3986 section 6.2.2.2), hexadecimal digits are capitals (6.2.2.1), and
 * dot segments are gone (6.2.2.3). A rule for {@code /admin/} so means {@code /x/../%61dmin/}, too.
 * Two slashes stay two: that they mean one is some servers' own affair.
 *
 * @param host empty where there is none, or none that is a host
 * @param path without query; empty where there is none, as of {@code CONNECT}; {@code *} of a
 *     request that is for the whole server
 */
public record RequestTarget(String host, String path) {
    /**
     * Reads a request's target, RFC 9112 section 3.2.
     *
     * @param target in any of the four forms
     * @param host the Host field's value; empty where there is none. The target's own comes before
     *     it, section 3.2.2
     */
    public static RequestTarget of(String method, String target, String host) {
        if (method.equals("CONNECT")) {
            return new RequestTarget(HostName.ofAuthority(target), "");
        }
        if (target.startsWith("/") || target.equals("*")) {
            return new RequestTarget(HostName.ofAuthority(host), plain(target));
        }
        int scheme = target.indexOf("://");
        if (scheme <= 0) {
            return new RequestTarget("", "");
        }
        int begin = scheme + 3;
        int end = begin;
        while (end < target.length() && "/?#".indexOf(target.charAt(end)) < 0) {
            end++;
        }
        String authority = target.substring(begin, end);
        // User information is deprecated there (RFC 9110 section 4.2.4), and never the host.
        String named = HostName.ofAuthority(authority.substring(authority.lastIndexOf('@') + 1));
        String path = target.substring(end);
        return new RequestTarget(named, plain(path.startsWith("/") ? path : "/" + path));
    }

    /** The plain form of a path, its query and fragment left out. */
    public static String plain(String target) {
        int end = 0;
        while (end < target.length() && target.charAt(end) != '?' && target.charAt(end) != '#') {
            end++;
        }
        String path = decoded(target.substring(0, end));
        return path.startsWith("/") && path.contains("/.") ? withoutDots(path) : path;
    }

    private static String decoded(String path) {
        if (path.indexOf('%') < 0) {
            return path;
        }
        StringBuilder plain = new StringBuilder(path.length());
        for (int i = 0; i < path.length(); i++) {
            char c = path.charAt(i);
            int octet = c == '%' ? octet(path, i + 1) : -1;
            if (octet < 0) {
                plain.append(c);
            } else {
                if (isUnreserved(octet)) {
                    plain.append((char) octet);
                } else {
                    plain.append(path.substring(i, i + 3).toUpperCase(Locale.ROOT));
                }
                i += 2;
            }
        }
        return plain.toString();
    }

    /** The octet that two hexadecimal digits there are; negative where there are none. */
    private static int octet(String path, int at) {
        if (at + 2 > path.length()) {
            return -1;
        }
        int high = Character.digit(path.charAt(at), 16);
        int low = Character.digit(path.charAt(at + 1), 16);
        return high < 0 || low < 0 ? -1 : (high << 4) | low;
    }

    /** RFC 3986 section 2.3. */
    private static boolean isUnreserved(int c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || c == '-'
                || c == '.'
                || c == '_'
                || c == '~';
    }

    /** RFC 3986 section 5.2.4, of a path that begins with a slash. */
    private static String withoutDots(String path) {
        StringBuilder plain = new StringBuilder(path.length());
        int at = 0;
        while (at < path.length()) {
            int next = path.indexOf('/', at + 1);
            int end = next < 0 ? path.length() : next;
            // With the slash before it.
            String segment = path.substring(at, end);
            boolean last = next < 0;
            if (segment.equals("/..")) {
                plain.setLength(Math.max(0, plain.lastIndexOf("/")));
            } else if (!segment.equals("/.")) {
                plain.append(segment);
            }
            if (last && (segment.equals("/..") || segment.equals("/."))) {
                plain.append('/');
            }
            at = end;
        }
        return plain.toString();
    }
}
