package io.culvert.e2e;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** IP packets written by hand, with true checksums unless something else is asked for. */
record RawPacket(InetAddress source, InetAddress destination, int timeToLive) {
    static final int FIN = 1;
    static final int SYN = 2;
    static final int RST = 4;
    static final int ACK = 16;

    private static final int ICMP = 1;
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int ICMPV6 = 58;
    private static final int FRAGMENT = 44;
    private static final int TCP_HEADER = 20;
    private static final int UDP_HEADER = 8;
    private static final int ICMP_HEADER = 8;

    RawPacket(InetAddress source, InetAddress destination) {
        this(source, destination, 64);
    }

    /** RFC 9293 section 3.1, without options. */
    byte[] tcp(int sourcePort, int destinationPort, int sequence, int acknowledgment, int flags) {
        return tcp(sourcePort, destinationPort, sequence, acknowledgment, flags, new byte[0]);
    }

    byte[] tcp(
            int sourcePort,
            int destinationPort,
            int sequence,
            int acknowledgment,
            int flags,
            byte[] payload) {
        ByteBuffer segment = ByteBuffer.allocate(TCP_HEADER + payload.length);
        segment.put(TCP_HEADER, payload);
        segment.putShort(0, (short) sourcePort).putShort(2, (short) destinationPort);
        segment.putInt(4, sequence).putInt(8, acknowledgment);
        segment.put(12, (byte) (TCP_HEADER << 2)).put(13, (byte) flags);
        segment.putShort(14, (short) 65_535);
        segment.putShort(16, (short) checksum(segment, TCP));
        return packet(TCP, segment);
    }

    byte[] udp(int sourcePort, int destinationPort, byte[] payload) {
        ByteBuffer datagram = datagram(sourcePort, destinationPort, payload);
        datagram.putShort(6, (short) checksum(datagram, UDP));
        return packet(UDP, datagram);
    }

    byte[] udpWithWrongChecksum(int sourcePort, int destinationPort, byte[] payload) {
        ByteBuffer datagram = datagram(sourcePort, destinationPort, payload);
        int right = checksum(datagram, UDP);
        // 0 would mean that there is none (RFC 768), and 0xffff is the other zero.
        datagram.putShort(6, (short) (right == 0x1234 ? 0x4321 : 0x1234));
        return packet(UDP, datagram);
    }

    private static ByteBuffer datagram(int sourcePort, int destinationPort, byte[] payload) {
        ByteBuffer datagram = ByteBuffer.allocate(UDP_HEADER + payload.length);
        datagram.putShort(0, (short) sourcePort).putShort(2, (short) destinationPort);
        return datagram.putShort(4, (short) datagram.capacity()).put(UDP_HEADER, payload);
    }

    byte[] echoRequest(int identifier, int sequence, byte[] payload) {
        boolean ipv6 = source instanceof Inet6Address;
        return icmp(ipv6 ? 128 : 8, 0, identifier << 16 | sequence, payload);
    }

    /**
     * @param rest the header's second word
     */
    byte[] icmp(int type, int code, int rest, byte[] payload) {
        ByteBuffer message = ByteBuffer.allocate(ICMP_HEADER + payload.length);
        message.put(0, (byte) type).put(1, (byte) code).putInt(4, rest);
        message.put(ICMP_HEADER, payload);
        boolean ipv6 = source instanceof Inet6Address;
        // RFC 4443 section 2.3: over IPv6 the pseudo-header belongs to it.
        int sum = ipv6 ? checksum(message, ICMPV6) : ~sum(0, message) & 0xffff;
        message.putShort(2, (short) sum);
        return packet(ipv6 ? ICMPV6 : ICMP, message);
    }

    /** A packet of any protocol, whatever it carries. */
    byte[] other(int protocol, byte[] payload) {
        return packet(protocol, ByteBuffer.wrap(payload));
    }

    /** The same packet, which nobody on the way may cut; over IPv6 that is none. */
    static byte[] dontFragment(byte[] packet) {
        byte[] bytes = packet.clone();
        if (isIpv4(bytes)) {
            bytes[6] |= 0x40;
            seal(bytes);
        }
        return bytes;
    }

