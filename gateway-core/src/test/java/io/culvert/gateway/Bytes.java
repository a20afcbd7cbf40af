package io.culvert.gateway;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** IP packets written by other code than the gateway's, with true checksums. */
final class Bytes {
    static final int FIN = 1;
    static final int SYN = 2;
    static final int RST = 4;
    static final int ACK = 16;

    private static final int ICMP = 1;
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int ICMPV6 = 58;
    private static final int HOPS = 64;

    private Bytes() {}

    /** A datagram with that many bytes of payload. */
    static byte[] udp(End from, End to, int payload) {
        ByteBuffer datagram = ByteBuffer.allocate(8 + payload);
        datagram.putShort(0, (short) from.port()).putShort(2, (short) to.port());
        datagram.putShort(4, (short) (8 + payload));
        for (int i = 8; i < datagram.capacity(); i++) {
            datagram.put(i, (byte) i);
        }
        return packet(from, to, UDP, 6, datagram);
    }

    /** A segment without options and payload. */
    static byte[] tcp(End from, End to, int flags, int sequence, int acknowledgment) {
        ByteBuffer segment = ByteBuffer.allocate(20);
        segment.putShort(0, (short) from.port()).putShort(2, (short) to.port());
        segment.putInt(4, sequence).putInt(8, acknowledgment);
        segment.put(12, (byte) 0x50).put(13, (byte) flags).putShort(14, (short) 65_000);
        return packet(from, to, TCP, 16, segment);
    }

    /** The identifier is the port of the one that asks. */
    static byte[] echoRequest(End from, End to) {
        return icmp(from, to, from.isIpv6() ? 128 : 8, 0, from.port() << 16 | 1, new byte[16]);
    }

    /** The identifier is the port of the one that has asked. */
    static byte[] echoReply(End from, End to) {
        return icmp(from, to, from.isIpv6() ? 129 : 0, 0, to.port() << 16 | 1, new byte[16]);
    }

    /**
     * @param word the header's second
     */
    static byte[] icmp(End from, End to, int type, int code, int word, byte[] data) {
        ByteBuffer message = ByteBuffer.allocate(8 + data.length);
        message.put(0, (byte) type).put(1, (byte) code).putInt(4, word).put(8, data);
        return packet(from, to, from.isIpv6() ? ICMPV6 : ICMP, 2, message);
    }

    /** A packet of any protocol, whatever it carries. */
    static byte[] other(End from, End to, int protocol, byte[] payload) {
        return packet(from, to, protocol, -1, ByteBuffer.wrap(payload));
    }

    /**
     * @param checksum where in the payload its checksum belongs, negative for nowhere
     */
    private static byte[] packet(End from, End to, int protocol, int checksum, ByteBuffer payload) {
        boolean ipv6 = from.isIpv6();
        int header = ipv6 ? 40 : 20;
        byte[] source = from.bytes();
        byte[] destination = to.bytes();
        if (checksum >= 0) {
            byte[] all = new byte[payload.capacity()];
            payload.get(0, all);
            int sum = sum(all);
            if (protocol != ICMP) {
                sum += sum(source) + sum(destination) + protocol + payload.capacity();
            }
            int result = ~fold(sum) & 0xffff;
            payload.putShort(checksum, (short) (result == 0 ? 0xffff : result));
        }
        ByteBuffer packet = ByteBuffer.allocate(header + payload.capacity());
        if (ipv6) {
            packet.put(0, (byte) 0x60).putShort(4, (short) payload.capacity());
            packet.put(6, (byte) protocol).put(7, (byte) HOPS);
            packet.put(8, source).put(24, destination);
        } else {
            packet.put(0, (byte) 0x45).putShort(2, (short) packet.capacity());
            packet.put(8, (byte) HOPS).put(9, (byte) protocol);
            packet.put(12, source).put(16, destination);
        }
        packet.put(header, payload, 0, payload.capacity());
        return sealed(packet.array());
    }

