package io.culvert.gateway.detect;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * The head of an HTTP/1 request, RFC 9112 section 2.1: known once it is whole, since a Host field
 * that comes twice names nobody.
 *
 * <p>It reads as servers do that are known to be lenient, for what one of them would serve must not
 * pass by a rule as unknown: empty lines before the request line (section 2.2), lines that end with
 * a bare LF, and more than one space between the parts of the request line (section 3). Of fields
 * that differ from section 5 in a way that is used to smuggle, the host counts as not named.
 *
 * <p>Reusable; confined to one thread.
 */
final class RequestHead {
    /** More than any method that is registered. */
    private static final int LONGEST_METHOD = 32;

    private static final String VERSION = "HTTP/1.";
    private static final int NONE = -1;

    private ByteBuffer bytes;
    private int at;
    private int end;

    private String method = "";
    private String target = "";
    private String host = "";
    private int version;
    private boolean lined;
    private boolean doubtful;

    Progress read(ByteBuffer from) {
        bytes = from;
        at = from.position();
        end = from.limit();
        host = "";
        lined = false;
        doubtful = false;
        Progress line = requestLine();
        if (line != Progress.KNOWN) {
            return line;
        }
        lined = true;
        return fields();
    }

    /** Whether what has come has a whole request line. */
    boolean isBegun() {
        return lined;
    }

    /** Of a head that is known, or whose request line is: then its host counts as not named. */
    Facts facts(boolean whole) {
        return Facts.request(
                version, method, RequestTarget.of(method, target, whole && !doubtful ? host : ""));
    }

    private Progress requestLine() {
        while (at < end && (is('\r') || is('\n'))) {
            // An empty line; a CR must be followed by LF.
            if (is('\r') && at + 1 < end && bytes.get(at + 1) != '\n') {
                return Progress.OTHER;
            }
            at++;
        }
        int begin = at;
        while (at < end && isToken(bytes.get(at)) && at - begin <= LONGEST_METHOD) {
            at++;
        }
        if (at == end) {
            return Progress.MORE;
        }
        if (at == begin || at - begin > LONGEST_METHOD || !is(' ')) {
            return Progress.OTHER;
        }
        int methodEnd = at;
        spaces();
        int targetBegin = at;
        while (at < end && isOfTarget(bytes.get(at))) {
            at++;
        }
        if (at == end) {
            return Progress.MORE;
        }
        if (at == targetBegin || !is(' ')) {
            return Progress.OTHER;
        }
        int targetEnd = at;
        spaces();
        for (int i = 0; i < VERSION.length(); i++, at++) {
            if (at == end) {
                return Progress.MORE;
            }
            if (!is(VERSION.charAt(i))) {
                return Progress.OTHER;
            }
        }
        return version(text(begin, methodEnd), targetBegin, targetEnd);
    }

    private Progress version(String named, int targetBegin, int targetEnd) {
        if (at == end) {
            return Progress.MORE;
        }
        int digit = bytes.get(at++) - '0';
        if (digit < 0 || digit > 9) {
            return Progress.OTHER;
        }
        spaces();
        if (at < end && is('\r')) {
            at++;
        }
        if (at == end) {
            return Progress.MORE;
        }
        if (!is('\n')) {
            return Progress.OTHER;
        }
        at++;
        method = named;
        target = text(targetBegin, targetEnd);
        version = 0x0100 + digit;
        return Progress.KNOWN;
    }

    private Progress fields() {
        boolean named = false;
        while (true) {
            int begin = at;
            int feed = lineFeed();
            if (feed == NONE) {
                return Progress.MORE;
            }
            at = feed + 1;
            int lineEnd = feed > begin && bytes.get(feed - 1) == '\r' ? feed - 1 : feed;
            if (lineEnd == begin) {
                return Progress.KNOWN;
            }
            int colon = begin;
            while (colon < lineEnd && isToken(bytes.get(colon))) {
                colon++;
            }
            if (colon == begin || colon == lineEnd || bytes.get(colon) != ':') {
                // A folded line, a space before the colon, no field at all.
                doubtful = true;
            } else if (colon - begin == 4 && isHost(begin)) {
                doubtful |= named;
                named = true;
                host = text(colon + 1, lineEnd).strip();
            }
        }
    }

    private int lineFeed() {
        for (int i = at; i < end; i++) {
            if (bytes.get(i) == '\n') {
                return i;
            }
        }
        return NONE;
    }

    private boolean isHost(int begin) {
        return text(begin, begin + 4).toLowerCase(Locale.ROOT).equals("host");
    }

    private boolean is(char c) {
        return bytes.get(at) == c;
    }

    private void spaces() {
        while (at < end && is(' ')) {
            at++;
        }
    }

    private String text(int from, int to) {
        byte[] text = new byte[to - from];
        bytes.get(from, text);
        return new String(text, StandardCharsets.ISO_8859_1);
    }

    /** RFC 9110 section 5.6.2. */
    private static boolean isToken(byte c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || (c > ' ' && "!#$%&'*+-.^_`|~".indexOf(c) >= 0);
    }

    /** Anything but controls and spaces: servers take octets that RFC 3986 does not have. */
    private static boolean isOfTarget(byte c) {
        return (c & 0xff) > ' ' && c != 0x7f;
    }
}
