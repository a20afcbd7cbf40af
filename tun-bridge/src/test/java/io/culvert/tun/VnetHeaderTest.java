package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.tun.Packet.Segmentation;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.SplittableRandom;

class VnetHeaderTest {
    private static final String IPV4 = "4500 0034 0001 4000 4006 0000 c000 0201 c000 0202";
    private static final String IPV6 =
            "6000 0000 0020 0640 20010db8000000000000000000000001 20010db8000000000000000000000002";
    private static final String TCP = "1092 0050 00000000 00000000 5010 2000 0000 0000";
    private static final String PAYLOAD = "61".repeat(12);

    @Test
    void readsAPlainPacket() {
        Packet packet = Bytes.packet(IPV4, TCP, PAYLOAD);
        header(packet, 0, 0, 0, 0, 0, 0);
        assertTrue(VnetHeader.decode(packet.partialChecksum(1, 1), 52));
        assertFalse(packet.checksumPartial());
        assertEquals(Segmentation.NONE, packet.segmentation());
    }

    @Test
    void findsTheHeadersLengthInTheHeadersWhateverIsSaidOfIt() {
        Packet packet = Bytes.packet(IPV6, TCP, PAYLOAD);
        header(packet, 1, 4 | 0x80, 9_999, 4, 40, 16);
        assertTrue(VnetHeader.decode(packet, 72));
        assertTrue(packet.checksumPartial());
        assertEquals(40, packet.checksumStart());
        assertEquals(16, packet.checksumOffset());
        assertEquals(Segmentation.TCP, packet.segmentation());
        assertEquals(4, packet.segmentSize());
        assertEquals(60, packet.headerLength());
        assertTrue(packet.congestionExperienced());
    }

    @ParameterizedTest
    @CsvSource({
        "1, 0, 0, 51, 0, a checksum that ends outside the packet",
        "1, 0, 0, 20, 65535, a checksum outside the packet",
        "1, 4, 4, 20, 16, IPv6 where the packet is IPv4",
        "1, 5, 4, 20, 16, UDP where the packet is TCP",
        "1, 3, 4, 20, 16, fragments of UDP: a kind nobody asked for",
        "1, 1, 0, 20, 16, segments of nothing",
    })
    void refusesAHeaderThatContradictsThePacket(
            int flags, int type, int size, int start, int offset, String why) {
        Packet packet = Bytes.packet(IPV4, TCP, PAYLOAD);
        header(packet, flags, type, 40, size, start, offset);
        assertFalse(VnetHeader.decode(packet, 52), why);
    }

    @ParameterizedTest
    @CsvSource({"TCP, false", "TCP, true", "UDP, false", "NONE, false"})
    void readsBackWhatItWrote(Segmentation segmentation, boolean congestion) {
        String protocol = segmentation == Segmentation.UDP ? "4011" : "4006";
        Packet packet = Bytes.packet(IPV4.replace("4006", protocol), TCP, PAYLOAD);
        packet.partialChecksum(20, 6);
        if (segmentation != Segmentation.NONE) {
            packet.segments(segmentation, 5, segmentation == Segmentation.UDP ? 28 : 40);
        }
        packet.congestionExperienced(congestion);
        VnetHeader.encode(packet);
        Packet back = new Packet();
        back.bytes().put(0, packet.bytes(), 0, Packet.OFFSET + packet.length());
        assertTrue(VnetHeader.decode(back, packet.length()));
        assertEquals(20, back.checksumStart());
        assertEquals(6, back.checksumOffset());
        assertEquals(segmentation, back.segmentation());
        assertEquals(packet.segmentSize(), back.segmentSize());
        assertEquals(packet.headerLength(), back.headerLength());
        assertEquals(congestion, back.congestionExperienced());
    }

    @Test
    void takesAnyBytesForData() {
        SplittableRandom random = new SplittableRandom(1);
        Packet packet = new Packet();
        for (int i = 0; i < 200_000; i++) {
            byte[] bytes = new byte[VnetHeader.LENGTH + random.nextInt(1, 100)];
            random.nextBytes(bytes);
            bytes[1] = (byte) random.nextInt(8);
            packet.bytes().put(Packet.OFFSET - VnetHeader.LENGTH, bytes);
            int length = bytes.length - VnetHeader.LENGTH;
            if (VnetHeader.decode(packet, length)) {
                assertTrue(packet.headerLength() <= length);
                assertEquals(length, packet.length());
            }
        }
    }

    private static void header(
            Packet packet, int flags, int type, int length, int size, int start, int offset) {
        byte[] header = new byte[VnetHeader.LENGTH];
        ByteBuffer.wrap(header)
                .order(ByteOrder.nativeOrder())
                .put((byte) flags)
                .put((byte) type)
                .putShort((short) length)
                .putShort((short) size)
                .putShort((short) start)
                .putShort((short) offset);
        packet.bytes().put(Packet.OFFSET - VnetHeader.LENGTH, header);
    }
}