    /** The same packet with other hops to go. */
    static byte[] hops(byte[] packet, int hops) {
        return with(packet, isIpv4(packet) ? 8 : 7, hops);
    }

    /** The same IPv4 packet, which nobody may cut; another as it is. */
    static byte[] dontFragment(byte[] packet) {
        return isIpv4(packet) ? with(packet, 6, 0x40) : packet;
    }

    /** The same packet with one byte of its header changed. */
    static byte[] with(byte[] packet, int at, int value) {
        byte[] changed = packet.clone();
        changed[at] = (byte) value;
        return sealed(changed);
    }

    /** The same IPv4 packet with options, whole words of them. */
    static byte[] withOptions(byte[] packet, byte[] options) {
        ByteBuffer bytes = ByteBuffer.allocate(packet.length + options.length);
        bytes.put(0, packet, 0, 20);
        bytes.put(20, options);
        bytes.put(20 + options.length, packet, 20, packet.length - 20);
        bytes.put(0, (byte) (0x45 + options.length / 4)).putShort(2, (short) bytes.capacity());
        return sealed(bytes.array());
    }

    /** The same IPv6 packet with extension headers, whose last one says what follows. */
    static byte[] withExtensions(byte[] packet, int first, byte[] extensions) {
        ByteBuffer bytes = ByteBuffer.allocate(packet.length + extensions.length);
        bytes.put(0, packet, 0, 40);
        bytes.put(40, extensions);
        bytes.put(40 + extensions.length, packet, 40, packet.length - 40);
        bytes.putShort(4, (short) (bytes.capacity() - 40)).put(6, (byte) first);
        return bytes.array();
    }

    /** In fragments with that much payload each but the last. */
    static List<byte[]> fragments(byte[] packet, int identification, int size) {
        boolean ipv4 = isIpv4(packet);
        int header = ipv4 ? 20 : 40;
        int all = ipv4 ? 20 : 48;
        List<byte[]> fragments = new ArrayList<>();
        for (int offset = 0; offset < packet.length - header; offset += size) {
            int length = Math.min(size, packet.length - header - offset);
            boolean more = offset + length < packet.length - header;
            ByteBuffer bytes = ByteBuffer.allocate(all + length);
            bytes.put(0, packet, 0, header).put(all, packet, header + offset, length);
            if (ipv4) {
                bytes.putShort(2, (short) bytes.capacity()).putShort(4, (short) identification);
                bytes.putShort(6, (short) (offset / 8 | (more ? 0x2000 : 0)));
            } else {
                bytes.putShort(4, (short) (8 + length)).put(6, (byte) 44).put(40, packet[6]);
                bytes.putShort(42, (short) (offset | (more ? 1 : 0))).putInt(44, identification);
            }
            fragments.add(sealed(bytes.array()));
        }
        return fragments;
    }

    /** Of a packet of TCP or UDP without options and extension headers. */
    static int sourcePort(byte[] packet) {
        return ByteBuffer.wrap(packet).getShort(isIpv4(packet) ? 20 : 40) & 0xffff;
    }

    static boolean isIpv4(byte[] packet) {
        return packet[0] >> 4 == 4;
    }

    /** With a true header checksum. */
    private static byte[] sealed(byte[] packet) {
        if (isIpv4(packet)) {
            packet[10] = 0;
            packet[11] = 0;
            int sum = ~fold(sum(Arrays.copyOf(packet, (packet[0] & 0xf) * 4)));
            packet[10] = (byte) (sum >> 8);
            packet[11] = (byte) sum;
        }
        return packet;
    }

    /** RFC 1071 section 4.1. */
    private static int sum(byte[] bytes) {
        int sum = 0;
        for (int i = 0; i < bytes.length; i++) {
            sum += (bytes[i] & 0xff) << (i % 2 == 0 ? 8 : 0);
        }
        return sum;
    }

    private static int fold(int sum) {
        int folded = (sum & 0xffff) + (sum >>> 16);
        return (folded & 0xffff) + (folded >>> 16);
    }
}
