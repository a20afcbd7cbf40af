package io.culvert.gateway.http;

/** What may stand where in HTTP (RFC 9110 section 5.6). */
final class Characters {
    private static final boolean[] TOKEN = new boolean[256];
    private static final boolean[] VALUE = new boolean[256];
    private static final boolean[] TARGET = new boolean[256];
    private static final boolean[] HOST = new boolean[256];

    static {
        for (int c = 0; c < 256; c++) {
            boolean alphanumeric = isDigit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
            TOKEN[c] = alphanumeric || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
            // RFC 9110 section 5.5: no CR, LF or NUL; other control characters mean no good either.
            VALUE[c] = (c >= ' ' && c != 0x7f) || c == '\t';
            // More than a URI may have: odd clients send UTF-8 as it is.
            TARGET[c] = c > ' ' && c != 0x7f && c != '#';
            HOST[c] = alphanumeric || "-._~%!$&'()*+,;=:[]".indexOf(c) >= 0;
        }
    }

    private Characters() {}

    /** Whether the bytes are a token (RFC 9110 section 5.6.2). */
    static boolean isToken(byte[] bytes, int start, int length) {
        return all(TOKEN, bytes, start, length) && length > 0;
    }

    /** Whether the bytes may be a field's value. */
    static boolean isValue(byte[] bytes, int start, int length) {
        return all(VALUE, bytes, start, length);
    }

    /** Whether the bytes may be a request's target. */
    static boolean isTarget(byte[] bytes, int start, int length) {
        return all(TARGET, bytes, start, length) && length > 0;
    }

    private static boolean all(boolean[] allowed, byte[] bytes, int start, int length) {
        for (int i = start; i < start + length; i++) {
            if (!allowed[bytes[i] & 0xff]) {
                return false;
            }
        }
        return true;
    }

    /** Whether the text may be a host with or without a port (RFC 3986 section 3.2). */
    static boolean isAuthority(String text) {
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c > 0xff || !HOST[c]) {
                return false;
            }
        }
        return !text.isEmpty() && text.charAt(0) != ':';
    }

    static byte lower(byte b) {
        return b >= 'A' && b <= 'Z' ? (byte) (b | 0x20) : b;
    }

    static boolean isDigit(int c) {
        return c >= '0' && c <= '9';
    }

    /** The hexadecimal digit's value; negative if it is none. */
    static int hexadecimal(int c) {
        if (isDigit(c)) {
            return c - '0';
        }
        int letter = c | 0x20;
        return letter >= 'a' && letter <= 'f' ? letter - 'a' + 10 : -1;
    }
}
