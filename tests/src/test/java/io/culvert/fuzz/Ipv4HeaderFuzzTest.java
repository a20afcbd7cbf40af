package io.culvert.fuzz;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.culvert.wire.Ipv4Header;

import org.junit.jupiter.params.provider.MethodSource;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.function.Consumer;
import java.util.stream.Stream;

/** Any bytes as an IPv4 packet, as they are and with a true header checksum. */
class Ipv4HeaderFuzzTest {
    private static final int CHECKSUM = 10;

    private final Agreement agreement = new Agreement();

    static Stream<byte[]> seeds() {
        return Stream.concat(
                Seeds.packets(each -> each.shape().startsWith("v4")),
                Stream.of(
                        new byte[0],
                        // All of the header is options: a kind without its length at the very end.
                        Seeds.hex(
                                "4f00003c 00000000 40fd0000 0a000001 0a000002",
                                "01".repeat(39),
                                "07"),
                        // The least that a first fragment of TCP may have.
                        Seeds.hex("45000024 00012000 40060000 0a000001 0a000002", "50".repeat(16)),
                        // A last fragment that ends at 65,535.
                        Seeds.hex("45000017 00011ffd 40110000 0a000001 0a000002 000000")));
    }

    @MethodSource("seeds")
    @FuzzTest
    void readsWhatThePlainReadingDoes(byte[] bytes) {
        agreement.on(bytes);
        byte[] mended = Seeds.mended(bytes);
        if (agreement.on(mended) && agreement.packet().version() == 4) {
            settersKeepTheChecksum(Arrays.copyOf(mended, agreement.packet().length()));
        }
    }

    private static void settersKeepTheChecksum(byte[] packet) {
        int value = packet[packet.length - 1] * 0x01010101 ^ 0x5a3c_0ff0;
        set(packet, 1, 1, header -> header.trafficClass(value & 0xff), value);
        set(packet, 2, 2, header -> header.totalLength(value & 0xffff), value);
        set(packet, 4, 2, header -> header.identification(value & 0xffff), value);
        set(packet, 8, 1, header -> header.timeToLive(value & 0xff), value);
        set(packet, 12, 4, header -> header.sourceAddress(value), value);
        set(packet, 16, 4, header -> header.destinationAddress(value), value);
        int offset = value & 0xfff8;
        int field = 0x4000 | 0x2000 | offset >>> 3;
        set(packet, 6, 2, header -> header.fragment(true, true, offset), field);
    }

    /** Sets a field, which then has the lowest bytes of a value, and changes nothing else. */
    private static void set(
            byte[] packet, int at, int size, Consumer<Ipv4Header> setter, int value) {
        Guarded guarded = new Guarded(packet, 0xa5);
        Ipv4Header header = new Ipv4Header();
        header.wrap(guarded.buffer, Guarded.START, packet.length);
        setter.accept(header);

        guarded.assertUntouchedAround();
        byte[] result = guarded.bytes();
        byte[] expected = packet.clone();
        byte[] field = ByteBuffer.allocate(4).putInt(value).array();
        System.arraycopy(field, 4 - size, expected, at, size);
        expected[CHECKSUM] = result[CHECKSUM];
        expected[CHECKSUM + 1] = result[CHECKSUM + 1];
        assertArrayEquals(expected, result);
        assertEquals(0xffff, PlainSum.of(result, 0, header.headerLength()));
    }
}
