package io.culvert.fuzz;

import io.culvert.wire.Defect;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;

import java.util.Arrays;
import java.util.EnumSet;
import java.util.Set;

/**
 * An IP packet read as the RFCs tell it, slowly: what {@link IpPacket} is held against. It names
 * every defect that it comes across, of which the packet view answers the first it meets.
 */
public final class PlainPacket {
    private static final Set<Integer> EXTENSIONS = Set.of(0, 43, 44, 51, 60, 135, 139, 140);
    private static final int HOP_BY_HOP = 0;
    private static final int ROUTING = 43;
    private static final int FRAGMENT = 44;
    private static final int AUTHENTICATION = 51;
    private static final int DESTINATION_OPTIONS = 60;
    private static final int DCCP = 33;
    private static final int UDP_LITE = 136;
    private static final int MOST_EXTENSIONS = 8;
    private static final int MOST_OPTIONS = 32;
    private static final int LONGEST = 65_535;

    final Set<Defect> defects = EnumSet.noneOf(Defect.class);

    /** The packet, and nothing that was received behind it. */
    byte[] bytes;

    int version;
    int protocol;
    int transport;
    int identification;
    int fragmentOffset;
    boolean more;

    /** Where ports, or an echo's identifier twice, can be read; -1 where there are none. */
    int ports = -1;

    private final boolean quoted;

    /** Where the fragment header is, -1 where there is none. */
    private int fragmentHeader = -1;

    private int options;

    private PlainPacket(byte[] received, boolean quoted) {
        bytes = received;
        this.quoted = quoted;
        if (received.length == 0) {
            defects.add(Defect.TRUNCATED_HEADER);
            return;
        }
        version = u8(0) >>> 4;
        boolean goesOn =
                switch (version) {
                    case 4 -> ipv4();
                    case 6 -> ipv6();
                    default -> refused(Defect.WRONG_VERSION);
                };
        if (goesOn && quoted) {
            quotedTransport();
        } else if (goesOn) {
            transportOrFragment();
        }
    }

    /** The first defect that the packet view meets is among these; none where it meets none. */
    public Set<Defect> defects() {
        return EnumSet.copyOf(defects);
    }

    /** Bytes of the packet, less those that were received behind it. */
    public int length() {
        return bytes.length;
    }

    /** What follows the extension headers. */
    public int protocol() {
        return protocol;
    }

    /** Where a port or an identifier is that a translation changes; -1 where there is none. */
    public int portAt(boolean source) {
        return ports < 0 || source || isEcho() ? ports : ports + 2;
    }

    /** Where the checksum is that covers addresses, ports or identifier; -1 where none is. */
    public int checksumAt() {
        if (fragmentOffset > 0) return -1;
        int offset =
                switch (protocol) {
                    case IpProtocol.TCP -> 16;
                    case IpProtocol.UDP, DCCP, UDP_LITE -> 6;
                    default -> isOwnIcmp() ? 2 : -1;
                };
        boolean there = offset >= 0 && transportLength() >= offset + 2;
        return there ? transport + offset : -1;
    }

    /** A packet that was received. */
    public static PlainPacket of(byte[] received) {
        return new PlainPacket(received, false);
    }

    /** RFC 792, RFC 5508 REQ-3: most of it was cut off, eight bytes of a transport are enough. */
    static PlainPacket quoted(byte[] available) {
        return new PlainPacket(available, true);
    }

    public boolean isFragment() {
        return more || fragmentOffset > 0;
    }

    /** Of IPv6; one on a packet that is whole makes no fragment of it (RFC 6946). */
    boolean hasFragmentHeader() {
        return fragmentHeader >= 0;
    }

    int transportLength() {
        return bytes.length - transport;
    }

    byte[] transportBytes() {
        return Arrays.copyOfRange(bytes, transport, bytes.length);
    }

    /** Where a fragment's data begin. */
    int data() {
        return version == 4 ? transport : fragmentHeader + 8;
    }

    public int sourcePort() {
        return ports < 0 ? 0 : u16(ports);
    }

    public int destinationPort() {
        return ports < 0 ? 0 : u16(isEcho() ? ports : ports + 2);
    }

    public byte[] source() {
        return version == 4 ? Arrays.copyOfRange(bytes, 12, 16) : Arrays.copyOfRange(bytes, 8, 24);
    }

    public byte[] destination() {
        return version == 4 ? Arrays.copyOfRange(bytes, 16, 20) : Arrays.copyOfRange(bytes, 24, 40);
    }

    boolean isOwnIcmp() {
        return protocol == (version == 4 ? IpProtocol.ICMP : IpProtocol.ICMPV6);
    }

