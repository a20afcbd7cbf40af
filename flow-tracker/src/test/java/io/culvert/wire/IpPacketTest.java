package io.culvert.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.ByteBuffer;

class IpPacketTest {
    private static final String SYN = "c001 01bb 00000001 00000000 5002 8000 0000 0000";
    private static final String ACK = "c001 01bb 00000001 00000002 5010 8000 0000 0000";

    private final IpPacket packet = new IpPacket();

    @Test
    void showsATcpSegmentOverIpv4() {
        ByteBuffer bytes = Packets.v4(6, SYN);

        assertEquals(Defect.NONE, packet.wrap(bytes, 0, 40));
        assertSame(bytes, packet.bytes());
        assertEquals(0, packet.start());
        assertEquals(4, packet.version());
        assertEquals(40, packet.length());
        assertEquals(IpProtocol.TCP, packet.protocol());
        assertEquals(0, packet.sourceHigh());
        assertEquals(0x0000_ffff_0a00_0001L, packet.sourceLow());
        assertEquals(0, packet.destinationHigh());
        assertEquals(0x0000_ffff_c000_0202L, packet.destinationLow());
        assertEquals(0xc001, packet.sourcePort());
        assertEquals(443, packet.destinationPort());
        assertEquals(64, packet.timeToLive());
        assertEquals(0, packet.trafficClass());
        assertEquals(20, packet.transportOffset());
        assertEquals(20, packet.transportLength());
        assertEquals(0x1c46, packet.fragmentIdentification());
        assertFalse(packet.isFragment());
        assertTrue(packet.tcp().syn());
        assertNull(packet.udp());
        assertNull(packet.icmp());
        assertEquals(40, packet.ipv4().totalLength());
    }

    @Test
    void showsAUdpDatagramOverIpv6BehindExtensions() {
        ByteBuffer bytes = Packets.v6(0, "1100010400000000 c001 0035 0008 1234");

        assertEquals(Defect.NONE, packet.wrap(bytes, 0, 56));
        assertEquals(6, packet.version());
        assertEquals(56, packet.length());
        assertEquals(IpProtocol.UDP, packet.protocol());
        assertEquals(0x20010db800000000L, packet.sourceHigh());
        assertEquals(1, packet.sourceLow());
        assertEquals(0x20010db800000000L, packet.destinationHigh());
        assertEquals(2, packet.destinationLow());
        assertEquals(0xc001, packet.sourcePort());
        assertEquals(53, packet.destinationPort());
        assertEquals(64, packet.timeToLive());
        assertEquals(48, packet.transportOffset());
        assertEquals(8, packet.transportLength());
        assertEquals(0, packet.fragmentIdentification());
        assertEquals(8, packet.udp().length());
        assertNull(packet.tcp());
        assertEquals(0, packet.ipv6().nextHeader());
    }

    @Test
    void showsTheIdentifierOfAnEchoAsBothPorts() {
        assertEcho(Packets.v4(1, "0800 0000 1234 0001"));
        assertEcho(Packets.v4(1, "0000 0000 1234 0001"));
        assertEcho(Packets.v6(58, "8000 0000 1234 0001"));
        assertEcho(Packets.v6(58, "8100 0000 1234 0001"));
    }

    private void assertEcho(ByteBuffer bytes) {
        assertEquals(Defect.NONE, packet.wrap(bytes, 0, bytes.limit()));
        assertEquals(0x1234, packet.sourcePort());
        assertEquals(0x1234, packet.destinationPort());
        assertNotNull(packet.icmp());
    }

    @Test
    void showsNoPortsOfWhatHasNone() {
        ByteBuffer[] all = {
            Packets.v4(47, "00000800 c001 0035"),
            Packets.v4(1, "0300 0000 1234 0001"),
            Packets.v4(58, "8000 0000 1234 0001"), // ICMPv6 over IPv4 is nothing
            Packets.v6(1, "0800 0000 1234 0001"),
            Packets.v6(58, "8600 0000 1234 0001"),
            Packets.v6(59, ""),
        };
        for (ByteBuffer bytes : all) {
            assertEquals(Defect.NONE, packet.wrap(bytes, 0, bytes.limit()));
            assertEquals(0, packet.sourcePort());
            assertEquals(0, packet.destinationPort());
        }
        assertNull(packet.icmp());
    }

    @Test
    void forgetsThePacketBefore() {
        assertEquals(
                Defect.NONE,
                packet.wrap(
                        Packets.v4("2000", 17, "0a000001 c0000202", "c001003500100000"), 0, 28));
        assertTrue(packet.isFirstFragment());

        assertEquals(Defect.NONE, packet.wrap(Packets.v6(59, ""), 0, 40));
        assertFalse(packet.isFragment());
        assertNull(packet.udp());
        assertEquals(0, packet.sourcePort());
    }

    @Test
    void passesOverBytesBehindThePacket() {
        ByteBuffer four = ByteBuffer.allocate(60).put(0, Packets.v4(6, ACK), 0, 40);
        ByteBuffer six = ByteBuffer.allocate(80).put(0, Packets.v6(6, ACK), 0, 60);

        assertEquals(Defect.NONE, packet.wrap(four, 0, 60));
        assertEquals(40, packet.length());
        assertEquals(0, packet.tcp().payloadLength());
        assertEquals(Defect.NONE, packet.wrap(six, 0, 80));
        assertEquals(60, packet.length());
        assertEquals(0, packet.tcp().payloadLength());
    }

