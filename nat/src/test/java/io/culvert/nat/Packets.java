package io.culvert.nat;

import io.culvert.wire.Defect;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;

/**
 * Whole packets for tests, and their checksums worked out in full, a byte pair at a time: nothing
 * here shares a line with what is tested.
 */
final class Packets {
    /** What the transport checksum of a packet is. */
    enum Checksum {
        COMPLETE,
        PARTIAL,
        ABSENT
    }

    private static final int HOP_BY_HOP = 0;
    private static final int TCP_CHECKSUM = 16;
    private static final int UDP_CHECKSUM = 6;
    private static final int ICMP_CHECKSUM = 2;

    static final int DCCP = 33;
    static final int UDP_LITE = 136;
    private static final int DCCP_CHECKSUM = 6;

    private Packets() {}

    static byte[] hex(String... lines) {
        return HexFormat.of().parseHex(String.join("", lines));
    }

    static IpPacket wrap(byte[] packet) {
        IpPacket view = new IpPacket();
        Defect defect = view.wrap(ByteBuffer.wrap(packet), 0, packet.length);
        if (defect != Defect.NONE) {
            throw new AssertionError(defect + ": " + HexFormat.of().formatHex(packet));
        }
        return view;
    }

    /** The packet quoted by an ICMP error, behind its first eight bytes. */
    static IpPacket quoted(IpPacket error) {
        IpPacket view = new IpPacket();
        int at = error.transportOffset() + 8;
        Defect defect = view.wrapQuoted(error.bytes(), at, error.start() + error.length() - at);
        if (defect != Defect.NONE) {
            throw new AssertionError(defect.toString());
        }
        return view;
    }

    static Endpoints endpoints(String source, int sourcePort, String destination, int port) {
        IpAddress from = IpAddress.parse(source);
        IpAddress to = IpAddress.parse(destination);
        return new Endpoints(from.high(), from.low(), sourcePort, to.high(), to.low(), port);
    }

    static Endpoints endpoints(byte[] packet) {
        IpPacket view = wrap(packet);
        return new Endpoints(
                view.sourceHigh(),
                view.sourceLow(),
                view.sourcePort(),
                view.destinationHigh(),
                view.destinationLow(),
                view.destinationPort());
    }

    static Endpoints randomEndpoints(Random random, boolean ipv6) {
        return new Endpoints(
                ipv6 ? random.nextLong() : 0,
                ipv6 ? random.nextLong() : 0xffff_0000_0000L | (random.nextInt() & 0xffff_ffffL),
                random.nextInt(65_536),
                ipv6 ? random.nextLong() : 0,
                ipv6 ? random.nextLong() : 0xffff_0000_0000L | (random.nextInt() & 0xffff_ffffL),
                random.nextInt(65_536));
    }

    /** A packet with random options or extension headers and a random payload. */
    static byte[] random(Random random, boolean ipv6, int protocol, Checksum checksum) {
        int headerLength = protocol == IpProtocol.TCP ? 20 + 4 * random.nextInt(11) : 8;
        byte[] transport = new byte[headerLength + random.nextInt(100)];
        random.nextBytes(transport);
        ByteBuffer fields = ByteBuffer.wrap(transport);
        if (protocol == IpProtocol.TCP) {
            Arrays.fill(transport, 20, headerLength, (byte) 1);
            fields.put(12, (byte) (headerLength << 2));
        } else if (protocol == IpProtocol.UDP) {
            fields.putShort(4, (short) transport.length);
        } else if (protocol == IpProtocol.ICMP || protocol == IpProtocol.ICMPV6) {
            fields.putShort(0, (short) (ipv6 ? 0x8000 : 0x0800));
        } else if (protocol == DCCP || protocol == UDP_LITE) {
            // A coverage of 0 is all of the packet: RFC 4340 section 9.2, RFC 3828 section 3.1.
            fields.putShort(4, (short) 0);
        }
        byte[] packet =
                ipv6 ? inIpv6(random, protocol, transport) : in4(random, protocol, transport);
        return with(packet, randomEndpoints(random, ipv6), checksum);
    }

    private static byte[] in4(Random random, int protocol, byte[] transport) {
        int header = 20 + 4 * random.nextInt(11);
        ByteBuffer packet = ByteBuffer.allocate(header + transport.length);
        packet.put(0, (byte) (0x40 | header >> 2)).putShort(2, (short) packet.capacity());
        packet.putShort(4, (short) random.nextInt()).put(8, (byte) 64).put(9, (byte) protocol);
        for (int i = 20; i < header; i++) {
            packet.put(i, (byte) 1);
        }
        return packet.put(header, transport).array();
    }

    private static byte[] inIpv6(Random random, int protocol, byte[] transport) {
        int options = 8 * random.nextInt(3);
        ByteBuffer packet = ByteBuffer.allocate(40 + options + transport.length);
        packet.putInt(0, 6 << 28 | random.nextInt(1 << 28));
        packet.putShort(4, (short) (packet.capacity() - 40));
        packet.put(6, (byte) (options > 0 ? HOP_BY_HOP : protocol)).put(7, (byte) 64);
        if (options > 0) {
            packet.put(40, (byte) protocol).put(41, (byte) (options / 8 - 1));
            packet.put(42, (byte) 1).put(43, (byte) (options - 4));
        }
        return packet.put(40 + options, transport).array();
    }

