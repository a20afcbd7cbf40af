package io.culvert.gateway.http;

import io.netty.util.AsciiString;

/**
 * The fields that the proxy itself looks at; every other is {@link #OTHER} and passed on as it is.
 */
enum FieldKind {
    OTHER(""),
    ACCEPT("accept"),
    CONNECTION("connection"),
    CONTENT_LENGTH("content-length"),
    CONTENT_TYPE("content-type"),
    COOKIE("cookie"),
    DATE("date"),
    EXPECT("expect"),
    FORWARDED("forwarded"),
    HOST("host"),
    HTTP2_SETTINGS("http2-settings"),
    KEEP_ALIVE("keep-alive"),
    PROXY_CONNECTION("proxy-connection"),
    SEC_WEBSOCKET_ACCEPT("sec-websocket-accept"),
    SEC_WEBSOCKET_KEY("sec-websocket-key"),
    TE("te"),
    TRAILER("trailer"),
    TRANSFER_ENCODING("transfer-encoding"),
    UPGRADE("upgrade"),
    USER_AGENT("user-agent"),
    VIA("via"),
    X_FORWARDED_FOR("x-forwarded-for"),
    X_FORWARDED_HOST("x-forwarded-host"),
    X_FORWARDED_PROTO("x-forwarded-proto");

    private static final int MASK = 0x7f;
    private static final FieldKind[] TABLE = new FieldKind[MASK + 1];

    static {
        for (FieldKind kind : values()) {
            if (kind != OTHER) {
                byte[] bytes = kind.text.array();
                int slot = hash(bytes, 0, bytes.length) & MASK;
                while (TABLE[slot] != null) {
                    slot = (slot + 1) & MASK;
                }
                TABLE[slot] = kind;
            }
        }
    }

    @SuppressWarnings("ImmutableEnumChecker") // Nobody has its array.
    private final AsciiString text;

    FieldKind(String text) {
        this.text = AsciiString.cached(text);
    }

    /** In lower case. */
    AsciiString text() {
        return text;
    }

    /** Of a name in whatever case. */
    static FieldKind of(byte[] bytes, int start, int length) {
        int slot = hash(bytes, start, length) & MASK;
        for (FieldKind kind; (kind = TABLE[slot]) != null; slot = (slot + 1) & MASK) {
            if (kind.text.length() == length && same(kind.text.array(), bytes, start, length)) {
                return kind;
            }
        }
        return OTHER;
    }

    private static int hash(byte[] bytes, int start, int length) {
        int hash = length;
        for (int i = start; i < start + length; i++) {
            hash = hash * 31 + (bytes[i] | 0x20);
        }
        return hash ^ (hash >>> 15);
    }

    /** Of two names whose characters are those of tokens; the first is in lower case. */
    private static boolean same(byte[] lower, byte[] bytes, int start, int length) {
        for (int i = 0; i < length; i++) {
            if (lower[i] != Characters.lower(bytes[start + i])) {
                return false;
            }
        }
        return true;
    }
}
