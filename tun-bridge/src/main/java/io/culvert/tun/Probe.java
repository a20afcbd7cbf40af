package io.culvert.tun;

import java.net.InetAddress;
import java.nio.ByteBuffer;

/**
 * Writes the packets with which {@link OffloadSelfTest} plays a host behind the device: no options,
 * transport checksum left partial. From one endpoint to another; ports and addresses are fixed.
 */
final class Probe {
    /** RFC 9293 section 3.1. */
    static final int SYN = 0x02;

    static final int ACK = 0x10;
    static final int PSH = 0x08;

    private static final int IPV4_HEADER = 20;
    private static final int IPV6_HEADER = 40;
    private static final int TIME_TO_LIVE = 64;
    private static final int WINDOW = 0xffff;

    private final byte[] source;
    private final byte[] destination;
    private final int sourcePort;
    private final int destinationPort;
    private final int ipHeader;

    Probe(InetAddress source, int sourcePort, InetAddress destination, int destinationPort) {
        this.source = source.getAddress();
        this.destination = destination.getAddress();
        this.sourcePort = sourcePort;
        this.destinationPort = destinationPort;
        ipHeader = this.source.length == 4 ? IPV4_HEADER : IPV6_HEADER;
    }

    /** A datagram. */
    Packet udp(Packet packet, byte[] payload) {
        int length = UpperLayer.UDP_HEADER + payload.length;
        ByteBuffer bytes = ports(packet, UpperLayer.UDP, length);
        bytes.putShort((short) length).putShort((short) 0).put(payload);
        return summed(packet, UpperLayer.UDP, UpperLayer.UDP_CHECKSUM);
    }

    /** A segment, with a window of 65535. */
    Packet tcp(Packet packet, int sequence, int acknowledgment, int flags, byte[] payload) {
        int length = UpperLayer.TCP_HEADER + payload.length;
        ByteBuffer bytes = ports(packet, UpperLayer.TCP, length);
        bytes.putInt(sequence).putInt(acknowledgment);
        int dataOffset = (UpperLayer.TCP_HEADER / Integer.BYTES) << 12;
        bytes.putShort((short) (dataOffset | flags)).putShort((short) WINDOW);
        bytes.putInt(0).put(payload);
        return summed(packet, UpperLayer.TCP, UpperLayer.TCP_CHECKSUM);
    }

    /** The IP header and the ports; the buffer is left at what follows them. */
    private ByteBuffer ports(Packet packet, int protocol, int length) {
        packet.plain(ipHeader + length);
        ByteBuffer bytes = packet.bytes().duplicate().position(Packet.OFFSET);
        if (ipHeader == IPV4_HEADER) {
            bytes.putShort((short) 0x4500).putShort((short) packet.length());
            bytes.putInt(0x0001_4000); // identification 1, do not fragment
            bytes.put((byte) TIME_TO_LIVE).put((byte) protocol).putShort((short) 0);
        } else {
            bytes.putInt(0x6000_0000).putShort((short) length);
            bytes.put((byte) protocol).put((byte) TIME_TO_LIVE);
        }
        bytes.put(source).put(destination);
        if (ipHeader == IPV4_HEADER) {
            int sum = OnesComplement.sum(packet.bytes(), Packet.OFFSET, IPV4_HEADER);
            bytes.putShort(Packet.OFFSET + 10, (short) ~sum);
        }
        return bytes.putShort((short) sourcePort).putShort((short) destinationPort);
    }

    /** The pseudo-header's sum where the checksum belongs (RFC 9293 section 3.1, RFC 8200 8.1). */
    private Packet summed(Packet packet, int protocol, int offset) {
        int addresses = 2 * source.length;
        int sum =
                OnesComplement.sum(packet.bytes(), Packet.OFFSET + ipHeader - addresses, addresses);
        long whole = (long) sum + protocol + packet.length() - ipHeader;
        packet.bytes()
                .putShort(Packet.OFFSET + ipHeader + offset, (short) OnesComplement.fold(whole));
        return packet.partialChecksum(ipHeader, offset);
    }
}
