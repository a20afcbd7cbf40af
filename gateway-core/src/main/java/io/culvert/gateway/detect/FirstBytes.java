package io.culvert.gateway.detect;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/**
 * What the first bytes of a stream's initiator are. It is given them from the first one on each
 * time that there are more, and remembers nothing in between, so one serves all connections of a
 * thread:
 *
 * <pre>
 *   read --MORE--> more bytes: read again;  no more of them or of time: facts() as far as they go
 *    |'--OTHER---> nothing that is known here
 *    '--KNOWN----> facts()
 * </pre>
 *
 * <p>Confined to one thread.
 */
public final class FirstBytes {
    /** Bytes to look at, at most: one TLS record, and twice what servers take as a request head. */
    public static final int MOST = 16 * 1024;

    /** RFC 9113 section 3.4. */
    private static final byte[] PREFACE =
            "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

    private static final byte[] SSH = "SSH-".getBytes(StandardCharsets.US_ASCII);

    /** RFC 4253 section 4.2, CR and LF included. */
    private static final int LONGEST_IDENTIFICATION = 255;

    private final TlsRecords tls = new TlsRecords();
    private final RequestHead request = new RequestHead();
    private Facts facts = Facts.NONE;

    /**
     * Looks at all that has come so far.
     *
     * @param bytes from its position to its limit, which both stay; of more than {@link #MOST} the
     *     first ones count
     */
    public Progress read(ByteBuffer bytes) {
        facts = Facts.NONE;
        // In network byte order, whatever the caller's is in.
        ByteBuffer view = bytes.duplicate();
        boolean full = view.remaining() >= MOST;
        if (full) {
            view.limit(view.position() + MOST);
        }
        if (!view.hasRemaining()) {
            return Progress.MORE;
        }
        Progress progress = recognize(view);
        if (progress == Progress.MORE && full) {
            return facts.application() == Application.UNKNOWN ? Progress.OTHER : Progress.KNOWN;
        }
        return progress;
    }

    /** What is known: all of it, or after {@link Progress#MORE} what there was so far. */
    public Facts facts() {
        return facts;
    }

    private Progress recognize(ByteBuffer bytes) {
        // No two of them begin with the same byte, but for HTTP/1 with a method like PRI or SSH-2.
        Progress progress = tls.read(bytes);
        if (progress != Progress.OTHER) {
            if (progress == Progress.KNOWN) {
                facts = tls.facts();
            } else if (tls.isBegun()) {
                facts = Facts.of(Application.TLS, 0);
            }
            return progress;
        }
        Progress preface = startsWith(bytes, PREFACE);
        if (preface == Progress.KNOWN) {
            facts = Facts.of(Application.HTTP2, 0x0200);
            return Progress.KNOWN;
        }
        Progress ssh = ssh(bytes);
        if (ssh == Progress.KNOWN) {
            facts = Facts.of(Application.SSH, 0);
            return Progress.KNOWN;
        }
        Progress http = request.read(bytes);
        if (http == Progress.KNOWN || request.isBegun()) {
            facts = request.facts(http == Progress.KNOWN);
            return http;
        }
        boolean more = preface == Progress.MORE || ssh == Progress.MORE || http == Progress.MORE;
        return more ? Progress.MORE : Progress.OTHER;
    }

    private static Progress startsWith(ByteBuffer bytes, byte[] beginning) {
        int length = Math.min(bytes.remaining(), beginning.length);
        for (int i = 0; i < length; i++) {
            if (bytes.get(bytes.position() + i) != beginning[i]) {
                return Progress.OTHER;
            }
        }
        return length == beginning.length ? Progress.KNOWN : Progress.MORE;
    }

    /** RFC 4253 section 4.2: {@code SSH-protoversion-softwareversion SP comments CR LF}. */
    private static Progress ssh(ByteBuffer bytes) {
        Progress beginning = startsWith(bytes, SSH);
        if (beginning != Progress.KNOWN) {
            return beginning;
        }
        int from = bytes.position() + SSH.length;
        int to = Math.min(bytes.limit(), bytes.position() + LONGEST_IDENTIFICATION);
        for (int i = from; i < to; i++) {
            byte c = bytes.get(i);
            if (c == '-') {
                return i > from ? Progress.KNOWN : Progress.OTHER;
            }
            if ((c < '0' || c > '9') && c != '.') {
                return Progress.OTHER;
            }
        }
        return bytes.remaining() < LONGEST_IDENTIFICATION ? Progress.MORE : Progress.OTHER;
    }
}
