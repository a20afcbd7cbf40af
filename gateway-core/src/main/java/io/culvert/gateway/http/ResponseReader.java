package io.culvert.gateway.http;

import io.culvert.hook.Reason;
import io.netty.buffer.ByteBuf;

import java.nio.charset.StandardCharsets;

/** Reads answers of HTTP/1 (RFC 9112 section 4). Reusable; confined to one thread. */
final class ResponseReader extends MessageReader {
    private static final int PREFIX = "HTTP/1.1 200".length();
    private static final byte[] OK = {' ', 'O', 'K'};

    private final ResponseHead head;
    private final ConnectionOptions options = new ConnectionOptions();
    private final BodyLength length = new BodyLength();
    private byte[] line = new byte[64];
    private boolean toHead;

    ResponseReader(HeadLimits limits, ResponseHead head) {
        super(limits);
        this.head = head;
    }

    /** Turns to the answer to a request. */
    void begin(boolean toHead) {
        this.toHead = toHead;
        begin();
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
        return Reason.HTTP_FIELDS_TOO_LONG;
    }

    @Override
    Reason startLine(ByteBuf in, int start, int length) {
        if (line.length < length) {
            line = new byte[length];
        }
        in.getBytes(start, line, 0, length);
        boolean good =
                length >= PREFIX
                        && line[0] == 'H'
                        && line[1] == 'T'
                        && line[2] == 'T'
                        && line[3] == 'P'
                        && line[4] == '/'
                        && line[5] == '1'
                        && line[6] == '.'
                        && Characters.isDigit(line[7])
                        && line[8] == ' '
                        && line[9] >= '1'
                        && Characters.isDigit(line[9])
                        && Characters.isDigit(line[10])
                        && Characters.isDigit(line[11])
                        && (length == PREFIX || line[PREFIX] == ' ')
                        && Characters.isValue(line, PREFIX, length - PREFIX);
        if (!good) {
            return Reason.HTTP_SYNTAX;
        }
        head.minorVersion = line[7] == '0' ? 0 : 1;
        head.status = 100 * (line[9] - '0') + 10 * (line[10] - '0') + line[11] - '0';
        head.phrase = phrase(length);
        return null;
    }

    private String phrase(int length) {
        if (length == PREFIX + OK.length && line[PREFIX + 1] == 'O' && line[PREFIX + 2] == 'K') {
            return "OK";
        }
        int from = Math.min(PREFIX + 1, length);
        return new String(line, from, length - from, StandardCharsets.ISO_8859_1);
    }

    @Override
    Reason head() {
        Reason wrong = length.read(head.fields, head.minorVersion);
        if (wrong != null) {
            return wrong;
        }
        head.contentLength = length.length();
        options.read(head.fields);
        head.keepAlive = !options.isClose() && (head.minorVersion > 0 || options.isKeepAlive());
        int upgrade = head.fields.find(FieldKind.UPGRADE, 0);
        if (upgrade >= 0) {
            head.upgrade = head.status == 101 ? head.fields.value(upgrade) : null;
            head.fields.remove(upgrade);
        }
        // RFC 9110 section 8.6, RFC 9112 section 6.3.
        head.bodiless = head.status < 200 || head.status == 204 || head.status == 304 || toHead;
        return null;
    }

    @Override
    Framing framing() {
        if (head.status == 101) {
            return Framing.UNTIL_CLOSE;
        }
        if (head.bodiless) {
            return Framing.NONE;
        }
        if (length.isChunked()) {
            return Framing.CHUNKED;
        }
        if (head.contentLength >= 0) {
            return Framing.LENGTH;
        }
        head.keepAlive = false;
        return Framing.UNTIL_CLOSE;
    }

    @Override
    long contentLength() {
        return head.contentLength;
    }
}
