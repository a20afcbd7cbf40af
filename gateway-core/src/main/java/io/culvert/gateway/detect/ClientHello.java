package io.culvert.gateway.detect;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * A TLS ClientHello, RFC 8446 section 4.1.2, read for what it asks for. The bytes are those of the
 * handshake message, without the records or frames that they came in:
 *
 * <pre>
 *    0        1                 4       6                  38
 *   +--------+-----------------+-------+------------------+------------+---------------+
 *   | type 1 | length          | 03 03 | random           | session id | cipher suites |
 *   +--------+-----------------+-------+------------------+------------+---------------+
 *   | compression methods | extensions: type, length, data, ...                        |
 *   +---------------------+------------------------------------------------------------+
 * </pre>
 *
 * <p>Any length that does not add up makes it none, since no server takes it either; so do two
 * extensions of one type that is read here (section 4.2).
 *
 * <p>Reusable; confined to one thread.
 */
public final class ClientHello {
    static final int HEADER_LENGTH = 4;

    private static final int CLIENT_HELLO = 1;
    private static final int RANDOM_LENGTH = 32;
    private static final int LONGEST_SESSION_ID = 32;

    private static final int SERVER_NAME = 0;
    private static final int SIGNATURE_ALGORITHMS = 13;
    private static final int ALPN = 16;
    private static final int SUPPORTED_VERSIONS = 43;

    /** RFC 6066 section 3. */
    private static final int HOST_NAME = 0;

    private static final int[] NONE = {};

    private ByteBuffer bytes;
    private int at;
    private int end;
    private boolean broken;

    private String serverName = "";
    private List<String> alpn = List.of();
    private int[] cipherSuites = NONE;
    private int[] signatureSchemes = NONE;
    private int version;
    private int seen;

    /**
     * @param message from its first byte at the position on; what stands behind it is not looked at
     */
    public Progress read(ByteBuffer message) {
        begin(message);
        if (end - at >= 1 && message.get(at) != CLIENT_HELLO) {
            return Progress.OTHER;
        }
        if (end - at < HEADER_LENGTH) {
            return Progress.MORE;
        }
        int length = length(bytes, at);
        if (end - at < length) {
            return Progress.MORE;
        }
        end = at + length;
        at += HEADER_LENGTH;
        body();
        return broken ? Progress.OTHER : Progress.KNOWN;
    }

    /**
     * Reads one whose type and length have been read.
     *
     * @param message behind them, from the position to the limit: all of it
     * @return whether it is one
     */
    public boolean readBody(ByteBuffer message) {
        begin(message);
        body();
        return !broken;
    }

    private void begin(ByteBuffer message) {
        // In network byte order, whatever the caller's is in.
        bytes = message.duplicate();
        at = message.position();
        end = message.limit();
        broken = false;
        serverName = "";
        alpn = List.of();
        cipherSuites = NONE;
        signatureSchemes = NONE;
        version = 0;
        seen = 0;
    }

    /** How long the message is that begins there, header included. */
    static int length(ByteBuffer message, int at) {
        return HEADER_LENGTH + (message.getInt(at) & 0xffffff);
    }

    /** In lower case; empty where it names none, or none that is a name. */
    public String serverName() {
        return serverName;
    }

    /** As it offers them, reserved ones included. */
    public int[] cipherSuites() {
        return cipherSuites.clone();
    }

    /** The {@code signature_algorithms}, RFC 8446 section 4.2.3; none where it has no such list. */
    public int[] signatureSchemes() {
        return signatureSchemes.clone();
    }

    /** Of one that is known. */
    Facts facts() {
        return Facts.hello(Application.TLS, serverName, alpn, version);
    }

    /** Of one that is known, in QUIC of that version. */
    Facts facts(QuicVersion quic) {
        return Facts.hello(Application.QUIC, serverName, alpn, quic.number());
    }

    private void body() {
        version = u16();
        if (version >>> 8 != 3) {
            broken = true;
        }
        skip(RANDOM_LENGTH);
        int sessionId = u8();
        broken |= sessionId > LONGEST_SESSION_ID;
        skip(sessionId);
        int suites = u16();
        broken |= suites < 2;
        cipherSuites = numbers(suites);
        int methods = u8();
        broken |= methods < 1;
        skip(methods);
        // RFC 5246 section 7.4.1.2: TLS 1.2 and before may have no extensions at all.
        if (broken || at == end) {
            return;
        }
        int extensions = u16();
        broken |= extensions != end - at;
        while (!broken && at < end) {
            int type = u16();
            int length = u16();
            int next = at + length;
            if (broken || next > end) {
                broken = true;
                return;
            }
            extension(type, next);
            at = next;
        }
    }

    private void extension(int type, int limit) {
        switch (type) {
            case SERVER_NAME -> {
                once(1);
                serverName(limit);
            }
            case ALPN -> {
                once(2);
                alpn(limit);
            }
            case SUPPORTED_VERSIONS -> {
                once(4);
                versions(limit);
            }
            case SIGNATURE_ALGORITHMS -> {
                once(8);
                int length = u16();
                list(length, limit);
                signatureSchemes = numbers(length);
            }
            default -> {}
        }
    }

    private void once(int bit) {
        broken |= (seen & bit) != 0;
        seen |= bit;
    }

    /** A list that has the rest of an extension to itself. */
    private void list(int length, int limit) {
        broken |= length == 0 || length != limit - at;
    }

    private void serverName(int limit) {
        list(u16(), limit);
        boolean named = false;
        while (!broken && at < limit) {
            int type = u8();
            int length = u16();
            if (broken || length == 0 || length > limit - at) {
                broken = true;
                return;
            }
            if (type == HOST_NAME) {
                // RFC 6066 section 3: no two names of one type.
                broken |= named;
                named = true;
                serverName = HostName.server(text(length));
            }
            at += length;
        }
    }

    private void alpn(int limit) {
        list(u16(), limit);
        List<String> names = new ArrayList<>(4);
        while (!broken && at < limit) {
            int length = u8();
            if (broken || length == 0 || length > limit - at) {
                broken = true;
                return;
            }
            String name = text(length);
            if (name.chars().allMatch(c -> c > 0x20 && c < 0x7f)) {
                names.add(name);
            }
            at += length;
        }
        alpn = names;
    }

    /** RFC 8446 section 4.2.1: where there is this list, it counts alone. */
    private void versions(int limit) {
        int length = u8();
        list(length, limit);
        int newest = 0;
        for (int offered : numbers(length)) {
            // RFC 8701: reserved values, 0x0a0a to 0xfafa, are there to be ignored.
            if (offered >>> 8 == 3 && offered > newest) {
                newest = offered;
            }
        }
        version = newest == 0 ? version : newest;
    }

    /** Numbers of two bytes, so many bytes of them. */
    private int[] numbers(int length) {
        broken |= length % 2 != 0 || length > end - at;
        if (broken) {
            return NONE;
        }
        int[] numbers = new int[length / 2];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = u16();
        }
        return numbers;
    }

    private String text(int length) {
        byte[] text = new byte[length];
        bytes.get(at, text);
        return new String(text, StandardCharsets.ISO_8859_1);
    }

    private int u8() {
        if (broken || at + 1 > end) {
            broken = true;
            return 0;
        }
        return bytes.get(at++) & 0xff;
    }

    private int u16() {
        if (broken || at + 2 > end) {
            broken = true;
            return 0;
        }
        at += 2;
        return bytes.getShort(at - 2) & 0xffff;
    }

    private void skip(int length) {
        if (broken || length > end - at) {
            broken = true;
        } else {
            at += length;
        }
    }
}
