package io.culvert.gateway.demo;

import io.culvert.linux.NativeMemory;

import java.nio.ByteBuffer;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Bytes that look random, no block of them like another, and that are the same each time: what the
 * transfers carry.
 */
final class Content {
    private static final int BLOCK = 256 * 1024;
    private static final long SEED = 0x63756c76657274L;
    private static final byte[] PATTERN = new byte[BLOCK];

    /** By length; there are few lengths, and computing takes as long as a transfer. */
    private static final Map<Long, String> DIGESTS = new ConcurrentHashMap<>();

    static {
        new SplittableRandom(SEED).nextBytes(PATTERN);
    }

    private Content() {}

    /** Where blocks of content go. */
    @FunctionalInterface
    interface Taker<E extends Exception> {
        void take(ByteBuffer block) throws E;
    }

    /** Gives the first {@code length} bytes away in direct buffers. */
    static <E extends Exception> void write(long length, Taker<E> taker) throws E {
        ByteBuffer block = NativeMemory.allocate(BLOCK).put(PATTERN);
        for (long at = 0; at < length; at += BLOCK) {
            block.putLong(0, at);
            taker.take(block.position(0).limit((int) Math.min(BLOCK, length - at)));
        }
    }

    /** The hash of the first {@code length} bytes. */
    static String digest(long length) {
        return DIGESTS.computeIfAbsent(length, Content::compute);
    }

    private static String compute(long length) {
        MessageDigest digest = sha256();
        Content.<RuntimeException>write(length, digest::update);
        return text(digest);
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }

    /** Ends the digest. */
    static String text(MessageDigest digest) {
        return HexFormat.of().formatHex(digest.digest());
    }
}
