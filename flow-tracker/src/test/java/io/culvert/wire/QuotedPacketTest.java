package io.culvert.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;

import java.nio.ByteBuffer;
import java.util.Random;

/** The packet inside an ICMP error: {@link IpPacket#wrapQuoted}. */
class QuotedPacketTest {
    private final IpPacket packet = new IpPacket();

    @Test
    void showsAPacketOfWhichEightTransportBytesAreLeft() {
        ByteBuffer four = Packets.v4(6, "c001 01bb 12345678" + "00".repeat(1000)).slice(0, 28);
        ByteBuffer six = Packets.v6(6, "c001 01bb 12345678" + "00".repeat(1000)).slice(0, 48);
        for (ByteBuffer bytes : new ByteBuffer[] {four, six}) {
            assertEquals(Defect.NONE, packet.wrapQuoted(bytes, 0, bytes.limit()));
            assertEquals(6, packet.protocol());
            assertEquals(bytes.limit(), packet.length());
            assertEquals(8, packet.transportLength());
            assertEquals(0xc001, packet.sourcePort());
            assertEquals(443, packet.destinationPort());
            assertEquals(0x12345678, packet.tcp().sequenceNumber());
            assertFalse(packet.transportChecksumValid());
        }
    }

    @Test
    void endsAQuoteWhereThePacketEnded() {
        ByteBuffer bytes = ByteBuffer.allocate(128); // RFC 4884 section 4 pads to 128 bytes
        bytes.put(0, Packets.v4(17, "c001 0035 0008 0000"), 0, 28);

        assertEquals(Defect.NONE, packet.wrapQuoted(bytes, 0, 128));
        assertEquals(28, packet.length());
        assertEquals(8, packet.udp().length());
        assertFalse(packet.transportChecksumValid());
    }

    @Test
    void refusesAWrongEmbeddedHeaderChecksum() {
        ByteBuffer bytes = Packets.v4(17, "c001 0035 0008 0000");

        assertEquals(Defect.HEADER_CHECKSUM, packet.wrapQuoted(bytes.put(8, (byte) 1), 0, 28));
    }

    @Test
    void refusesFewerThanEightTransportBytes() {
        assertEquals(Defect.TCP_TRUNCATED, packet.wrapQuoted(Packets.v4(6, "c001 01bb"), 0, 24));
        assertEquals(Defect.UDP_TRUNCATED, packet.wrapQuoted(Packets.v4(17, "c001 01bb"), 0, 24));
        assertEquals(Defect.ICMP_TRUNCATED, packet.wrapQuoted(Packets.v4(1, "0800 0000"), 0, 24));
        assertEquals(Defect.ICMP_TRUNCATED, packet.wrapQuoted(Packets.v6(58, "8000"), 0, 42));
        assertEquals(Defect.NONE, packet.wrapQuoted(Packets.v4(50, "c001 01bb"), 0, 24));
    }

    @Test
    void showsNoPortsOfAQuotedLaterFragment() {
        ByteBuffer bytes = Packets.v4("2001", 17, "0a000001 c0000202", "c001 0035 0008 0000");

        assertEquals(Defect.NONE, packet.wrapQuoted(bytes, 0, 28));
        assertEquals(0, packet.sourcePort());
        assertNull(packet.udp());
    }

    @Test
    void showsTheIdentifierOfAQuotedEcho() {
        assertEquals(Defect.NONE, packet.wrapQuoted(Packets.v6(58, "8000 0000 1234 0001"), 0, 48));
        assertEquals(0x1234, packet.sourcePort());
    }

    @Test
    void answersAnythingInsideAnErrorOfAnyType() {
        Random random = new Random(5508);
        int[] types = {3, 4, 5, 11, 12, 1, 2, 127};
        for (int version : new int[] {4, 6}) {
            for (int type : types) {
                for (int code = 0; code < 5; code++) {
                    for (int length = 0; length <= 128; length++) {
                        answersAll(version, type, code, length, random);
                    }
                }
            }
        }
    }

    private void answersAll(int version, int type, int code, int length, Random random) {
        StringBuilder message = new StringBuilder("%02x%02x 0000 00000000".formatted(type, code));
        ByteBuffer inner =
                version == 4
                        ? Packets.v4(6, "c001 01bb 12345678" + "00".repeat(100))
                        : Packets.v6(0, "0600010400000000 c001 01bb 12345678" + "00".repeat(72));
        message.append(Hex.of(inner, 0, length));
        ByteBuffer bytes =
                version == 4
                        ? Packets.v4(1, message.toString())
                        : Packets.v6(58, message.toString());
        for (int round = 0; round < 3; round++) {
            IpPacket outer = Packets.wrapped(bytes);
            IcmpHeader icmp = outer.icmp();
            packet.wrapQuoted(bytes, icmp.payloadOffset(), icmp.payloadLength());
            if (length > 0)
                bytes.put(bytes.limit() - 1 - random.nextInt(length), (byte) random.nextInt());
        }
    }
}
