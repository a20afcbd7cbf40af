package io.culvert.wire;

import java.nio.ByteBuffer;

/**
 * An IP packet of either family, read in place: the one view of the packet path.
 *
 * <p>{@link #wrap} believes nothing. It checks the IP header, walks options and extension headers,
 * passes over bytes behind the packet's own length (a link may have padded it), and checks the TCP,
 * UDP or ICMP header as far as its lengths go. A transport's checksum is the receiver's business:
 * {@link #transportChecksumValid} answers it where the gateway is that.
 *
 * <p>What a fragment shows: all but the first have no transport header, so no view and ports of 0.
 * The first shows its ports; its TCP view may have options that are in the next fragment, and is
 * absent where fewer than 20 bytes are there. A fragment header on a packet that is whole (RFC
 * 6946) makes no fragment of it.
 *
 * <p>An address is two longs, an IPv4 one in mapped form (high 0, low 0000ffffxxxxxxxx): an IPv6
 * packet that carries such addresses is not {@link #isUnicast}. Reusable; confined to one worker.
 */
public final class IpPacket {
    /** High half is 0, low half has this in its upper 32 bits: RFC 4291 section 2.5.5.2. */
    private static final long MAPPED = 0x0000_ffff_0000_0000L;

    /** RFC 1858 section 3.2.1: tmin, the bytes of a TCP header up to its flags, in eights. */
    private static final int SMALLEST_FIRST_TCP_FRAGMENT = 16;

    private final Ipv4Header ipv4 = new Ipv4Header();
    private final Ipv6Header ipv6 = new Ipv6Header();
    private final TcpHeader tcp = new TcpHeader();
    private final UdpHeader udp = new UdpHeader();
    private final IcmpHeader icmp = new IcmpHeader();

    private ByteBuffer bytes;
    private int start;
    private int version;
    private int length;
    private int protocol;
    private int transportOffset;
    private int transportLength;
    private int fragmentOffset;
    private boolean moreFragments;
    private boolean quoted;

    /** The protocol whose view is wrapped; 0 for none. */
    private int view;

    private int sourcePortOffset;
    private int destinationPortOffset;

    /**
     * Checks a packet that was received, and shows it until the next one is wrapped.
     *
     * @param start absolute index of its first byte
     * @param length bytes received; those behind the packet's own length are passed over
     */
    public Defect wrap(ByteBuffer bytes, int start, int length) {
        Defect defect = wrapIp(bytes, start, length, false);
        if (defect != Defect.NONE) return defect;
        return isFragment() ? wrapFragment() : wrapTransport();
    }

    /**
     * For the packet inside an ICMP error, most of which was cut off: its IP header and the first 8
     * bytes behind it are enough (RFC 792, RFC 5508 REQ-3). No length beyond {@code available} is
     * believed or complained of; {@link #length} and {@link #transportLength} are what is there. Of
     * the TCP view only ports and sequence number may be asked for.
     */
    public Defect wrapQuoted(ByteBuffer bytes, int start, int available) {
        Defect defect = wrapIp(bytes, start, available, true);
        if (defect != Defect.NONE) return defect;
        return fragmentOffset > 0 ? Defect.NONE : wrapQuotedTransport();
    }

    private Defect wrapIp(ByteBuffer bytes, int start, int available, boolean quoted) {
        this.bytes = bytes;
        this.start = start;
        this.quoted = quoted;
        fragmentOffset = 0;
        moreFragments = false;
        view = 0;
        sourcePortOffset = -1;
        destinationPortOffset = -1;
        if (available < 1) return Defect.TRUNCATED_HEADER;
        version = (bytes.get(start) & 0xf0) >>> 4;
        return switch (version) {
            case 4 -> wrapIpv4(available);
            case 6 -> wrapIpv6(available);
            default -> Defect.WRONG_VERSION;
        };
    }

