package io.culvert.gateway.explain;

import io.culvert.wire.InternetChecksum;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

import java.nio.ByteBuffer;

/**
 * The first packet that an honest initiator would send of a flow: a TCP SYN, an empty UDP datagram,
 * an echo request, or 20 zero bytes of another protocol. It is asked about and never sent.
 */
public final class FirstPacket {
    private static final int HOPS = 64;
    private static final int IPV4_HEADER = 20;
    private static final int IPV6_HEADER = 40;
    private static final int SYN = 2;
    private static final int ECHO_REQUEST = 8;
    private static final int ECHO_REQUEST_6 = 128;

    private FirstPacket() {}

    /** The whole packet, with true checksums. */
    public static ByteBuffer of(Question question) {
        IpAddress source = IpAddress.parse(question.source());
        IpAddress destination = IpAddress.parse(question.destination());
        boolean ipv4 = source.isIpv4();
        int header = ipv4 ? IPV4_HEADER : IPV6_HEADER;
        ByteBuffer payload = payload(question, ipv4);
        ByteBuffer packet = ByteBuffer.allocate(header + payload.capacity());
        if (ipv4) {
            packet.put(0, (byte) 0x45)
                    .putShort(2, (short) packet.capacity())
                    .put(8, (byte) HOPS)
                    .put(9, (byte) question.protocol())
                    .putInt(12, source.toIpv4())
                    .putInt(16, destination.toIpv4());
            int sum = InternetChecksum.sum(packet, 0, IPV4_HEADER);
            packet.putShort(10, (short) InternetChecksum.complement(sum));
        } else {
            packet.put(0, (byte) 0x60)
                    .putShort(4, (short) payload.capacity())
                    .put(6, (byte) question.protocol())
                    .put(7, (byte) HOPS)
                    .putLong(8, source.high())
                    .putLong(16, source.low())
                    .putLong(24, destination.high())
                    .putLong(32, destination.low());
        }
        packet.put(header, payload, 0, payload.capacity());
        seal(packet, header, question.protocol(), source, destination);
        return packet;
    }

    private static ByteBuffer payload(Question question, boolean ipv4) {
        int protocol = question.protocol();
        short from = (short) question.sourcePort();
        short to = (short) question.destinationPort();
        if (protocol == IpProtocol.TCP) {
            return ByteBuffer.allocate(20)
                    .putShort(0, from)
                    .putShort(2, to)
                    .put(12, (byte) 0x50)
                    .put(13, (byte) SYN)
                    .putShort(14, (short) 0xffff);
        }
        if (protocol == IpProtocol.UDP) {
            return ByteBuffer.allocate(8).putShort(0, from).putShort(2, to).putShort(4, (short) 8);
        }
        if (protocol == (ipv4 ? IpProtocol.ICMP : IpProtocol.ICMPV6)) {
            return ByteBuffer.allocate(8)
                    .put(0, (byte) (ipv4 ? ECHO_REQUEST : ECHO_REQUEST_6))
                    .putShort(4, from);
        }
        return ByteBuffer.allocate(20);
    }

    private static void seal(
            ByteBuffer packet, int header, int protocol, IpAddress source, IpAddress destination) {
        boolean ipv4 = header == IPV4_HEADER;
        int place =
                switch (protocol) {
                    case IpProtocol.TCP -> 16;
                    case IpProtocol.UDP -> 6;
                    case IpProtocol.ICMP -> ipv4 ? 2 : -1;
                    case IpProtocol.ICMPV6 -> ipv4 ? -1 : 2;
                    default -> -1;
                };
        if (place < 0) {
            return;
        }
        int length = packet.capacity() - header;
        int sum = InternetChecksum.sum(packet, header, length);
        if (protocol != IpProtocol.ICMP) {
            sum =
                    InternetChecksum.add(
                            sum,
                            InternetChecksum.pseudoHeader(
                                    source.high(),
                                    source.low(),
                                    destination.high(),
                                    destination.low(),
                                    protocol,
                                    length));
        }
        int checksum = InternetChecksum.complement(sum);
        // RFC 768: a sum of zero is sent as all ones.
        boolean zero = protocol == IpProtocol.UDP && (checksum & 0xffff) == 0;
        packet.putShort(header + place, (short) (zero ? 0xffff : checksum));
    }
}
