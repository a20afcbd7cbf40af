package io.culvert.tun;

import io.culvert.tun.Packet.Segmentation;

import java.nio.ByteBuffer;

/**
 * Packets of one flow that have come one after another, as one packet that grows. One more joins if
 * cutting the whole gives back each packet byte by byte, and if Linux would let it join (6.18,
 * {@code tcp_gro_receive}, {@code udp_gro_receive_segment}, {@code inet_gro_flush}).
 *
 * <p>Reusable; confined to one worker.
 */
final class Run {
    /** IPv4's total length, and what Linux keeps IPv6 to as well. */
    private static final int LONGEST = 65_535;

    /** {@code UDP_GRO_CNT_MAX}. */
    private static final int MOST_DATAGRAMS = 64;

    /** RFC 9293 section 3.1. */
    private static final int TCP_SEQUENCE = 4;

    private static final int TCP_ACKNOWLEDGMENT = 8;

    /** Data offset, flags and window; equal offsets are headers of equal length. */
    private static final int TCP_OFFSET_TO_WINDOW = 12;

    private static final int TCP_URGENT_POINTER = 18;

    /** The place of PSH in those four bytes. */
    private static final int PSH_OF_FOUR = Candidate.PSH << 16;

    private final Packet packet = new Packet();

    private boolean ipv6;
    private int protocol;
    private int ports;
    private int transport;
    private int headerLength;
    private int segmentSize;
    private int length;
    private int packets;
    private boolean fixedIdentification;

    /** Starts with that packet, which can be part of a run and does not end one. */
    void begin(Candidate first) {
        ipv6 = first.ipv6();
        protocol = first.protocol();
        ports = first.ports();
        transport = first.transport();
        headerLength = first.headerLength();
        segmentSize = first.payload();
        length = first.packet().length();
        packets = 1;
        packet.bytes().put(Packet.OFFSET, first.packet().bytes(), Packet.OFFSET, length);
    }

    /**
     * Whether the packet is of this flow; where only its addresses are known, whether it might be.
     */
    boolean isOf(Candidate other) {
        return other.addressed()
                && ipv6 == other.ipv6()
                && (!other.identified() || (protocol == other.protocol() && ports == other.ports()))
                && hasSameAddresses(other.packet().bytes());
    }

    private boolean hasSameAddresses(ByteBuffer other) {
        ByteBuffer own = packet.bytes();
        int from = Packet.OFFSET + (ipv6 ? Candidate.IPV6_ADDRESSES : Candidate.IPV4_ADDRESSES);
        int end = Packet.OFFSET + transport;
        for (int at = from; at < end; at += Long.BYTES) {
            if (own.getLong(at) != other.getLong(at)) {
                return false;
            }
        }
        return true;
    }

    /** Whether a packet of this flow that can be part of a run can be the next of this one. */
    boolean isFollowedBy(Candidate next) {
        ByteBuffer bytes = next.packet().bytes();
        return next.payload() <= segmentSize
                && length + next.payload() <= LONGEST
                && (ipv6 ? matchesIpv6(bytes) : matchesIpv4(bytes))
                && (protocol != UpperLayer.TCP || matchesTcp(bytes));
    }

    private boolean matchesIpv4(ByteBuffer next) {
        ByteBuffer own = packet.bytes();
        // Version and type of service; then fragmentation, time to live and protocol.
        return own.getShort(Packet.OFFSET) == next.getShort(Packet.OFFSET)
                && own.getInt(Packet.OFFSET + Candidate.IPV4_FRAGMENT)
                        == next.getInt(Packet.OFFSET + Candidate.IPV4_FRAGMENT)
                && identificationAdvance(next) == (fixed(next) ? 0 : packets);
    }

    private int identificationAdvance(ByteBuffer next) {
        int at = Packet.OFFSET + Candidate.IPV4_IDENTIFICATION;
        return next.getShort(at) - packet.bytes().getShort(at) & 0xffff;
    }

    /** The second packet tells whether identifications stay the same, as some senders' do. */
    private boolean fixed(ByteBuffer second) {
        boolean atomic =
                (second.getShort(Packet.OFFSET + Candidate.IPV4_FRAGMENT) & Candidate.DONT_FRAGMENT)
                        != 0;
        return packets == 1 ? atomic && identificationAdvance(second) == 0 : fixedIdentification;
    }

