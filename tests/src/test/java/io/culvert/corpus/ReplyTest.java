package io.culvert.corpus;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.wire.Defect;
import io.culvert.wire.EchoMessage;
import io.culvert.wire.IcmpError;
import io.culvert.wire.IcmpType;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpPacket;
import io.culvert.wire.TcpAnswer;
import io.culvert.wire.UdpDatagram;

import org.junit.jupiter.api.Test;
import org.pcap4j.packet.IcmpV4CommonPacket;
import org.pcap4j.packet.IcmpV6CommonPacket;
import org.pcap4j.packet.IllegalRawDataException;
import org.pcap4j.packet.IpPacket.IpHeader;
import org.pcap4j.packet.IpSelector;
import org.pcap4j.packet.IpV4Packet.IpV4Header;
import org.pcap4j.packet.Packet;
import org.pcap4j.packet.TcpPacket;
import org.pcap4j.packet.TcpPacket.TcpHeader;
import org.pcap4j.packet.UdpPacket;

import java.net.Inet6Address;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** What the gateway answers to the packets of the corpus, read by an independent decoder. */
class ReplyTest {
    private static final int AT = 7;

    /** Ports of no protocol that pcap4j knows: it is to decode headers, not payloads. */
    private static final int SOURCE_PORT = 0xc002;

    private static final int DESTINATION_PORT = 0xc001;

    /** Of an IPv4 packet without options, behind 8 bytes of UDP or ICMP. */
    private static final int LONGEST_PAYLOAD = 65_507;

    private static final IpAddress GATEWAY = IpAddress.parse("192.0.2.254");
    private static final IpAddress V6_GATEWAY = IpAddress.parse("2001:db8::fe");

    private final IpPacket packet = new IpPacket();
    private final ByteBuffer into = ByteBuffer.allocateDirect(70_000);

    @Test
    void resetsASegmentInTermsThatItsSenderBelieves() throws IllegalRawDataException {
        int resets = 0;
        for (CorpusPacket each : CorpusPacket.all()) {
            if (packet.wrap(each.bytes(), 0, each.length()) != Defect.NONE) continue;
            int length = TcpAnswer.reset(packet, into, AT);
            if (length == 0) continue;
            resets++;
            Packet reply = decode(length);
            IpAddress from = new IpAddress(packet.destinationHigh(), packet.destinationLow());
            IpHeader ip = assertAnswers(reply, from);
            TcpPacket tcp = reply.get(TcpPacket.class);
            assertTrue(tcp.hasValidChecksum(ip.getSrcAddr(), ip.getDstAddr(), false));
            assertResets(tcp.getHeader());
        }
        assertTrue(resets > 3_000, "resets: " + resets);
    }

    /** RFC 9293 section 3.10.7.1. */
    private void assertResets(TcpHeader header) {
        assertEquals(packet.destinationPort(), header.getSrcPort().valueAsInt());
        assertEquals(packet.sourcePort(), header.getDstPort().valueAsInt());
        assertTrue(header.getRst());
        assertFalse(header.getSyn() || header.getFin() || header.getPsh() || header.getUrg());
        assertEquals(!packet.tcp().ack(), header.getAck());
        if (packet.tcp().ack()) {
            assertEquals(packet.tcp().acknowledgmentNumber(), header.getSequenceNumber());
        } else {
            int taken = packet.tcp().payloadLength();
            if (packet.tcp().syn()) taken++;
            if (packet.tcp().fin()) taken++;
            assertEquals(0, header.getSequenceNumber());
            assertEquals(packet.tcp().sequenceNumber() + taken, header.getAcknowledgmentNumber());
        }
    }

    @Test
    void quotesThePacketAnErrorIsAbout() throws IllegalRawDataException {
        int errors = 0;
        for (CorpusPacket each : CorpusPacket.all()) {
            if (packet.wrap(each.bytes(), 0, each.length()) != Defect.NONE) continue;
            boolean four = packet.version() == 4;
            IpAddress from = four ? GATEWAY : V6_GATEWAY;
            int type = four ? IcmpType.UNREACHABLE : IcmpType.V6_UNREACHABLE;
            int length =
                    IcmpError.write(packet, type, 1, 0x1234, from.high(), from.low(), into, AT);
            if (length == 0) continue;
            int overhead = four ? 28 : 48;
            int quoted = Math.min(packet.length(), (four ? 576 : 1280) - overhead);
            assertEquals(overhead + quoted, length);
            byte[] expected = bytes(packet.bytes(), 0, quoted);
            assertArrayEquals(expected, bytes(into, AT + overhead, quoted));

            Packet reply = decodeQuote(length);
            if (reply == null) continue;
            errors++;
            assertAnswers(reply, from);
            byte[] icmp = assertIcmp(reply, four);
            assertEquals(type, icmp[0]);
            assertEquals(1, icmp[1]);
            assertArrayEquals(expected, from(icmp, 8));
        }
        assertTrue(errors > 4_700, "errors: " + errors);
    }