    private Defect wrapIpv4(int available) {
        Defect defect =
                quoted
                        ? ipv4.wrapQuoted(bytes, start, available)
                        : ipv4.wrap(bytes, start, available);
        if (defect != Defect.NONE) return defect;
        int header = ipv4.headerLength();
        // Only in a quote can the total length be out of these bounds.
        length = Math.min(available, Math.max(ipv4.totalLength(), header));
        protocol = ipv4.protocol();
        transportOffset = start + header;
        transportLength = length - header;
        fragmentOffset = ipv4.fragmentOffset();
        moreFragments = ipv4.moreFragments();
        return Defect.NONE;
    }

    private Defect wrapIpv6(int available) {
        Defect defect =
                quoted
                        ? ipv6.wrapQuoted(bytes, start, available)
                        : ipv6.wrap(bytes, start, available);
        if (defect != Defect.NONE) return defect;
        length = ipv6.end() - start;
        protocol = ipv6.protocol();
        transportOffset = ipv6.transportOffset();
        transportLength = ipv6.end() - transportOffset;
        if (ipv6.fragmentHeader() >= 0) {
            fragmentOffset = ipv6.fragmentOffset();
            moreFragments = ipv6.moreFragments();
        }
        return Defect.NONE;
    }

    private Defect wrapTransport() {
        switch (protocol) {
            case IpProtocol.TCP:
                showPorts();
                view = IpProtocol.TCP;
                return tcp.wrap(bytes, transportOffset, transportLength);
            case IpProtocol.UDP:
                showPorts();
                view = IpProtocol.UDP;
                return checksumPresent(udp.wrap(bytes, transportOffset, transportLength));
            default:
                return isIcmp() ? wrapIcmp() : Defect.NONE;
        }
    }

    private Defect wrapFragment() {
        int size = start + length - fragmentDataOffset();
        if (size == 0) return Defect.FRAGMENT_TINY;
        if (moreFragments && (size & 7) != 0) return Defect.FRAGMENT_NOT_MULTIPLE_OF_8;
        if (DatagramHeader.countedLength(this) + fragmentOffset + size > DatagramHeader.LONGEST) {
            return Defect.FRAGMENT_BEYOND_65535;
        }
        if (fragmentOffset == 0) return wrapFirstFragment();
        // RFC 1858 section 4.2, RFC 3128: this one would hold the flags.
        return protocol == IpProtocol.TCP && fragmentOffset < SMALLEST_FIRST_TCP_FRAGMENT
                ? Defect.FRAGMENT_TINY
                : Defect.NONE;
    }

    private Defect wrapFirstFragment() {
        switch (protocol) {
            case IpProtocol.TCP:
                // RFC 7112 section 5 wants the whole header, RFC 1858 section 3.2.1 its flags.
                int least = version == 6 ? TcpHeader.MINIMUM_LENGTH : SMALLEST_FIRST_TCP_FRAGMENT;
                if (transportLength < least) return Defect.FRAGMENT_TINY;
                showPorts();
                if (transportLength < TcpHeader.MINIMUM_LENGTH) return Defect.NONE;
                view = IpProtocol.TCP;
                return tcp.wrapFirstFragment(bytes, transportOffset, transportLength);
            case IpProtocol.UDP:
                if (transportLength < UdpHeader.LENGTH) return Defect.FRAGMENT_TINY;
                showPorts();
                view = IpProtocol.UDP;
                return checksumPresent(
                        udp.wrapFirstFragment(bytes, transportOffset, transportLength));
            default:
                if (!isIcmp()) return Defect.NONE;
                return transportLength < IcmpHeader.LENGTH ? Defect.FRAGMENT_TINY : wrapIcmp();
        }
    }

    private Defect wrapQuotedTransport() {
        switch (protocol) {
            case IpProtocol.TCP:
                showPorts();
                view = IpProtocol.TCP;
                return tcp.wrapQuoted(bytes, transportOffset, transportLength);
            case IpProtocol.UDP:
                showPorts();
                view = IpProtocol.UDP;
                return udp.wrapQuoted(bytes, transportOffset, transportLength);
            default:
                return isIcmp() ? wrapIcmp() : Defect.NONE;
        }
    }

