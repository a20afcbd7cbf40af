package io.culvert.gateway.tls;

import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.OpenSslSessionTicketKey;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;

/**
 * The keys by which session tickets are sealed, so that every worker, and the next generation of
 * certificates too, opens what another has sealed. The first seals, the others only open: a ticket
 * is good for as long as it says, and a key for one lifetime more. They are in memory alone.
 *
 * <p>Threading: any.
 */
final class TicketKeys {
    /** Of a ticket, and between two keys. */
    static final Duration LIFETIME = Duration.ofHours(12);

    private static final int KEPT = 2;

    private final SecureRandom random = new SecureRandom();
    private List<OpenSslSessionTicketKey> keys;

    TicketKeys() {
        keys = List.of(fresh());
    }

    /** Seals with a new key from now on; whoever has been given the old ones has to be again. */
    synchronized void rotate() {
        keys = Stream.concat(Stream.of(fresh()), keys.stream()).limit(KEPT).toList();
    }

    synchronized void giveTo(OpenSslSessionContext sessions) {
        sessions.setTicketKeys(keys.toArray(OpenSslSessionTicketKey[]::new));
    }

    private OpenSslSessionTicketKey fresh() {
        return new OpenSslSessionTicketKey(
                bytes(OpenSslSessionTicketKey.NAME_SIZE),
                bytes(OpenSslSessionTicketKey.HMAC_KEY_SIZE),
                bytes(OpenSslSessionTicketKey.AES_KEY_SIZE));
    }

    private byte[] bytes(int count) {
        byte[] bytes = new byte[count];
        random.nextBytes(bytes);
        return bytes;
    }
}