    @Test
    void buildsDatagramsAndEchoesAroundAnyPayload() throws IllegalRawDataException {
        for (CorpusPacket each : CorpusPacket.all()) {
            if (packet.wrap(each.bytes(), 0, each.length()) != Defect.NONE) continue;
            byte[] payload =
                    bytes(packet.bytes(), packet.transportOffset(), packet.transportLength());

            IpAddress from = new IpAddress(packet.destinationHigh(), packet.destinationLow());
            IpAddress to = new IpAddress(packet.sourceHigh(), packet.sourceLow());
            int length = writeDatagram(from, to);
            if (length == 0) {
                assertTrue(payload.length > LONGEST_PAYLOAD);
                continue;
            }
            Packet datagram = decode(length);
            IpHeader ip = assertAnswers(datagram, from);
            UdpPacket udp = datagram.get(UdpPacket.class);
            assertTrue(udp.hasValidChecksum(ip.getSrcAddr(), ip.getDstAddr(), false));
            assertEquals(SOURCE_PORT, udp.getHeader().getSrcPort().valueAsInt());
            assertEquals(DESTINATION_PORT, udp.getHeader().getDstPort().valueAsInt());
            assertEquals(8 + payload.length, udp.getHeader().getLengthAsInt());
            assertArrayEquals(payload, from(udp.getRawData(), 8));

            Packet echo = decode(writeEcho(from, to));
            assertAnswers(echo, from);
            assertArrayEquals(payload, from(assertIcmp(echo, packet.version() == 4), 8));
        }
    }

    private int writeDatagram(IpAddress from, IpAddress to) {
        return UdpDatagram.write(
                from.high(),
                from.low(),
                SOURCE_PORT,
                to.high(),
                to.low(),
                DESTINATION_PORT,
                64,
                0,
                packet.bytes(),
                packet.transportOffset(),
                packet.transportLength(),
                false,
                into,
                AT);
    }

    private int writeEcho(IpAddress from, IpAddress to) {
        return EchoMessage.write(
                false,
                from.high(),
                from.low(),
                to.high(),
                to.low(),
                0x1234,
                7,
                64,
                0,
                packet.bytes(),
                packet.transportOffset(),
                packet.transportLength(),
                into,
                AT);
    }

    private Packet decode(int length) throws IllegalRawDataException {
        return IpSelector.newPacket(bytes(into, AT, length), 0, length);
    }

    /**
     * Null where pcap4j, which decodes quoted packets as if they were whole, throws for it or does
     * not give back the bytes.
     */
    private Packet decodeQuote(int length) throws IllegalRawDataException {
        try {
            Packet reply = decode(length);
            return Arrays.equals(reply.getRawData(), bytes(into, AT, length)) ? reply : null;
        } catch (RuntimeException e) {
            return null;
        }
    }

    /** From that address to the packet's source, whole, with a true header checksum. */
    private IpHeader assertAnswers(Packet reply, IpAddress from) {
        IpHeader header = (IpHeader) reply.getHeader();
        assertEquals(from, IpAddress.of(header.getSrcAddr()));
        assertEquals(
                new IpAddress(packet.sourceHigh(), packet.sourceLow()),
                IpAddress.of(header.getDstAddr()));
        if (header instanceof IpV4Header four) {
            assertTrue(four.hasValidChecksum(false));
            assertTrue(four.getDontFragmentFlag());
            assertFalse(four.getMoreFragmentFlag());
            assertEquals(0, four.getIdentification());
            assertEquals(reply.length(), four.getTotalLengthAsInt());
        }
        return header;
    }

    /** The bytes of the message, whose checksum is true. */
    private static byte[] assertIcmp(Packet reply, boolean four) {
        if (four) {
            IcmpV4CommonPacket icmp = reply.get(IcmpV4CommonPacket.class);
            assertTrue(icmp.hasValidChecksum(false));
            return icmp.getRawData();
        }
        IpHeader ip = (IpHeader) reply.getHeader();
        IcmpV6CommonPacket icmp = reply.get(IcmpV6CommonPacket.class);
        assertTrue(
                icmp.hasValidChecksum(
                        (Inet6Address) ip.getSrcAddr(), (Inet6Address) ip.getDstAddr(), false));
        return icmp.getRawData();
    }

    private static byte[] bytes(ByteBuffer buffer, int start, int length) {
        byte[] bytes = new byte[length];
        buffer.get(start, bytes);
        return bytes;
    }

    private static byte[] from(byte[] bytes, int start) {
        return bytes(ByteBuffer.wrap(bytes), start, bytes.length - start);
    }
}