    private boolean isIcmp() {
        return protocol == (version == 4 ? IpProtocol.ICMP : IpProtocol.ICMPV6);
    }

    private Defect wrapIcmp() {
        Defect defect = icmp.wrap(bytes, transportOffset, transportLength, version);
        if (defect != Defect.NONE) return defect;
        view = protocol;
        if (icmp.isQuery()) {
            sourcePortOffset = transportOffset + IcmpHeader.IDENTIFIER;
            destinationPortOffset = sourcePortOffset;
        }
        return Defect.NONE;
    }

    private void showPorts() {
        sourcePortOffset = transportOffset;
        destinationPortOffset = transportOffset + 2;
    }

    private Defect checksumPresent(Defect defect) {
        return defect == Defect.NONE && version == 6 && udp.checksum() == 0
                ? Defect.UDP6_CHECKSUM_ZERO
                : defect;
    }

    public ByteBuffer bytes() {
        return bytes;
    }

    /** Absolute index of the packet's first byte. */
    public int start() {
        return start;
    }

    /** 4 or 6. */
    public int version() {
        return version;
    }

    /** Bytes of the packet as its IP header says; bytes received behind them are not of it. */
    public int length() {
        return length;
    }

    /** What the transport is: behind the extension headers in IPv6. */
    public int protocol() {
        return protocol;
    }

    public long sourceHigh() {
        return version == 4 ? 0 : ipv6.sourceHigh();
    }

    public long sourceLow() {
        return version == 4 ? mapped(ipv4.sourceAddress()) : ipv6.sourceLow();
    }

    public long destinationHigh() {
        return version == 4 ? 0 : ipv6.destinationHigh();
    }

    public long destinationLow() {
        return version == 4 ? mapped(ipv4.destinationAddress()) : ipv6.destinationLow();
    }

    private static long mapped(int address) {
        return MAPPED | (address & 0xffff_ffffL);
    }

    /** Of TCP and UDP the port, of an ICMP query its identifier, else 0. */
    public int sourcePort() {
        return sourcePortOffset < 0 ? 0 : bytes.getShort(sourcePortOffset) & 0xffff;
    }

    /** Of TCP and UDP the port, of an ICMP query its identifier, else 0. */
    public int destinationPort() {
        return destinationPortOffset < 0 ? 0 : bytes.getShort(destinationPortOffset) & 0xffff;
    }

    public boolean isFragment() {
        return moreFragments || fragmentOffset > 0;
    }

    public boolean isFirstFragment() {
        return moreFragments && fragmentOffset == 0;
    }

    /** In bytes; 0 also where the packet is none. */
    public int fragmentOffset() {
        return fragmentOffset;
    }

    public boolean moreFragments() {
        return moreFragments;
    }

    /**
     * Absolute index of what a fragment carries of its datagram, up to the packet's end: behind the
     * IPv4 header or the fragment header. Only where there is one of them.
     */
    public int fragmentDataOffset() {
        return version == 4 ? transportOffset : ipv6.fragmentHeader() + Ipv6Header.FRAGMENT_LENGTH;
    }

    /** What fragments of one datagram share: 16 bits in IPv4, 32 in IPv6; 0 without a header. */
    public int fragmentIdentification() {
        if (version == 4) return ipv4.identification();
        return ipv6.fragmentHeader() < 0 ? 0 : ipv6.fragmentIdentification();
    }

    /**
     * Whether an IPv6 option says that a destination which does not know it drops the packet. None
     * that says so is known here.
     */
    public boolean hasObjectionableOption() {
        return version == 6 && ipv6.objectionableOption() >= 0;
    }

