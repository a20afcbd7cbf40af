package io.culvert.gateway.http;

import io.netty.buffer.ByteBuf;
import io.netty.handler.codec.quic.QuicTokenHandler;

import java.net.InetSocketAddress;
import java.security.MessageDigest;
import java.security.SecureRandom;
import java.util.Optional;

/**
 * Asks clients of one flow to show that they get what they are sent (Retry, RFC 9000 section
 * 8.1.2), while many handshakes of the loop are under way: one that forges its address then costs
 * an answer, and neither a handshake nor what a connection holds.
 *
 * <p>A token is good for its flow alone, which is what it proves: it is a secret of the flow's, and
 * the connection ID that the client has chosen first. One that the gateway has not made is dropped
 * with its packet, since it may not count as proof.
 *
 * <p>Confined to its loop.
 */
final class RetryTokens implements QuicTokenHandler {
    private static final SecureRandom RANDOM = new SecureRandom();
    private static final int SECRET = 16;

    /** RFC 9000 section 17.2. */
    private static final int LONGEST_CONNECTION_ID = 20;

    private final HttpLoop loop;
    private Optional<byte[]> secret = Optional.empty();

    RetryTokens(HttpLoop loop) {
        this.loop = loop;
    }

    @Override
    public boolean writeToken(ByteBuf out, ByteBuf connectionId, InetSocketAddress client) {
        if (!loop.hasManyHandshakes()) {
            return false;
        }
        byte[] own =
                secret.orElseGet(
                        () -> {
                            byte[] made = new byte[SECRET];
                            RANDOM.nextBytes(made);
                            return made;
                        });
        secret = Optional.of(own);
        out.writeBytes(own).writeBytes(connectionId.slice());
        return true;
    }

    @Override
    public int validateToken(ByteBuf token, InetSocketAddress client) {
        int length = token.readableBytes();
        if (secret.isEmpty() || length < SECRET || length > SECRET + LONGEST_CONNECTION_ID) {
            return -1;
        }
        byte[] shown = new byte[SECRET];
        token.getBytes(token.readerIndex(), shown);
        return MessageDigest.isEqual(shown, secret.get()) ? SECRET : -1;
    }

    @Override
    public int maxTokenLength() {
        return SECRET + LONGEST_CONNECTION_ID;
    }
}
