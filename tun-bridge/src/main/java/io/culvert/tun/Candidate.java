package io.culvert.tun;

import io.culvert.tun.Packet.Segmentation;

import java.nio.ByteBuffer;

/**
 * One packet as a {@link Coalescer} sees it: whose it is, and whether it can be part of a run at
 * all, whatever the run. That takes TCP or UDP right behind a bare IP header, all lengths and
 * checksums true, some payload, and for TCP no flag but ACK, PSH and ECE.
 *
 * <p>What a {@link Segmenter} would not write again is not for a run either: a checksum of 0xffff
 * that is as good as the 0 which belongs there (RFC 1624 section 3), and a datagram without one.
 *
 * <p>A reusable view, valid until the packet changes. Confined to one worker.
 */
final class Candidate {
    /** RFC 791 section 3.1. */
    static final int IPV4_HEADER = 20;

    static final int IPV4_TOTAL_LENGTH = 2;
    static final int IPV4_IDENTIFICATION = 4;
    static final int IPV4_FRAGMENT = 6;
    static final int IPV4_CHECKSUM = 10;
    static final int IPV4_ADDRESSES = 12;
    static final int DONT_FRAGMENT = 0x4000;

    /** RFC 8200 section 3. */
    static final int IPV6_HEADER = 40;

    static final int IPV6_PAYLOAD_LENGTH = 4;
    static final int IPV6_NEXT_HEADER = 6;
    static final int IPV6_ADDRESSES = 8;

    /** RFC 9293 section 3.1, RFC 3168 section 6.1. */
    static final int TCP_FLAGS = 13;

    static final int PSH = 0x08;
    private static final int ACK = 0x10;
    private static final int ECE = 0x40;

    /** RFC 768. */
    static final int UDP_LENGTH = 4;

    private static final int PORTS = 4;
    private static final int VALID = 0xffff;

    private Packet packet;
    private boolean ipv6;
    private boolean addressed;
    private boolean identified;
    private int protocol;
    private int headerLength;

    /**
     * Looks at a packet.
     *
     * @return whether it can be part of a run
     */
    boolean read(Packet of) {
        packet = of;
        int version = UpperLayer.version(of);
        ipv6 = version == 6;
        addressed = (version == 4 || ipv6) && of.length() >= transport();
        int found = addressed ? UpperLayer.find(of) : UpperLayer.NONE;
        protocol = UpperLayer.protocol(found);
        identified =
                found != UpperLayer.NONE
                        && UpperLayer.start(found) == transport()
                        && (protocol == UpperLayer.TCP || protocol == UpperLayer.UDP)
                        && of.length() >= transport() + PORTS;
        if (!identified || !isWholeOnItsOwn()) {
            return false;
        }
        headerLength = UpperLayer.headerLength(of, found);
        return headerLength != UpperLayer.NONE
                && headerLength < of.length()
                && (ipv6 ? hasGoodIpv6Header() : hasGoodIpv4Header())
                && (isTcp() ? hasPlainTcpFlags() : hasGoodUdpLength())
                && hasGoodChecksum();
    }

    Packet packet() {
        return packet;
    }

    boolean ipv6() {
        return ipv6;
    }

    /** The addresses are known, in their usual place; of what is not IP, nothing is. */
    boolean addressed() {
        return addressed;
    }

    /**
     * The flow is known: the protocol and the ports, right behind the IP header. Of a fragment, or
     * behind options and extension headers, only the addresses are.
     */
    boolean identified() {
        return identified;
    }

    boolean isTcp() {
        return protocol == UpperLayer.TCP;
    }

    int protocol() {
        return protocol;
    }

    int ports() {
        return packet.bytes().getInt(Packet.OFFSET + transport());
    }

    /** Bytes from the IP header's first to the transport header's. */
    int transport() {
        return ipv6 ? IPV6_HEADER : IPV4_HEADER;
    }

    /** Bytes of both headers together. */
    int headerLength() {
        return headerLength;
    }

    int payload() {
        return packet.length() - headerLength;
    }

    /** RFC 9293 section 3.9.1.2: the sender asks for all that it has sent to be handed on now. */
    boolean pushes() {
        return isTcp() && (flags() & PSH) != 0;
    }

    private boolean isWholeOnItsOwn() {
        return packet.segmentation() == Segmentation.NONE
                && !packet.checksumPartial()
                && packet.fragmentSize() == 0;
    }

    private boolean hasGoodIpv4Header() {
        ByteBuffer bytes = packet.bytes();
        int checksum = bytes.getShort(Packet.OFFSET + IPV4_CHECKSUM) & 0xffff;
        return (bytes.getShort(Packet.OFFSET + IPV4_TOTAL_LENGTH) & 0xffff) == packet.length()
                && (bytes.getShort(Packet.OFFSET + IPV4_FRAGMENT) & ~DONT_FRAGMENT) == 0
                && checksum != 0xffff
                && OnesComplement.sum(bytes, Packet.OFFSET, IPV4_HEADER) == VALID;
    }

    private boolean hasGoodIpv6Header() {
        int length = packet.bytes().getShort(Packet.OFFSET + IPV6_PAYLOAD_LENGTH) & 0xffff;
        return length == packet.length() - IPV6_HEADER;
    }

    private int flags() {
        return packet.bytes().get(Packet.OFFSET + transport() + TCP_FLAGS) & 0xff;
    }

    private boolean hasPlainTcpFlags() {
        return (flags() & ~(PSH | ECE)) == ACK;
    }

    private boolean hasGoodUdpLength() {
        int length = packet.bytes().getShort(Packet.OFFSET + transport() + UDP_LENGTH) & 0xffff;
        return length == packet.length() - transport();
    }

    private boolean hasGoodChecksum() {
        ByteBuffer bytes = packet.bytes();
        int at = Packet.OFFSET + transport();
        int length = packet.length() - transport();
        int offset = isTcp() ? UpperLayer.TCP_CHECKSUM : UpperLayer.UDP_CHECKSUM;
        int notWritten = isTcp() ? 0xffff : 0;
        return (bytes.getShort(at + offset) & 0xffff) != notWritten
                && OnesComplement.fold(
                                (long) pseudoHeader(bytes, ipv6, protocol, length)
                                        + OnesComplement.sum(bytes, at, length))
                        == VALID;
    }

    /**
     * The sum of addresses, protocol and the length of the upper layer: RFC 9293 section 3.1, RFC
     * 8200 section 8.1.
     */
    static int pseudoHeader(ByteBuffer bytes, boolean ipv6, int protocol, int length) {
        int addresses =
                ipv6
                        ? OnesComplement.sum(bytes, Packet.OFFSET + IPV6_ADDRESSES, 32)
                        : OnesComplement.sum(bytes, Packet.OFFSET + IPV4_ADDRESSES, 8);
        return OnesComplement.fold((long) addresses + protocol + length);
    }
}
