package io.culvert.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;

class IcmpErrorTest {
    private static final int AT = 3;
    private static final IpAddress GATEWAY = IpAddress.parse("10.0.0.254");
    private static final IpAddress V6_GATEWAY = IpAddress.parse("2001:db8::fe");
    private static final String SYN = "c001 01bb 00000001 00000000 5002 8000 0000 0000 00000000";

    private final ByteBuffer into = ByteBuffer.allocate(1400);

    @Test
    @Tag("rfc5508-req-10-d")
    void quotesAnIpv4Packet() {
        IpPacket offending = Packets.wrapped(Packets.v4(17, "c001 0035 0008 0000"));

        int length = about(offending, IcmpType.UNREACHABLE, IcmpType.FRAGMENTATION_NEEDED, 1300);

        assertEquals(56, length);
        assertEquals(
                Hex.of("45c00038 00004000 40012507 0a0000fe 0a000001")
                        + Hex.of("0304 37a9 00000514 4500001c 1c460000 40119288 0a000001 c0000202")
                        + Hex.of("c001 0035 0008 0000"),
                Hex.of(into, AT, length));
    }

    @Test
    void quotesAnIpv6Packet() {
        IpPacket offending = Packets.wrapped(Packets.v6(17, "c001 0035 0008 1234"));

        int length = about(offending, IcmpType.V6_PACKET_TOO_BIG, 0, 1280);

        assertEquals(96, length);
        assertEquals(
                Hex.of("60000000 0038 3a 40", "20010db80000000000000000000000fe")
                        + Hex.of("20010db8000000000000000000000001 0200 fceb 00000500")
                        + Hex.of("60000000 0008 11 40", Packets.V6_ADDRESSES)
                        + Hex.of("c001 0035 0008 1234"),
                Hex.of(into, AT, length));
    }

    @Test
    void quotesAsMuchAsMayBeSentBack() {
        String payload = "00".repeat(1400);
        IpPacket four = Packets.wrapped(Packets.v4(50, payload));
        IpPacket six = Packets.wrapped(Packets.v6(50, payload));

        assertEquals(576, about(four, IcmpType.TIME_EXCEEDED, IcmpType.IN_TRANSIT, 0));
        assertEquals(0xffff, InternetChecksum.sum(into, AT + 20, 556));
        assertEquals(1280, about(six, IcmpType.V6_TIME_EXCEEDED, IcmpType.IN_TRANSIT, 0));
        IpPacket error = new IpPacket();
        assertEquals(Defect.NONE, error.wrap(into, AT, 1280));
        assertEquals(true, error.transportChecksumValid());
    }

    @Test
    void quotesNothingBehindThePacketsOwnLength() {
        ByteBuffer padded = ByteBuffer.allocate(60).put(0, Packets.v4(50, "01020304"), 0, 24);

        assertEquals(52, about(Packets.wrapped(padded), IcmpType.TIME_EXCEEDED, 0, 0));
    }

    @Test
    void isSentAboutAFirstFragmentAnEchoAndAMessageThatIsNoError() {
        assertEquals(72, about(Packets.v4("2000", 6, "0a000001 c0000202", SYN)));
        assertEquals(56, about(Packets.v4(1, "0800 0000 1234 0001")));
        assertEquals(96, about(Packets.v6(58, "8000 0000 1234 0001")));
    }

    /** RFC 1812 section 4.3.2.7, RFC 4443 section 2.4 (e). */
    @Test
    @Tag("rfc5508-req-10-e")
    void isNeverSentAboutAnErrorOrALaterFragment() {
        ByteBuffer[] all = {
            Packets.v4(1, "0300 0000 00000000"),
            Packets.v4(1, "0500 0000 00000000"),
            Packets.v6(58, "0100 0000 00000000"),
            Packets.v6(58, "7f00 0000 00000000"),
            Packets.v6(58, "8900 0000 00000000"),
            Packets.v4("2001", 17, "0a000001 c0000202", "0000000000000000"),
            Packets.v4("0001", 17, "0a000001 c0000202", "0000000000000000"),
            Packets.v6(44, "1100000800000001 0000000000000000"),
        };
        for (ByteBuffer bytes : all) assertEquals(0, about(bytes));
        assertEquals(ByteBuffer.allocate(1400), into, "nothing is written");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0a000001 e0000001",
                "0a000001 ffffffff",
                "00000000 c0000202",
                "7f000001 c0000202",
                "e0000001 c0000202",
                "f0000001 c0000202",
                "ffffffff c0000202",
                "00000000000000000000000000000000 20010db8000000000000000000000002",
                "00000000000000000000000000000001 20010db8000000000000000000000002",
                "ff020000000000000000000000000001 20010db8000000000000000000000002",
                "00000000000000000000ffff0a000001 20010db8000000000000000000000002",
                "20010db8000000000000000000000001 ff020000000000000000000000000001",
            })
    @Tag("rfc5508-req-10-e")
    void isNeverSentToOrAboutManyHosts(String addresses) {
        boolean four = addresses.length() < 20;

        assertEquals(
                0,
                about(
                        four
                                ? Packets.v4("0000", 50, addresses, "")
                                : Packets.v6(50, addresses, "")));
    }

    @Test
    void isSentAboutAMulticastPacketThatIsTooBig() {
        String addresses = "20010db8000000000000000000000001 ff020000000000000000000000000001";
        IpPacket multicast = Packets.wrapped(Packets.v6(50, addresses, "01020304"));

        assertEquals(92, about(multicast, IcmpType.V6_PACKET_TOO_BIG, 0, 1280));
        assertEquals(92, about(multicast, IcmpType.V6_PARAMETER_PROBLEM, 2, 40));
        assertEquals(0, about(multicast, IcmpType.V6_PARAMETER_PROBLEM, 1, 40));
        assertEquals(0, about(multicast, IcmpType.V6_TIME_EXCEEDED, 0, 0));
    }

    private int about(ByteBuffer bytes) {
        IpPacket offending = Packets.wrapped(bytes);
        boolean four = offending.version() == 4;
        return about(offending, four ? IcmpType.UNREACHABLE : IcmpType.V6_UNREACHABLE, 1, 0);
    }

    private int about(IpPacket offending, int type, int code, int information) {
        IpAddress from = offending.version() == 4 ? GATEWAY : V6_GATEWAY;
        return IcmpError.write(
                offending, type, code, information, from.high(), from.low(), into, AT);
    }
}
