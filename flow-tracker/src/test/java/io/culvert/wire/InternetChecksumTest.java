package io.culvert.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.Random;

class InternetChecksumTest {
    private final Random random = new Random(1624);

    @Test
    void sumsTheExampleOfRfc1071() {
        assertEquals(0xddf2, InternetChecksum.sum(Hex.bytes("0001 f203 f4f5 f6f7"), 0, 8));
    }

    @Test
    void sumsAnyLengthAtAnyAlignmentAsWordByWord() {
        byte[] bytes = new byte[200];
        random.nextBytes(bytes);
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        for (int start = 0; start < 9; start++) {
            for (int length = 0; length <= 180; length++) {
                assertEquals(
                        wordByWord(bytes, start, length),
                        InternetChecksum.sum(buffer, start, length));
            }
        }
    }

    @Test
    void sumsTheLongestPacketOfAllOnesWithoutOverflow() {
        ByteBuffer ones = ByteBuffer.allocate(65_575);
        for (int i = 0; i < ones.limit(); i++) ones.put(i, (byte) 0xff);

        assertEquals(0xffff, InternetChecksum.sum(ones, 0, 65_574));
        assertEquals(0xff00, InternetChecksum.sum(ones, 0, 65_575));
    }

    @Test
    void replacesAWordAsTheVectorOfRfc1624() {
        // Section 4: RFC 1141's equation gives ffff here.
        assertEquals(0x0000, InternetChecksum.replace(0xdd2f, 0x5555, 0x3285));
    }

    @Test
    void replacesAnyValueAsIfSummedAnew() {
        ByteBuffer bytes = ByteBuffer.allocate(40);
        for (int round = 0; round < 20_000; round++) {
            for (int at = 0; at < 40; at += 8) bytes.putLong(at, edgy());
            int before = complementOfSum(bytes);
            long oldValue = bytes.getLong(16);
            long newValue = edgy();
            bytes.putLong(16, newValue);
            int after = complementOfSum(bytes);

            assertSameZero(after, InternetChecksum.replace64(before, oldValue, newValue));
            int high =
                    InternetChecksum.replace32(
                            before, (int) (oldValue >>> 32), (int) (newValue >>> 32));
            assertSameZero(after, InternetChecksum.replace32(high, (int) oldValue, (int) newValue));
            int words = before;
            for (int shift = 0; shift < 64; shift += 16) {
                words =
                        InternetChecksum.replace(
                                words, (int) (oldValue >>> shift), (int) (newValue >>> shift));
            }
            assertSameZero(after, words);
        }
    }

    @Test
    void replacesInAPartialChecksumAsIfThePseudoHeaderWereSummedAnew() {
        for (int round = 0; round < 20_000; round++) {
            long source = edgy();
            long destination = edgy();
            long other = edgy();
            int before = InternetChecksum.pseudoHeader(0, source, 1, destination, 6, 1000);
            int after = InternetChecksum.pseudoHeader(0, source, 1, other, 6, 1000);

            assertEquals(after, InternetChecksum.replacePartial64(before, destination, other));
            int half =
                    InternetChecksum.replacePartial32(
                            before, (int) (destination >>> 32), (int) (other >>> 32));
            assertEquals(
                    after, InternetChecksum.replacePartial32(half, (int) destination, (int) other));
        }
    }

    @Test
    void sumsThePseudoHeaderOfEitherFamily() {
        // 10.0.0.1 and 192.168.0.1, protocol 6, 20 bytes: 0a00+0001+c0a8+0001+0006+0014.
        IpAddress a = IpAddress.parse("10.0.0.1");
        IpAddress b = IpAddress.parse("192.168.0.1");
        assertEquals(
                0xcac4, InternetChecksum.pseudoHeader(a.high(), a.low(), b.high(), b.low(), 6, 20));
        // 2001:db8::1 and 2001:db8::2, protocol 17, 65,536 bytes: RFC 8200's length has 32 bits.
        IpAddress c = IpAddress.parse("2001:db8::1");
        IpAddress d = IpAddress.parse("2001:db8::2");
        assertEquals(
                0x5b87,
                InternetChecksum.pseudoHeader(c.high(), c.low(), d.high(), d.low(), 17, 0x10000));
    }

    /** ffff and 0000 are one number; RFC 1624 may answer either where all data is zero. */
    private static void assertSameZero(int expected, int actual) {
        assertEquals(expected % 0xffff, actual % 0xffff);
    }

    private int complementOfSum(ByteBuffer bytes) {
        return InternetChecksum.complement(InternetChecksum.sum(bytes, 0, bytes.limit()));
    }

    /** Values of which every other word is at an edge. */
    private long edgy() {
        long value = 0;
        for (int word = 0; word < 4; word++) {
            int next =
                    switch (random.nextInt(4)) {
                        case 0 -> 0;
                        case 1 -> 0xffff;
                        default -> random.nextInt(0x10000);
                    };
            value = (value << 16) | next;
        }
        return value;
    }

    private static int wordByWord(byte[] bytes, int start, int length) {
        int sum = 0;
        for (int i = 0; i < length; i++) {
            sum += (bytes[start + i] & 0xff) << (i % 2 == 0 ? 8 : 0);
            if (sum > 0xffff) sum = (sum & 0xffff) + 1;
        }
        return sum;
    }
}