    /** Whether an IPv6 routing header sends the packet further than its destination address. */
    public boolean hasSegmentsLeft() {
        return version == 6 && ipv6.unfinishedRouting() >= 0;
    }

    /** Of IPv6 the hop limit. */
    public int timeToLive() {
        return version == 4 ? ipv4.timeToLive() : ipv6.hopLimit();
    }

    /** DSCP in the upper six bits, ECN in the lower two. */
    public int trafficClass() {
        return version == 4 ? ipv4.trafficClass() : ipv6.trafficClass();
    }

    /** Absolute index of the transport header, or of a fragment's data. */
    public int transportOffset() {
        return transportOffset;
    }

    /** Bytes from there to the packet's end. */
    public int transportLength() {
        return transportLength;
    }

    /** Null where the packet shows no TCP header. */
    public TcpHeader tcp() {
        return view == IpProtocol.TCP ? tcp : null;
    }

    /** Null where the packet shows no UDP header. */
    public UdpHeader udp() {
        return view == IpProtocol.UDP ? udp : null;
    }

    /** Null where the packet shows no ICMP header; ICMPv6 over IPv4 is none, nor the reverse. */
    public IcmpHeader icmp() {
        return view == IpProtocol.ICMP || view == IpProtocol.ICMPV6 ? icmp : null;
    }

    /** Only where {@link #version} is 4. */
    public Ipv4Header ipv4() {
        return ipv4;
    }

    /** Only where {@link #version} is 6. */
    public Ipv6Header ipv6() {
        return ipv6;
    }

    /**
     * How many packets this one stands for, where it is a super-packet.
     *
     * @param segmentSize transport payload bytes of each; 0 where it is an ordinary packet
     */
    public int packetsOf(int segmentSize) {
        if (segmentSize == 0) return 1;
        int header = view == IpProtocol.TCP ? tcp.headerLength() : UdpHeader.LENGTH;
        return Math.max(1, (transportLength - header + segmentSize - 1) / segmentSize);
    }

    /**
     * Whether source and destination are each an address that one host could have, {@link
     * IpAddress#isOneHost}, and of the packet's own family: RFC 4942 section 2.2 has the reasons
     * against mapped IPv4 addresses in IPv6 headers.
     */
    public boolean isUnicast() {
        long sourceHigh = sourceHigh();
        long sourceLow = sourceLow();
        long destinationHigh = destinationHigh();
        long destinationLow = destinationLow();
        if (version == 6
                && (IpAddress.isIpv4(sourceHigh, sourceLow)
                        || IpAddress.isIpv4(destinationHigh, destinationLow))) {
            return false;
        }
        return IpAddress.isOneHost(sourceHigh, sourceLow)
                && IpAddress.isOneHost(destinationHigh, destinationLow);
    }

    /**
     * Whether the checksum of TCP, UDP or ICMP is true, or absent where UDP over IPv4 may leave it
     * out; true for any other protocol. A fragment's, and a quoted packet's, never is. The final
     * destination is taken to be the header's: not so behind a routing header that has segments
     * left (RFC 8200 section 8.1).
     */
    public boolean transportChecksumValid() {
        if (quoted || isFragment()) return false;
        int covered = transportLength;
        boolean pseudoHeader = true;
        switch (view) {
            case IpProtocol.TCP, IpProtocol.ICMPV6 -> {}
            case IpProtocol.UDP -> {
                if (udp.checksum() == 0) return true;
                covered = udp.length();
            }
            case IpProtocol.ICMP -> pseudoHeader = false;
            default -> {
                return true;
            }
        }
        int sum = InternetChecksum.sum(bytes, transportOffset, covered);
        if (pseudoHeader) sum = InternetChecksum.add(sum, pseudoHeader(covered));
        return sum == 0xffff;
    }

    private int pseudoHeader(int covered) {
        return InternetChecksum.pseudoHeader(
                sourceHigh(), sourceLow(), destinationHigh(), destinationLow(), protocol, covered);
    }
}
