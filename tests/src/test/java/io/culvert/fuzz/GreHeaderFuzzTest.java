package io.culvert.fuzz;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.culvert.tun.GreFields;
import io.culvert.tun.GreHeader;
import io.culvert.tun.GreOutcome;
import io.culvert.tun.Packet;

import org.junit.jupiter.params.provider.MethodSource;

import java.util.Arrays;
import java.util.stream.Stream;

/** Any bytes as what follows an outer IP header of protocol 47. */
class GreHeaderFuzzTest {
    private static final String IPV4 = "4500001c00014000401100000a0000010a0000020001000200080000";

    private final GreHeader header = new GreHeader();
    private final Packet packet = new Packet();

    static Stream<byte[]> seeds() {
        return Stream.of(
                new byte[0],
                Seeds.hex("00000800", IPV4),
                // Linux with a key, and everything at once.
                Seeds.hex("20000800 0000002a", IPV4),
                Seeds.hex("b0000800 6a920000 0000002a 01020304", IPV4),
                Seeds.hex("000086dd 6000000000003a40", "00".repeat(32)),
                // Bits to ignore, then bits that must be zero.
                Seeds.hex("03f80800", IPV4),
                Seeds.hex("0c000800", IPV4),
                Seeds.hex("40000800 00000000", IPV4),
                // PPTP, a keepalive's answer, Ethernet, a web cache's redirection.
                Seeds.hex("3081880b 00040001 00000000 00000000 ff03c021"),
                Seeds.hex("00000000"),
                Seeds.hex("00006558 ffffffffffff 020000000001 0806"),
                Seeds.hex("0000883e 00000000", IPV4),
                Seeds.hex("b0000800 00000000 00000000 000000"));
    }

    @MethodSource("seeds")
    @FuzzTest
    void readsWhatThePlainReadingDoes(byte[] input) {
        byte[] bytes = Seeds.atMost(2_000, input);
        Guarded guarded = new Guarded(bytes, 0x45);
        GreOutcome outcome = header.wrap(guarded.buffer, Guarded.START, bytes.length);

        assertEquals(plainly(bytes), outcome);
        if (outcome == GreOutcome.PACKET) {
            int at = 4;
            boolean sum = (bytes[0] & 0x80) != 0;
            if (sum) {
                assertEquals(PlainSum.of(bytes, 0, bytes.length) == 0xffff, header.checksumRight());
                at += 4;
            }
            assertEquals(sum, header.hasChecksum());
            boolean key = (bytes[0] & 0x20) != 0;
            assertEquals(
                    key ? Integer.toUnsignedLong(word(bytes, at)) : GreFields.NO_KEY, header.key());
            at += key ? 4 : 0;
            boolean number = (bytes[0] & 0x10) != 0;
            assertEquals(number, header.hasSequenceNumber());
            if (number) {
                assertEquals(word(bytes, at), header.sequenceNumber());
                at += 4;
            }
            assertEquals(at, header.length());
            header.unwrap(packet);
            byte[] inside = new byte[packet.length()];
            packet.bytes().get(Packet.OFFSET, inside);
            assertArrayEquals(Arrays.copyOfRange(bytes, at, bytes.length), inside);
        }
        guarded.assertUntouchedAround();
        assertArrayEquals(bytes, guarded.bytes());
    }

    private static int word(byte[] bytes, int at) {
        int word = 0;
        for (int i = 0; i < 4; i++) {
            word = (word << 8) | (bytes[at + i] & 0xff);
        }
        return word;
    }

    /** RFC 2784 and RFC 2890 once more, bit by bit. */
    private static GreOutcome plainly(byte[] bytes) {
        if (bytes.length < 4) return GreOutcome.TOO_SHORT;
        String bits = "%32s".formatted(Integer.toBinaryString(word(bytes, 0))).replace(' ', '0');
        int version = Integer.parseInt(bits.substring(13, 16), 2);
        if (version == 1) return GreOutcome.POINT_TO_POINT;
        if (version > 1) return GreOutcome.UNKNOWN_VERSION;
        if (bits.charAt(1) == '1') return GreOutcome.SOURCE_ROUTE;
        if (bits.charAt(4) == '1' || bits.charAt(5) == '1') return GreOutcome.RESERVED_FLAG;
        int length = 4;
        for (int flag : new int[] {0, 2, 3}) {
            length += bits.charAt(flag) == '1' ? 4 : 0;
        }
        if (bytes.length < length) return GreOutcome.TOO_SHORT;
        int left = bytes.length - length;
        return switch (bits.substring(16)) {
            case "0000100000000000" -> inside(bytes, length, left, 4, 20);
            case "1000011011011101" -> inside(bytes, length, left, 6, 40);
            case "0000000000000000" -> GreOutcome.KEEPALIVE_ANSWER;
            case "0110010101011000" -> GreOutcome.ETHERNET;
            case "1000100000111110" -> GreOutcome.WEB_CACHE;
            default -> GreOutcome.UNKNOWN_PROTOCOL;
        };
    }

    private static GreOutcome inside(byte[] bytes, int at, int left, int version, int header) {
        if (left > 0 && (bytes[at] & 0xf0) != version << 4) return GreOutcome.WRONG_INNER_VERSION;
        return left < header ? GreOutcome.INNER_TOO_SHORT : GreOutcome.PACKET;
    }
}