    /** The same packet with that DSCP and ECN. */
    static byte[] trafficClass(byte[] packet, int value) {
        ByteBuffer bytes = ByteBuffer.wrap(packet.clone());
        if (isIpv4(packet)) {
            bytes.put(1, (byte) value);
            seal(bytes.array());
        } else {
            bytes.putInt(0, (bytes.getInt(0) & 0xf00f_ffff) | value << 20);
        }
        return bytes.array();
    }

    /**
     * The same packet in fragments: RFC 791 section 3.2, RFC 8200 section 4.5.
     *
     * @param size payload bytes of each but the last, a multiple of 8
     */
    static List<byte[]> fragments(byte[] packet, int identification, int size) {
        int header = isIpv4(packet) ? 20 : 40;
        List<byte[]> fragments = new ArrayList<>();
        for (int offset = 0; offset < packet.length - header; offset += size) {
            int length = Math.min(size, packet.length - header - offset);
            boolean more = offset + length < packet.length - header;
            fragments.add(fragment(packet, identification, offset, length, more));
        }
        return fragments;
    }

    /** Some of a packet's payload as a fragment. */
    static byte[] fragment(
            byte[] packet, int identification, int offset, int length, boolean more) {
        boolean ipv4 = isIpv4(packet);
        int header = ipv4 ? 20 : 40;
        int all = ipv4 ? header : header + 8;
        ByteBuffer bytes = ByteBuffer.allocate(all + length);
        bytes.put(0, packet, 0, header).put(all, packet, header + offset, length);
        if (ipv4) {
            bytes.putShort(2, (short) bytes.capacity()).putShort(4, (short) identification);
            bytes.putShort(6, (short) (offset / 8 | (more ? 0x2000 : 0)));
            seal(bytes.array());
        } else {
            bytes.putShort(4, (short) (8 + length)).put(6, (byte) FRAGMENT);
            bytes.put(40, packet[6]).putShort(42, (short) (offset | (more ? 1 : 0)));
            bytes.putInt(44, identification);
        }
        return bytes.array();
    }

    private static boolean isIpv4(byte[] packet) {
        return packet[0] >> 4 == 4;
    }

    private static void seal(byte[] packet) {
        ByteBuffer header = ByteBuffer.wrap(packet, 0, 20).slice();
        header.putShort(10, (short) 0);
        header.putShort(10, (short) ~sum(0, header));
    }

    private int checksum(ByteBuffer transport, int protocol) {
        int pseudoHeader = protocol + transport.capacity();
        int sum = sum(pseudoHeader, ByteBuffer.wrap(source.getAddress()));
        int result = ~sum(sum(sum, ByteBuffer.wrap(destination.getAddress())), transport) & 0xffff;
        return result == 0 ? 0xffff : result;
    }

    /** RFC 1071 section 4.1, folded. */
    private static int sum(int start, ByteBuffer bytes) {
        int sum = start;
        for (int i = 0; i < bytes.capacity(); i++) {
            sum += (bytes.get(i) & 0xff) << (i % 2 == 0 ? 8 : 0);
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return sum;
    }

    private byte[] packet(int protocol, ByteBuffer payload) {
        boolean ipv6 = source instanceof Inet6Address;
        int header = ipv6 ? 40 : 20;
        byte[] bytes = new byte[header + payload.capacity()];
        ByteBuffer packet = ByteBuffer.wrap(bytes);
        if (ipv6) {
            packet.put(0, (byte) 0x60).putShort(4, (short) payload.capacity());
            packet.put(6, (byte) protocol).put(7, (byte) timeToLive);
            packet.put(8, source.getAddress()).put(24, destination.getAddress());
        } else {
            packet.put(0, (byte) 0x45).putShort(2, (short) bytes.length);
            packet.put(8, (byte) timeToLive).put(9, (byte) protocol);
            packet.put(12, source.getAddress()).put(16, destination.getAddress());
            packet.putShort(10, (short) ~sum(0, packet.slice(0, header)));
        }
        packet.put(header, payload, 0, payload.capacity());
        return bytes;
    }
}