    public boolean isEcho() {
        if (!isOwnIcmp() || fragmentOffset > 0 || transportLength() < 8) {
            return false;
        }
        int type = u8(transport);
        return version == 4 ? type == 8 || type == 0 : type == 128 || type == 129;
    }

    /** The sum of a pseudo-header and {@code length} bytes of the transport. */
    int transportSum(int length) {
        int from = version == 4 ? 12 : 8;
        int to = version == 4 ? 20 : 40;
        int pseudoHeader = PlainSum.add(PlainSum.of(bytes, from, to), protocol);
        return PlainSum.add(
                PlainSum.add(pseudoHeader, length),
                PlainSum.of(bytes, transport, transport + length));
    }

    /** Of a packet without defects. */
    public boolean transportChecksumRight() {
        if (isFragment()) {
            return false;
        }
        return switch (protocol) {
            case IpProtocol.TCP -> transportSum(transportLength()) == 0xffff;
            case IpProtocol.UDP ->
                    u16(transport + 6) == 0 || transportSum(u16(transport + 4)) == 0xffff;
            case IpProtocol.ICMP ->
                    version == 6 || PlainSum.of(bytes, transport, bytes.length) == 0xffff;
            case IpProtocol.ICMPV6 -> version == 4 || transportSum(transportLength()) == 0xffff;
            default -> true;
        };
    }

    int u8(int at) {
        return bytes[at] & 0xff;
    }

    int u16(int at) {
        return u8(at) << 8 | u8(at + 1);
    }

    private boolean refused(Defect defect) {
        defects.add(defect);
        return false;
    }

    private boolean ipv4() {
        if (bytes.length < 20) return refused(Defect.TRUNCATED_HEADER);
        int header = 4 * (u8(0) & 0xf);
        if (header < 20) return refused(Defect.IHL_BELOW_FIVE);
        if (header > bytes.length) return refused(Defect.TRUNCATED_HEADER);
        if (PlainSum.of(bytes, 0, header) != 0xffff) defects.add(Defect.HEADER_CHECKSUM);
        int total = u16(2);
        if (quoted) {
            total = Math.min(bytes.length, Math.max(header, total));
        } else {
            if (total < header) return refused(Defect.TOTAL_LENGTH_BELOW_HEADER);
            if (total > bytes.length) return refused(Defect.LENGTH_BEYOND_END);
            if (!optionsFit(20, header)) defects.add(Defect.OPTION_LENGTH);
        }
        bytes = Arrays.copyOf(bytes, total);
        protocol = u8(9);
        transport = header;
        identification = u16(4);
        fragmentOffset = 8 * (u16(6) & 0x1fff);
        more = (u16(6) & 0x2000) != 0;
        return true;
    }

    /**
     * RFC 791 and RFC 9293 section 3.1 have the same: kind 0 ends, 1 pads, others have a length.
     */
    private boolean optionsFit(int from, int to) {
        for (int at = from; at < to && bytes[at] != 0; at += bytes[at] == 1 ? 1 : u8(at + 1)) {
            if (bytes[at] == 1) continue;
            if (at + 1 == to || u8(at + 1) < 2 || at + u8(at + 1) > to) return false;
        }
        return true;
    }

    private boolean ipv6() {
        if (bytes.length < 40) return refused(Defect.TRUNCATED_HEADER);
        int end = 40 + u16(4);
        if (end > bytes.length && !quoted) return refused(Defect.LENGTH_BEYOND_END);
        bytes = Arrays.copyOf(bytes, Math.min(end, bytes.length));
        protocol = u8(6);
        transport = 40;
        int headers = 0;
        while (EXTENSIONS.contains(protocol) && fragmentOffset == 0) {
            if (++headers > MOST_EXTENSIONS) return refused(Defect.TOO_MANY_EXTENSIONS);
            int room = bytes.length - transport;
            if (room < 8 || extensionLength() > room) {
                return refused(more ? Defect.FRAGMENT_TINY : Defect.EXTENSION_TRUNCATED);
            }
            extension(headers);
            int next = u8(transport);
            transport += extensionLength();
            protocol = next;
        }
        return true;
    }

    private int extensionLength() {
        return switch (protocol) {
            case FRAGMENT -> 8;
            case AUTHENTICATION -> 4 * (u8(transport + 1) + 2);
            default -> 8 * (u8(transport + 1) + 1);
        };
    }

