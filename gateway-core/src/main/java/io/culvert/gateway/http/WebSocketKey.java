package io.culvert.gateway.http;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;

/** The handshake that WebSocket has with HTTP/1 and not with HTTP/2 (RFC 6455 section 4). */
final class WebSocketKey {
    private static final String SUFFIX = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
    private static final SecureRandom RANDOM = new SecureRandom();

    private WebSocketKey() {}

    static String fresh() {
        byte[] key = new byte[16];
        RANDOM.nextBytes(key);
        return Base64.getEncoder().encodeToString(key);
    }

    /** What a server answers to a key. */
    static String accept(String key) {
        try {
            byte[] digest =
                    MessageDigest.getInstance("SHA-1")
                            .digest((key + SUFFIX).getBytes(StandardCharsets.ISO_8859_1));
            return Base64.getEncoder().encodeToString(digest);
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-1", e);
        }
    }

    /** RFC 8441 section 5.1: a server of HTTP/2 has agreed; that is said as HTTP/1 says it. */
    static void switched(RequestHead request, ResponseHead head) {
        head.status = 101;
        head.phrase = Statuses.phrase(101);
        head.upgrade = request.upgrade;
        head.bodiless = true;
        String key = request.fields.value(FieldKind.SEC_WEBSOCKET_KEY.text());
        if (key != null) {
            head.fields.add(FieldKind.SEC_WEBSOCKET_ACCEPT.text(), accept(key));
        }
    }
}
