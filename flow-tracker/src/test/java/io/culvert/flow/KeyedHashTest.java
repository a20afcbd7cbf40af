package io.culvert.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Random;

class KeyedHashTest {
    /** The bytes 0 to 39, as five little-endian words. */
    private static final long[] COUNTING = {
        0x0706050403020100L,
        0x0f0e0d0c0b0a0908L,
        0x1716151413121110L,
        0x1f1e1d1c1b1a1918L,
        0x2726252423222120L
    };

    /** SipHash as its paper describes it, byte by byte, with any numbers of rounds. */
    private static final class Reference {
        private long v0;
        private long v1;
        private long v2;
        private long v3;

        static long hash(int rounds, int finalRounds, long key0, long key1, byte[] message) {
            Reference state = new Reference();
            state.v0 = key0 ^ 0x736f6d6570736575L;
            state.v1 = key1 ^ 0x646f72616e646f6dL;
            state.v2 = key0 ^ 0x6c7967656e657261L;
            state.v3 = key1 ^ 0x7465646279746573L;
            byte[] padded = new byte[message.length / 8 * 8 + 8];
            System.arraycopy(message, 0, padded, 0, message.length);
            padded[padded.length - 1] = (byte) message.length;
            ByteBuffer words = ByteBuffer.wrap(padded).order(ByteOrder.LITTLE_ENDIAN);
            while (words.hasRemaining()) {
                long word = words.getLong();
                state.v3 ^= word;
                state.rounds(rounds);
                state.v0 ^= word;
            }
            state.v2 ^= 0xff;
            state.rounds(finalRounds);
            return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
        }

        private void rounds(int count) {
            for (int i = 0; i < count; i++) {
                v0 += v1;
                v1 = Long.rotateLeft(v1, 13);
                v1 ^= v0;
                v0 = Long.rotateLeft(v0, 32);
                v2 += v3;
                v3 = Long.rotateLeft(v3, 16);
                v3 ^= v2;
                v0 += v3;
                v3 = Long.rotateLeft(v3, 21);
                v3 ^= v0;
                v2 += v1;
                v1 = Long.rotateLeft(v1, 17);
                v1 ^= v2;
                v2 = Long.rotateLeft(v2, 32);
            }
        }
    }

    private static byte[] bytes(long... words) {
        ByteBuffer bytes = ByteBuffer.allocate(8 * words.length).order(ByteOrder.LITTLE_ENDIAN);
        for (long word : words) {
            bytes.putLong(word);
        }
        return bytes.array();
    }

    private static int folded(long hash) {
        return (int) (hash ^ hash >>> 32);
    }

    private static int hash(long key0, long key1, long[] words) {
        return KeyedHash.of(key0, key1, words[0], words[1], words[2], words[3], words[4]);
    }

    @Test
    void checksItsReferenceAgainstTheVectorOfThePaper() {
        // Appendix A: SipHash-2-4 of the bytes 0 to 14 under the key of the bytes 0 to 15.
        byte[] message = new byte[15];
        for (int i = 0; i < message.length; i++) {
            message[i] = (byte) i;
        }

        assertEquals(
                0xa129ca6149be45e5L,
                Reference.hash(2, 4, 0x0706050403020100L, 0x0f0e0d0c0b0a0908L, message));
    }

    @Test
    void isSipHashWithOneAndThreeRounds() {
        // Python 3.11 hashes bytes with SipHash-1-3, under a key of zeros if PYTHONHASHSEED is 0:
        // hash(bytes(range(40))).
        long vector = 0x95bc321ab41d8206L;

        assertEquals(vector, Reference.hash(1, 3, 0, 0, bytes(COUNTING)));
        assertEquals(folded(vector), hash(0, 0, COUNTING));
    }

    @Test
    void agreesWithTheReferenceUnderAnyKey() {
        Random random = new Random(13);
        for (int i = 0; i < 10_000; i++) {
            long key0 = random.nextLong();
            long key1 = random.nextLong();
            long[] words = random.longs(5).toArray();

            assertEquals(
                    folded(Reference.hash(1, 3, key0, key1, bytes(words))),
                    hash(key0, key1, words));
        }
    }

    @Test
    void hasOneKeyForTheWholeProcess() {
        assertEquals(KeyedHash.of(1, 2, 3, 4, 5), KeyedHash.of(1, 2, 3, 4, 5));
    }
}
