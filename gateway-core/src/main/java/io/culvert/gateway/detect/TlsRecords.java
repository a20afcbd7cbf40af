package io.culvert.gateway.detect;

import java.nio.ByteBuffer;

/**
 * The beginning of a TLS connection: a ClientHello in one or more records, RFC 8446 section 5.1.
 *
 * <pre>
 *    0         1       3        5
 *   +---------+-------+--------+----------------+---------+-- ...
 *   | type 22 | 03 0x | length | a fragment     | type 22 |
 *   +---------+-------+--------+----------------+---------+-- ...
 * </pre>
 *
 * <p>Reusable; confined to one thread.
 */
final class TlsRecords {
    private static final int HEADER_LENGTH = 5;
    private static final int HANDSHAKE = 22;
    private static final int LONGEST_FRAGMENT = 1 << 14;

    private final ClientHello hello = new ClientHello();

    /** The handshake message, put together. */
    private final ByteBuffer message = ByteBuffer.allocate(FirstBytes.MOST);

    private boolean isHandshake;

    Progress read(ByteBuffer bytes) {
        message.clear();
        isHandshake = false;
        int at = bytes.position();
        int end = bytes.limit();
        while (at < end) {
            if (bytes.get(at) != HANDSHAKE
                    || (end - at > 1 && bytes.get(at + 1) != 3)
                    || (end - at > 2 && (bytes.get(at + 2) & 0xff) > 4)) {
                return Progress.OTHER;
            }
            if (end - at < HEADER_LENGTH) {
                break;
            }
            int length = bytes.getShort(at + 3) & 0xffff;
            // Section 5.1: no fragment of a handshake message is empty.
            if (length == 0 || length > LONGEST_FRAGMENT) {
                return Progress.OTHER;
            }
            at += HEADER_LENGTH;
            int here = Math.min(Math.min(length, end - at), message.remaining());
            message.put(message.position(), bytes, at, here);
            message.position(message.position() + here);
            Progress progress = hello.read(message.slice(0, message.position()));
            isHandshake |= here > 0 && progress != Progress.OTHER;
            if (progress != Progress.MORE || here < length) {
                return progress;
            }
            at += length;
        }
        return Progress.MORE;
    }

    /** Whether what has come is the beginning of a ClientHello, if not all of one. */
    boolean isBegun() {
        return isHandshake;
    }

    /** Of a ClientHello that is known. */
    Facts facts() {
        return hello.facts();
    }
}
