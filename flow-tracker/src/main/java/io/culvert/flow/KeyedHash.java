package io.culvert.flow;

import java.security.SecureRandom;

/**
 * SipHash-1-3 (Aumasson and Bernstein, 2012, with the round counts that Linux uses for its tables)
 * over a few 64-bit words, under a key drawn at start. Whoever sends packets cannot choose tuples
 * that collide, because nobody knows the key.
 */
public final class KeyedHash {
    /** SipHash appends one word with the message's length, here 40 bytes, in its upper byte. */
    private static final long LENGTH = 40L << 56;

    private static final int WORDS = 6;
    private static final int FINAL_ROUNDS = 3;

    private static final long KEY_0;
    private static final long KEY_1;

    static {
        SecureRandom random = new SecureRandom();
        KEY_0 = random.nextLong();
        KEY_1 = random.nextLong();
    }

    private KeyedHash() {}

    /** The hash of five words under this process's key. */
    public static int of(long a, long b, long c, long d, long e) {
        return of(KEY_0, KEY_1, a, b, c, d, e);
    }

    /** The 64 bits of SipHash, words taken as little-endian, folded to 32. */
    static int of(long key0, long key1, long a, long b, long c, long d, long e) {
        long v0 = key0 ^ 0x736f6d6570736575L;
        long v1 = key1 ^ 0x646f72616e646f6dL;
        long v2 = key0 ^ 0x6c7967656e657261L;
        long v3 = key1 ^ 0x7465646279746573L;
        // The words move up one variable a round, which costs no memory and no branch. Behind the
        // last one come zeros, and those leave the finishing rounds as they are.
        long word = a;
        long second = b;
        long third = c;
        long fourth = d;
        long fifth = e;
        long length = LENGTH;
        for (int round = 0; round < WORDS + FINAL_ROUNDS; round++) {
            if (round == WORDS) {
                v2 ^= 0xff;
            }
            v3 ^= word;
            v0 += v1;
            v2 += v3;
            v1 = Long.rotateLeft(v1, 13) ^ v0;
            v3 = Long.rotateLeft(v3, 16) ^ v2;
            v0 = Long.rotateLeft(v0, 32);
            v2 += v1;
            v0 += v3;
            v1 = Long.rotateLeft(v1, 17) ^ v2;
            v3 = Long.rotateLeft(v3, 21) ^ v0;
            v2 = Long.rotateLeft(v2, 32);
            v0 ^= word;
            word = second;
            second = third;
            third = fourth;
            fourth = fifth;
            fifth = length;
            length = 0;
        }
        long hash = v0 ^ v1 ^ v2 ^ v3;
        return (int) (hash ^ hash >>> 32);
    }
}
