package io.culvert.gateway.http;

import io.culvert.hook.Reason;
import io.netty.util.AsciiString;

/** What names and values have to be that came by themselves, and not in a line of HTTP/1. */
final class FieldRules {
    private static final AsciiString TRAILERS = AsciiString.cached("trailers");

    private FieldRules() {}

    /** RFC 9113 section 8.2. Null, or what is wrong. */
    static Reason check(CharSequence name, CharSequence value) {
        AsciiString bytes = AsciiString.of(name);
        if (!Characters.isToken(bytes.array(), bytes.arrayOffset(), bytes.length())) {
            return Reason.HTTP_SYNTAX;
        }
        for (int i = 0; i < bytes.length(); i++) {
            if (bytes.byteAt(i) != Characters.lower(bytes.byteAt(i))) {
                return Reason.HTTP_SYNTAX;
            }
        }
        AsciiString text = AsciiString.of(value);
        int length = text.length();
        if (!Characters.isValue(text.array(), text.arrayOffset(), length)
                || (length > 0 && (isBlank(text.byteAt(0)) || isBlank(text.byteAt(length - 1))))) {
            return Reason.HTTP_SYNTAX;
        }
        return switch (kind(bytes)) {
            case CONNECTION, KEEP_ALIVE, PROXY_CONNECTION, TRANSFER_ENCODING, UPGRADE ->
                    Reason.HTTP_CONNECTION_FIELD;
            case TE ->
                    AsciiString.contentEqualsIgnoreCase(text, TRAILERS)
                            ? null
                            : Reason.HTTP_CONNECTION_FIELD;
            default -> null;
        };
    }

    private static boolean isBlank(byte b) {
        return b == ' ' || b == '\t';
    }

    static FieldKind kind(CharSequence name) {
        AsciiString bytes = AsciiString.of(name);
        return FieldKind.of(bytes.array(), bytes.arrayOffset(), bytes.length());
    }

    static boolean isToken(CharSequence text) {
        AsciiString bytes = AsciiString.of(text);
        return Characters.isToken(bytes.array(), bytes.arrayOffset(), bytes.length());
    }

    static boolean isTarget(CharSequence text) {
        AsciiString bytes = AsciiString.of(text);
        return Characters.isTarget(bytes.array(), bytes.arrayOffset(), bytes.length());
    }

    /** The method that most requests have is no new object. */
    static String method(CharSequence value) {
        return AsciiString.contentEquals(value, "GET") ? "GET" : value.toString();
    }

    /** A number of up to 18 digits and nothing else; negative if it is none. */
    static long number(CharSequence text) {
        if (text.isEmpty() || text.length() > 18) {
            return -1;
        }
        long number = 0;
        for (int i = 0; i < text.length(); i++) {
            if (!Characters.isDigit(text.charAt(i))) {
                return -1;
            }
            number = 10 * number + text.charAt(i) - '0';
        }
        return number;
    }
}
