package io.culvert.fuzz;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.culvert.wire.IpPacket;
import io.culvert.wire.TcpHeader;

import org.junit.jupiter.params.provider.MethodSource;

import java.nio.ByteBuffer;
import java.util.stream.Stream;

/** Any bytes as a TCP segment, over IPv4 and over IPv6. */
class TcpOptionsFuzzTest {
    private static final int CHECKSUM = 16;

    private final Agreement agreement = new Agreement();

    static Stream<byte[]> seeds() {
        return Stream.concat(
                Seeds.packets(each -> each.shape().contains("topt["))
                        .map(PlainPacket::of)
                        .filter(packet -> packet.protocol == 6)
                        .map(PlainPacket::transportBytes),
                Stream.of(
                        // MSS at an odd offset, then a second one, window scale 15, SACK permitted.
                        segment("a002", "01 0204 05b4 0204 0218 0303 0f 0402 00 0000"),
                        // SACK with two blocks, the second around the end of the number space.
                        segment("a010", "0101 0512 00000010 00000020 fffffff0 00000005"),
                        // A time stamp as RFC 7323 wants it, and one elsewhere.
                        segment("8010", "0101 080a 00000001 00000002"),
                        segment("8010", "080a 00000001 00000002 0101"),
                        // Options of wrong lengths: MSS of 3, window scale of 4, a length of 1.
                        segment("8002", "0203 05 0304 0708 0403 00 0000"),
                        segment("6002", "0201 0000")));
    }

    private static byte[] segment(String offsetAndFlags, String options) {
        return Seeds.hex("c001 0050 00000001 00000002", offsetAndFlags, "ffff 0000 0000", options);
    }

    @MethodSource("seeds")
    @FuzzTest
    void readsAndRewritesOptionsAsTheRfcsTell(byte[] bytes) {
        byte[] segment = Seeds.atMost(2_000, bytes);
        over(Segments.ipv4(6, segment), segment);
        over(Segments.ipv6(6, segment), segment);
    }

    private void over(byte[] packet, byte[] segment) {
        if (!agreement.on(packet)) return;
        PlainTcpOptions plain = PlainTcpOptions.of(segment);
        IpPacket view = agreement.packet();
        TcpHeader tcp = view.tcp();
        assertEquals(plain.windowScale, tcp.windowScale(), "window scale");
        assertEquals(plain.sackPermitted, tcp.sackPermitted(), "SACK permitted");
        assertEquals(plain.furthest, tcp.furthestAcknowledgment(), "furthest acknowledgment");
        assertEquals(plain.plainAcknowledgment, tcp.isPlainAcknowledgment());
        int at = tcp.maximumSegmentSizeOffset();
        assertEquals(plain.sizeAt, at < 0 ? -1 : at - view.transportOffset(), "MSS");
        for (int mtu : new int[] {68, 576, 1_280, 1_500, 9_000, 65_535}) {
            for (boolean partial : new boolean[] {false, true}) {
                limit(packet, mtu, partial, plain.sizeAt);
            }
        }
    }

    private static void limit(byte[] packet, int mtu, boolean partial, int sizeAt) {
        boolean ipv6 = packet[0] >> 4 == 6;
        Guarded guarded = new Guarded(packet, 0x5a);
        IpPacket view = new IpPacket();
        view.wrap(guarded.buffer, Guarded.START, packet.length);
        view.tcp().limitSegmentSize(mtu, ipv6, partial);

        guarded.assertUntouchedAround();
        byte[] result = guarded.bytes();
        byte[] expected = packet.clone();
        PlainPacket before = PlainPacket.of(packet);
        int transport = before.transport;
        if (sizeAt >= 0) {
            int size = Math.min(before.u16(transport + sizeAt), mtu - (ipv6 ? 60 : 40));
            ByteBuffer.wrap(expected).putShort(transport + sizeAt, (short) size);
        }
        if (!partial) {
            expected[transport + CHECKSUM] = result[transport + CHECKSUM];
            expected[transport + CHECKSUM + 1] = result[transport + CHECKSUM + 1];
        }
        assertArrayEquals(expected, result);
        if (!partial) {
            // Right stays right, and wrong stays wrong by as much.
            int length = before.transportLength();
            int sum = before.transportSum(length);
            assertEquals(sum % 0xffff, PlainPacket.of(result).transportSum(length) % 0xffff);
        }
    }
}
