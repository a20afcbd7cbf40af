package io.culvert.gateway.http;

import io.culvert.hook.Reason;
import io.netty.buffer.ByteBuf;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Reads requests of HTTP/1 (RFC 9112 section 3). Reusable; confined to one thread. */
final class RequestReader extends MessageReader {
    private static final byte[] GET = "GET".getBytes(StandardCharsets.US_ASCII);
    private static final byte[] POST = "POST".getBytes(StandardCharsets.US_ASCII);
    private static final int VERSION_LENGTH = "HTTP/1.1".length();
    private static final int METHOD_LENGTH = 32;

    private final RequestHead head;
    private final ConnectionOptions options = new ConnectionOptions();
    private final BodyLength length = new BodyLength();
    private byte[] line = new byte[256];

    RequestReader(HeadLimits limits, RequestHead head) {
        super(limits);
        this.head = head;
    }

    @Override
    Fields fields() {
        return head.fields;
    }

    @Override
    void begin() {
        super.begin();
        head.clear();
    }

    @Override
    Reason startLineTooLong() {
        return Reason.HTTP_TARGET_TOO_LONG;
    }

    @Override
    Reason startLine(ByteBuf in, int start, int length) {
        if (line.length < length) {
            line = new byte[Math.max(length, 2 * line.length)];
        }
        in.getBytes(start, line, 0, length);
        int space = 0;
        while (space < length && line[space] != ' ') {
            space++;
        }
        int target = space + 1;
        int targetEnd = length - VERSION_LENGTH - 1;
        if (!Characters.isToken(line, 0, space) || space > METHOD_LENGTH) {
            return Reason.HTTP_SYNTAX;
        }
        if (targetEnd <= target
                || line[targetEnd] != ' '
                || !Characters.isTarget(line, target, targetEnd - target)) {
            return Reason.HTTP_SYNTAX;
        }
        head.method = method(space);
        head.target = new String(line, target, targetEnd - target, StandardCharsets.ISO_8859_1);
        return version(targetEnd + 1);
    }

    private String method(int length) {
        if (Arrays.equals(line, 0, length, GET, 0, GET.length)) {
            return "GET";
        }
        if (Arrays.equals(line, 0, length, POST, 0, POST.length)) {
            return "POST";
        }
        return new String(line, 0, length, StandardCharsets.US_ASCII);
    }

    private Reason version(int at) {
        boolean http =
                line[at] == 'H'
                        && line[at + 1] == 'T'
                        && line[at + 2] == 'T'
                        && line[at + 3] == 'P'
                        && line[at + 4] == '/'
                        && Characters.isDigit(line[at + 5])
                        && line[at + 6] == '.'
                        && Characters.isDigit(line[at + 7]);
        if (!http) {
            return Reason.HTTP_SYNTAX;
        }
        if (line[at + 5] != '1') {
            return Reason.HTTP_VERSION;
        }
        head.minorVersion = line[at + 7] == '0' ? 0 : 1;
        return null;
    }

    @Override
    Reason head() {
        Reason wrong = length.read(head.fields, head.minorVersion);
        if (wrong != null) {
            return wrong;
        }
        head.contentLength =
                length.isChunked() ? RequestHead.UNKNOWN_LENGTH : Math.max(0, length.length());
        wrong = host();
        if (wrong != null) {
            return wrong;
        }
        options.read(head.fields);
        head.keepAlive = !options.isClose() && (head.minorVersion > 0 || options.isKeepAlive());
        for (int i = 0; i < head.fields.count(); i++) {
            if (head.fields.isLive(i)) {
                special(i);
            }
        }
        return null;
    }

    private void special(int index) {
        Fields fields = head.fields;
        switch (fields.kind(index)) {
            case TE -> {
                if (options.isTe() || head.minorVersion > 0) {
                    head.takesTrailers |= fields.value(index).contains("trailers");
                }
                fields.remove(index);
            }
            case UPGRADE -> {
                // RFC 9110 section 7.8: not from HTTP/1.0, and only where Connection names it.
                // h2c is no more (RFC 9113 section 3.1), and the server may overlook it.
                if (options.isUpgrade()
                        && head.minorVersion > 0
                        && head.contentLength == 0
                        && !fields.isValue(index, "h2c")) {
                    head.upgrade = fields.value(index);
                }
                fields.remove(index);
            }
            case EXPECT -> {
                head.expectsContinue =
                        head.minorVersion > 0 && fields.isValue(index, "100-continue");
                fields.remove(index);
            }
            case HTTP2_SETTINGS -> fields.remove(index);
            default -> {}
        }
    }

    /** RFC 9112 section 3.2. */
    private Reason host() {
        Fields fields = head.fields;
        int index = fields.find(FieldKind.HOST, 0);
        if (index < 0) {
            if (head.minorVersion > 0) {
                return Reason.HTTP_HOST;
            }
        } else {
            if (fields.find(FieldKind.HOST, index + 1) >= 0) {
                return Reason.HTTP_HOST;
            }
            head.authority = fields.value(index);
            // Empty is a legal host of a target without one.
            if (!head.authority.isEmpty() && !Characters.isAuthority(head.authority)) {
                return Reason.HTTP_HOST;
            }
            fields.remove(index);
        }
        String target = head.target;
        if (head.isConnect()) {
            head.authority = target;
            return Characters.isAuthority(target) && target.lastIndexOf(':') > 0
                    ? null
                    : Reason.HTTP_SYNTAX;
        }
        if (target.charAt(0) == '/') {
            return null;
        }
        if (target.equals("*")) {
            return head.method.equals("OPTIONS") ? null : Reason.HTTP_SYNTAX;
        }
        return absolute(target);
    }

    /** Section 3.2.2: what the target names counts, whatever {@code Host} says. */
    private Reason absolute(String target) {
        int scheme = target.indexOf("://");
        if (scheme < 0
                || !target.regionMatches(true, 0, "http", 0, 4)
                || scheme > 5
                || (scheme == 5 && (target.charAt(4) | 0x20) != 's')) {
            return Reason.HTTP_SYNTAX;
        }
        int start = scheme + 3;
        int end = start;
        while (end < target.length() && target.charAt(end) != '/' && target.charAt(end) != '?') {
            end++;
        }
        String authority = target.substring(start, end);
        if (!Characters.isAuthority(authority)) {
            return Reason.HTTP_HOST;
        }
        head.authority = authority;
        String rest = target.substring(end);
        head.target =
                rest.isEmpty()
                        ? head.method.equals("OPTIONS") ? "*" : "/"
                        : rest.charAt(0) == '?' ? "/" + rest : rest;
        return null;
    }

    @Override
    Framing framing() {
        if (length.isChunked()) {
            return Framing.CHUNKED;
        }
        return head.contentLength > 0 ? Framing.LENGTH : Framing.NONE;
    }

    @Override
    long contentLength() {
        return head.contentLength;
    }
}