    private boolean matchesIpv6(ByteBuffer next) {
        ByteBuffer own = packet.bytes();
        // Version, traffic class and flow label; then next header and hop limit.
        return own.getInt(Packet.OFFSET) == next.getInt(Packet.OFFSET)
                && own.getShort(Packet.OFFSET + Candidate.IPV6_NEXT_HEADER)
                        == next.getShort(Packet.OFFSET + Candidate.IPV6_NEXT_HEADER);
    }

    private boolean matchesTcp(ByteBuffer next) {
        ByteBuffer own = packet.bytes();
        int at = Packet.OFFSET + transport;
        int expected = own.getInt(at + TCP_SEQUENCE) + length - headerLength;
        int differing =
                own.getInt(at + TCP_OFFSET_TO_WINDOW) ^ next.getInt(at + TCP_OFFSET_TO_WINDOW);
        return next.getInt(at + TCP_SEQUENCE) == expected
                && own.getInt(at + TCP_ACKNOWLEDGMENT) == next.getInt(at + TCP_ACKNOWLEDGMENT)
                && (differing & ~PSH_OF_FOUR) == 0
                && own.getShort(at + TCP_URGENT_POINTER) == next.getShort(at + TCP_URGENT_POINTER)
                && hasSameOptions(next, at + UpperLayer.TCP_HEADER);
    }

    private boolean hasSameOptions(ByteBuffer next, int from) {
        for (int at = from; at < Packet.OFFSET + headerLength; at += Integer.BYTES) {
            if (packet.bytes().getInt(at) != next.getInt(at)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Takes the packet that follows.
     *
     * @return whether the run ends with it
     */
    boolean add(Candidate next) {
        ByteBuffer bytes = packet.bytes();
        ByteBuffer from = next.packet().bytes();
        fixedIdentification = !ipv6 && fixed(from);
        bytes.put(Packet.OFFSET + length, from, Packet.OFFSET + headerLength, next.payload());
        length += next.payload();
        packets++;
        if (next.pushes()) {
            int at = Packet.OFFSET + transport + Candidate.TCP_FLAGS;
            bytes.put(at, (byte) (bytes.get(at) | Candidate.PSH));
            return true;
        }
        return next.payload() < segmentSize
                || (protocol == UpperLayer.UDP && packets == MOST_DATAGRAMS);
    }

    /** What it has become: a super-packet, or the one packet as it came. */
    Packet whole() {
        packet.plain(length);
        if (packets == 1) {
            return packet;
        }
        boolean tcp = protocol == UpperLayer.TCP;
        ByteBuffer bytes = packet.bytes();
        int at = Packet.OFFSET + transport;
        int upperLength = length - transport;
        writeIpLength(bytes);
        if (!tcp) {
            bytes.putShort(at + Candidate.UDP_LENGTH, (short) upperLength);
        }
        int offset = tcp ? UpperLayer.TCP_CHECKSUM : UpperLayer.UDP_CHECKSUM;
        int sum = Candidate.pseudoHeader(bytes, ipv6, protocol, upperLength);
        bytes.putShort(at + offset, (short) sum);
        return packet.partialChecksum(transport, offset)
                .segments(tcp ? Segmentation.TCP : Segmentation.UDP, segmentSize, headerLength)
                .fixedIdentification(fixedIdentification)
                .packets(packets);
    }

    private void writeIpLength(ByteBuffer bytes) {
        if (ipv6) {
            bytes.putShort(
                    Packet.OFFSET + Candidate.IPV6_PAYLOAD_LENGTH, (short) (length - transport));
            return;
        }
        bytes.putShort(Packet.OFFSET + Candidate.IPV4_TOTAL_LENGTH, (short) length);
        bytes.putShort(Packet.OFFSET + Candidate.IPV4_CHECKSUM, (short) 0);
        int sum = OnesComplement.sum(bytes, Packet.OFFSET, Candidate.IPV4_HEADER);
        bytes.putShort(Packet.OFFSET + Candidate.IPV4_CHECKSUM, (short) ~sum);
    }
}
