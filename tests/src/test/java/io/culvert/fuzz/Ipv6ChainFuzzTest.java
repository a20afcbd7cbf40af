package io.culvert.fuzz;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.culvert.wire.Ipv6Header;

import org.junit.jupiter.params.provider.MethodSource;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.stream.Stream;

/** Any bytes as an IPv6 packet with its extension headers. */
class Ipv6ChainFuzzTest {
    private static final String ADDRESSES =
            "fd000001000000000000000000000002 fd000002000000000000000000000002";

    private final Agreement agreement = new Agreement();

    static Stream<byte[]> seeds() {
        return Stream.concat(
                Seeds.packets(each -> each.shape().startsWith("v6")),
                Stream.of(
                        // Hop-by-hop, routing, fragment, authentication, destination options, UDP.
                        Seeds.hex(
                                "60000000 0034 00 40",
                                ADDRESSES,
                                "2b00 0104 00000000 2c00 0400 00000000 3300 0000 00000007",
                                "3c01 0000 00000000 00000000 1100 0104 00000000",
                                "0035 0035 0008 0001"),
                        // Eight extension headers, and a ninth.
                        Seeds.hex(
                                "60000000 0040 3c 40",
                                ADDRESSES,
                                "3c00010400000000".repeat(7),
                                "3b00010400000000"),
                        Seeds.hex(
                                "60000000 0048 3c 40",
                                ADDRESSES,
                                "3c00010400000000".repeat(8),
                                "3b00010400000000"),
                        // 32 options, and one more.
                        Seeds.hex(
                                "60000000 0028 00 40",
                                ADDRESSES,
                                "3b04",
                                "00".repeat(31),
                                "0105 0000000000"),
                        Seeds.hex(
                                "60000000 0028 00 40",
                                ADDRESSES,
                                "3b04",
                                "00".repeat(32),
                                "0104 00000000"),
                        // A first fragment whose chain goes on in the next.
                        Seeds.hex(
                                "60000000 0010 2c 40",
                                ADDRESSES,
                                "3c00 0001 00000007 0602 0104 00000000")));
    }

    @MethodSource("seeds")
    @FuzzTest
    void readsWhatThePlainReadingDoes(byte[] bytes) {
        byte[] packet = bytes.clone();
        if (packet.length > 0) packet[0] = (byte) (0x60 | (packet[0] & 0xf));
        if (agreement.on(packet)) settersWriteTheirFieldsAlone(packet);
    }

    private static void settersWriteTheirFieldsAlone(byte[] packet) {
        Guarded guarded = new Guarded(packet, 0x5a);
        Ipv6Header header = new Ipv6Header();
        header.wrap(guarded.buffer, Guarded.START, packet.length);
        long value = Arrays.hashCode(packet) * 0x9e37_79b9_7f4a_7c15L;
        int small = (int) value & 0xff;
        header.trafficClass(small).payloadLength((int) value & 0xffff).hopLimit(small);
        header.sourceAddress(value, ~value).destinationAddress(value + 1, ~value + 1);

        ByteBuffer expected = ByteBuffer.wrap(packet.clone());
        expected.putShort(0, (short) ((expected.getShort(0) & 0xf00f) | small << 4));
        expected.putShort(4, (short) value).put(7, (byte) small);
        expected.putLong(8, value)
                .putLong(16, ~value)
                .putLong(24, value + 1)
                .putLong(32, ~value + 1);
        assertArrayEquals(expected.array(), guarded.bytes());
        guarded.assertUntouchedAround();
    }
}
