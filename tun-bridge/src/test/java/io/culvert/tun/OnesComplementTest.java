package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.culvert.linux.NativeMemory;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.SplittableRandom;

class OnesComplementTest {
    private static final int LONGEST = 100;

    @Test
    void sumsTheExampleOfRfc1071() {
        ByteBuffer bytes = ByteBuffer.wrap(Bytes.of("0001 f203 f4f5 f6f7"));
        assertEquals(0xddf2, OnesComplement.sum(bytes, 0, 8));
    }

    @Test
    void sumsAnyLengthFromAnyPlaceAsWordsOneByOne() {
        byte[] random = new byte[LONGEST];
        new SplittableRandom(1).nextBytes(random);
        ByteBuffer bytes = NativeMemory.allocate(LONGEST).put(0, random);
        for (int from = 0; from < Long.BYTES; from++) {
            for (int length = 0; from + length <= LONGEST; length++) {
                assertEquals(
                        oneByOne(random, from, length), OnesComplement.sum(bytes, from, length));
            }
        }
    }

    @Test
    void carriesEveryOverflowOfALongPacketOfOnes() {
        byte[] ones = new byte[Packet.MAXIMUM_LENGTH];
        Arrays.fill(ones, (byte) -1);
        assertEquals(
                oneByOne(ones, 0, ones.length),
                OnesComplement.sum(ByteBuffer.wrap(ones), 0, ones.length));
    }

    private static int oneByOne(byte[] bytes, int from, int length) {
        int sum = 0;
        for (int i = 0; i < length; i++) {
            int value = bytes[from + i] & 0xff;
            sum += i % 2 == 0 ? value << 8 : value;
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return sum;
    }
}