    @Test
    void namesTheDefectOfWhatIsNoPacket() {
        assertEquals(Defect.TRUNCATED_HEADER, packet.wrap(ByteBuffer.allocate(0), 0, 0));
        assertEquals(Defect.WRONG_VERSION, packet.wrap(ByteBuffer.allocate(1), 0, 1));
        assertEquals(Defect.TRUNCATED_HEADER, packet.wrap(Hex.bytes("45"), 0, 1));
        assertEquals(Defect.TRUNCATED_HEADER, packet.wrap(Hex.bytes("60"), 0, 1));
        assertEquals(Defect.TRUNCATED_HEADER, packet.wrapQuoted(ByteBuffer.allocate(0), 0, 0));
        assertEquals(Defect.WRONG_VERSION, packet.wrapQuoted(Hex.bytes("70"), 0, 1));
    }

    @ParameterizedTest
    @CsvSource({
        "TCP_TRUNCATED, 6, c001 01bb 00000001 00000000 5002 8000 0000 00",
        "TCP_TRUNCATED, 6, ''",
        "TCP_DATA_OFFSET, 6, c001 01bb 00000001 00000000 6002 8000 0000 0000",
        "UDP_TRUNCATED, 17, c001 0035 0008 12",
        "UDP_LENGTH, 17, c001 0035 0009 1234",
    })
    void namesTheDefectOfTheTransport(Defect defect, int protocol, String payload) {
        ByteBuffer four = Packets.v4(protocol, payload);
        ByteBuffer six = Packets.v6(protocol, payload);

        assertEquals(defect, packet.wrap(four, 0, four.limit()));
        assertEquals(defect, packet.wrap(six, 0, six.limit()));
    }

    @Test
    void refusesUdpWithoutAChecksumOverIpv6Only() {
        assertEquals(Defect.NONE, packet.wrap(Packets.v4(17, "c001 0035 0008 0000"), 0, 28));
        assertEquals(
                Defect.UDP6_CHECKSUM_ZERO,
                packet.wrap(Packets.v6(17, "c001 0035 0008 0000"), 0, 48));
        assertEquals(Defect.ICMP_TRUNCATED, packet.wrap(Packets.v4(1, "0800 0000"), 0, 24));
        assertEquals(Defect.ICMP_TRUNCATED, packet.wrap(Packets.v6(58, "8000 0000"), 0, 44));
    }

    @Test
    void knowsATrueTransportChecksum() {
        ByteBuffer[] unset = {
            Packets.v4(6, ACK), Packets.v4(17, "c001 0035 000a 0000 6162"),
            Packets.v4(1, "0800 0000 1234 0001 61"), Packets.v6(6, ACK),
            Packets.v6(58, "8000 0000 1234 0001 616263"),
        };
        int[] field = {36, 26, 22, 56, 42};
        for (int i = 0; i < unset.length; i++) {
            ByteBuffer bytes = unset[i];
            int right = 0;
            for (int checksum = 1; checksum < 0xffff; checksum++) {
                bytes.putShort(field[i], (short) checksum);
                assertEquals(Defect.NONE, packet.wrap(bytes, 0, bytes.limit()));
                if (packet.transportChecksumValid()) right++;
            }
            assertEquals(1, right, "exactly one checksum is true");
        }
    }

    @Test
    void takesAnAbsentOrUnknownChecksumForTrueAndThatOfAFragmentForFalse() {
        assertTrue(Packets.wrapped(Packets.v4(17, "c001 0035 0008 0000")).transportChecksumValid());
        assertTrue(Packets.wrapped(Packets.v4(50, "c0010035")).transportChecksumValid());
        assertFalse(
                Packets.wrapped(Packets.v4("2000", 17, "0a000001 c0000202", "c001003500080000"))
                        .transportChecksumValid());
    }

    @ParameterizedTest
    @CsvSource({
        "true, 0a000001 c0000202",
        "false, 0a000001 e0000001",
        "false, 0a000001 ffffffff",
        "false, 00000000 c0000202",
        "false, e0000001 c0000202",
        "true, 20010db8000000000000000000000001 20010db8000000000000000000000002",
        "false, 20010db8000000000000000000000001 ff020000000000000000000000000001",
        "false, 00000000000000000000000000000000 20010db8000000000000000000000002",
        "false, 00000000000000000000ffff0a000001 20010db8000000000000000000000002",
        "false, 20010db8000000000000000000000001 00000000000000000000ffff0a000001",
    })
    void tellsOneHostFromManyAndFromMappedAddresses(boolean unicast, String addresses) {
        boolean four = addresses.length() < 20;
        ByteBuffer bytes =
                four ? Packets.v4("0000", 50, addresses, "") : Packets.v6(50, addresses, "");

        assertEquals(unicast, Packets.wrapped(bytes).isUnicast());
    }
}