    private void extension(int place) {
        switch (protocol) {
            case HOP_BY_HOP -> {
                if (place > 1) defects.add(Defect.HOP_BY_HOP_NOT_FIRST);
                ipv6Options();
            }
            case DESTINATION_OPTIONS -> ipv6Options();
            case ROUTING -> {
                if (u8(transport + 2) == 0) defects.add(Defect.ROUTING_TYPE_ZERO);
            }
            case FRAGMENT -> {
                if (fragmentHeader >= 0) {
                    defects.add(Defect.FRAGMENT_REPEATED);
                    return;
                }
                fragmentHeader = transport;
                fragmentOffset = u16(transport + 2) & ~7;
                more = (u16(transport + 2) & 1) != 0;
                identification = u16(transport + 4) << 16 | u16(transport + 6);
            }
            default -> {}
        }
    }

    /** RFC 8200 section 4.2. */
    private void ipv6Options() {
        int to = transport + extensionLength();
        int at = transport + 2;
        while (at < to) {
            if (++options > MOST_OPTIONS) defects.add(Defect.TOO_MANY_EXTENSIONS);
            if (bytes[at] != 0 && (at + 1 == to || at + 2 + u8(at + 1) > to)) {
                defects.add(Defect.EXTENSION_OPTION_LENGTH);
                return;
            }
            at += bytes[at] == 0 ? 1 : 2 + u8(at + 1);
        }
    }

    private void transportOrFragment() {
        if (!isFragment()) {
            transport();
            return;
        }
        int size = bytes.length - data();
        if (size == 0) defects.add(Defect.FRAGMENT_TINY);
        if (more && size % 8 != 0) defects.add(Defect.FRAGMENT_NOT_MULTIPLE_OF_8);
        int before = version == 4 ? transport : fragmentHeader - 40;
        if (before + fragmentOffset + size > LONGEST) defects.add(Defect.FRAGMENT_BEYOND_65535);
        if (fragmentOffset == 0) {
            firstFragment();
        } else if (protocol == IpProtocol.TCP && fragmentOffset == 8) {
            defects.add(Defect.FRAGMENT_TINY);
        }
    }

    private void transport() {
        int room = transportLength();
        if (protocol == IpProtocol.TCP) {
            ports = transport;
            if (room < 20) {
                defects.add(Defect.TCP_TRUNCATED);
                return;
            }
            int header = 4 * (u8(transport + 12) >>> 4);
            if (header < 20 || header > room) {
                defects.add(Defect.TCP_DATA_OFFSET);
            } else if (!optionsFit(transport + 20, transport + header)) {
                defects.add(Defect.TCP_OPTION_LENGTH);
            }
        } else if (protocol == IpProtocol.UDP) {
            ports = transport;
            if (room < 8) {
                defects.add(Defect.UDP_TRUNCATED);
                return;
            }
            if (u16(transport + 4) > room) defects.add(Defect.UDP_LENGTH);
            udp();
        } else if (isOwnIcmp()) {
            if (room < 8) defects.add(Defect.ICMP_TRUNCATED);
            if (isEcho()) ports = transport + 4;
        }
    }

    private void udp() {
        if (u16(transport + 4) < 8) defects.add(Defect.UDP_LENGTH);
        if (version == 6 && u16(transport + 6) == 0) defects.add(Defect.UDP6_CHECKSUM_ZERO);
    }

    /** RFC 1858 section 3, RFC 7112 section 5. */
    private void firstFragment() {
        int room = transportLength();
        int least =
                switch (protocol) {
                    case IpProtocol.TCP -> version == 4 ? 16 : 20;
                    case IpProtocol.UDP -> 8;
                    default -> isOwnIcmp() ? 8 : 0;
                };
        if (room < least) {
            defects.add(Defect.FRAGMENT_TINY);
        } else if (protocol == IpProtocol.TCP) {
            ports = transport;
            if (room >= 20 && u8(transport + 12) >>> 4 < 5) defects.add(Defect.TCP_DATA_OFFSET);
        } else if (protocol == IpProtocol.UDP) {
            ports = transport;
            udp();
        } else if (isEcho()) {
            ports = transport + 4;
        }
    }

    private void quotedTransport() {
        if (fragmentOffset > 0) return;
        boolean tcp = protocol == IpProtocol.TCP;
        boolean udp = protocol == IpProtocol.UDP;
        if (transportLength() < 8) {
            if (tcp) defects.add(Defect.TCP_TRUNCATED);
            if (udp) defects.add(Defect.UDP_TRUNCATED);
            if (isOwnIcmp()) defects.add(Defect.ICMP_TRUNCATED);
        } else if (tcp || udp) {
            ports = transport;
        } else if (isEcho()) {
            ports = transport + 4;
        }
    }
}