    /** A copy with those addresses and ports, and every checksum made anew. */
    static byte[] with(byte[] packet, Endpoints to, Checksum checksum) {
        byte[] copy = packet.clone();
        ByteBuffer bytes = ByteBuffer.wrap(copy);
        boolean ipv6 = copy[0] >> 4 == 6;
        if (ipv6) {
            bytes.putLong(8, to.sourceHigh()).putLong(16, to.sourceLow());
            bytes.putLong(24, to.destinationHigh()).putLong(32, to.destinationLow());
        } else {
            bytes.putInt(12, (int) to.sourceLow()).putInt(16, (int) to.destinationLow());
            bytes.putShort(10, (short) 0);
            bytes.putShort(10, (short) ~sum(copy, 0, transport(copy), 0));
        }
        int at = transport(copy);
        switch (protocol(copy)) {
            case IpProtocol.TCP -> {
                ports(bytes, at, to);
                checksum(copy, at, TCP_CHECKSUM, checksum, true);
            }
            case IpProtocol.UDP -> {
                ports(bytes, at, to);
                checksum(copy, at, UDP_CHECKSUM, checksum, true);
                presentZero(bytes, at, checksum);
            }
            case IpProtocol.ICMP, IpProtocol.ICMPV6 -> {
                bytes.putShort(at + 4, (short) to.sourcePort());
                checksum(copy, at, ICMP_CHECKSUM, checksum, ipv6);
            }
            case DCCP -> checksum(copy, at, DCCP_CHECKSUM, checksum, true);
            case UDP_LITE -> {
                checksum(copy, at, UDP_CHECKSUM, checksum, true);
                presentZero(bytes, at, checksum);
            }
            default -> {}
        }
        return copy;
    }

    /** An error about a packet, as much of it as given, with a true checksum. */
    static byte[] error(boolean ipv6, int type, int code, byte[] quote, Endpoints outer) {
        ByteBuffer message = ByteBuffer.allocate(8 + quote.length);
        message.put(0, (byte) type).put(1, (byte) code).putInt(4, 1_280).put(8, quote);
        int protocol = ipv6 ? IpProtocol.ICMPV6 : IpProtocol.ICMP;
        int header = ipv6 ? 40 : 20;
        ByteBuffer packet = ByteBuffer.allocate(header + message.capacity());
        packet.put(header, message.array());
        if (ipv6) {
            packet.putInt(0, 6 << 28).putShort(4, (short) message.capacity());
            packet.put(6, (byte) protocol).put(7, (byte) 64);
            packet.putLong(8, outer.sourceHigh()).putLong(16, outer.sourceLow());
            packet.putLong(24, outer.destinationHigh()).putLong(32, outer.destinationLow());
        } else {
            packet.put(0, (byte) 0x45).putShort(2, (short) packet.capacity());
            packet.put(8, (byte) 64).put(9, (byte) protocol);
            packet.putInt(12, (int) outer.sourceLow()).putInt(16, (int) outer.destinationLow());
            packet.putShort(10, (short) ~sum(packet.array(), 0, 20, 0));
        }
        checksum(packet.array(), header, ICMP_CHECKSUM, Checksum.COMPLETE, ipv6);
        return packet.array();
    }

    private static void presentZero(ByteBuffer bytes, int at, Checksum checksum) {
        if (checksum == Checksum.COMPLETE && bytes.getShort(at + UDP_CHECKSUM) == 0) {
            bytes.putShort(at + UDP_CHECKSUM, (short) 0xffff);
        }
    }

    private static void ports(ByteBuffer bytes, int at, Endpoints to) {
        bytes.putShort(at, (short) to.sourcePort()).putShort(at + 2, (short) to.destinationPort());
    }

    private static void checksum(
            byte[] packet, int at, int offset, Checksum checksum, boolean pseudoHeader) {
        ByteBuffer bytes = ByteBuffer.wrap(packet);
        bytes.putShort(at + offset, (short) 0);
        int pseudo = pseudoHeader ? pseudoHeader(packet, packet.length - at) : 0;
        switch (checksum) {
            case COMPLETE ->
                    bytes.putShort(at + offset, (short) ~sum(packet, at, packet.length, pseudo));
            case PARTIAL -> bytes.putShort(at + offset, (short) pseudo);
            case ABSENT -> {}
        }
    }

    private static int pseudoHeader(byte[] packet, int length) {
        boolean ipv6 = packet[0] >> 4 == 6;
        int addresses = ipv6 ? sum(packet, 8, 40, 0) : sum(packet, 12, 20, 0);
        byte[] rest = ByteBuffer.allocate(8).putInt(length).putInt(protocol(packet)).array();
        return sum(rest, 0, 8, addresses);
    }

    private static int protocol(byte[] packet) {
        if (packet[0] >> 4 == 4) {
            return packet[9] & 0xff;
        }
        return (packet[6] == HOP_BY_HOP ? packet[40] : packet[6]) & 0xff;
    }

    /** Where the transport header begins. */
    static int transport(byte[] packet) {
        if (packet[0] >> 4 == 4) {
            return (packet[0] & 0xf) * 4;
        }
        return packet[6] == HOP_BY_HOP ? 48 + packet[41] * 8 : 40;
    }

    private static int sum(byte[] bytes, int from, int to, int initial) {
        int sum = initial;
        for (int i = from; i < to; i += 2) {
            sum += (bytes[i] & 0xff) << 8;
            sum += i + 1 < to ? bytes[i + 1] & 0xff : 0;
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return sum;
    }
}
