package io.culvert.e2e;

import java.net.InetAddress;
import java.nio.ByteBuffer;

/**
 * A packet that is sent again and again with something else in it: fields change and the checksums
 * stay true (RFC 1624 equation 3). Without options and extension headers.
 */
final class Template {
    private static final int ICMP = 1;
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int ICMPV6 = 58;
    private static final int NONE = -1;

    private final byte[] bytes;
    private final ByteBuffer view;
    private final boolean ipv6;
    private final int header;
    private final int checksum;
    private final boolean pseudoHeader;
    private final boolean udp;

    Template(byte[] packet) {
        bytes = packet.clone();
        view = ByteBuffer.wrap(bytes);
        ipv6 = bytes[0] >> 4 == 6;
        header = ipv6 ? 40 : 20;
        int protocol = bytes[ipv6 ? 6 : 9] & 0xff;
        boolean fragment = !ipv6 && (view.getShort(6) & 0x3fff) != 0;
        int at =
                switch (protocol) {
                    case TCP -> 16;
                    case UDP -> 6;
                    case ICMP, ICMPV6 -> 2;
                    default -> NONE;
                };
        checksum = fragment || at == NONE || header + at + 2 > bytes.length ? NONE : header + at;
        pseudoHeader = protocol != ICMP;
        udp = protocol == UDP;
    }

    /** The packet as it is now; the same array each time. */
    byte[] bytes() {
        return bytes;
    }

    /** Octets of the IP header. */
    int header() {
        return header;
    }

    /** Sets 16 bits at an even place. */
    Template set(int at, int value) {
        int before = view.getShort(at) & 0xffff;
        int after = value & 0xffff;
        view.putShort(at, (short) after);
        boolean address = at >= (ipv6 ? 8 : 12) && at < header;
        if (!ipv6 && at < header) {
            adjust(10, before, after);
        }
        if (checksum != NONE && (at >= header || (address && pseudoHeader))) {
            adjust(checksum, before, after);
        }
        return this;
    }

    Template setInt(int at, int value) {
        return set(at, value >>> 16).set(at + 2, value);
    }

    private void adjust(int at, int before, int after) {
        int sum = (~view.getShort(at) & 0xffff) + (~before & 0xffff) + after;
        sum = (sum & 0xffff) + (sum >>> 16);
        sum = (sum & 0xffff) + (sum >>> 16);
        int result = ~sum & 0xffff;
        // RFC 768: none would be there.
        view.putShort(at, (short) (udp && at == checksum && result == 0 ? 0xffff : result));
    }

    Template source(InetAddress address) {
        return address(ipv6 ? 8 : 12, address.getAddress());
    }

    Template destination(InetAddress address) {
        return address(ipv6 ? 24 : 16, address.getAddress());
    }

    private Template address(int at, byte[] octets) {
        ByteBuffer address = ByteBuffer.wrap(octets);
        for (int i = 0; i < octets.length; i += 2) {
            set(at + i, address.getShort(i));
        }
        return this;
    }

    /** An address of 32 random bits, of IPv6 its last ones. */
    Template sourceSuffix(int value) {
        return setInt(ipv6 ? 20 : 12, value);
    }

    Template sourcePort(int port) {
        return set(header, port);
    }

    Template destinationPort(int port) {
        return set(header + 2, port);
    }

    /** Of IPv4; of IPv6 there is none. */
    Template identification(int value) {
        return ipv6 ? this : set(4, value);
    }
}
