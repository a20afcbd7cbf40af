package io.culvert.linux;

import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;

/** An address of a device, and the length of the prefix that is reached there. */
public record LinkAddress(InetAddress address, int prefixLength) {
    static final int AF_INET = 2;
    static final int AF_INET6 = 10;

    /** {@code struct ifaddrmsg}: family, prefix length, flags, scope, index. */
    private static final int PREFIX_LENGTH = 1;

    private static final int INDEX = 4;
    private static final int ATTRIBUTES = 8;

    private static final int IFA_ADDRESS = 1;
    private static final int IFA_LOCAL = 2;
    private static final int IFA_F_NODAD = 2;

    public LinkAddress {
        requirePrefix(address, prefixLength);
    }

    @Override
    public String toString() {
        return address.getHostAddress() + "/" + prefixLength;
    }

    NetlinkMessage encode(NetlinkMessage message, int index) {
        boolean ipv6 = address instanceof Inet6Address;
        return message.u8(family(ipv6))
                .u8(prefixLength)
                .u8(ipv6 ? IFA_F_NODAD : 0)
                .u8(0)
                .u32(index)
                .attribute(IFA_LOCAL, address.getAddress())
                .attribute(IFA_ADDRESS, address.getAddress());
    }

    /** Null where it is another device's. */
    static LinkAddress decode(ByteBuffer bytes, int index) {
        if (bytes.getInt(INDEX) != index) {
            return null;
        }
        NetlinkAttributes attributes = NetlinkAttributes.read(bytes, ATTRIBUTES);
        // IFA_ADDRESS is the far end's on a point-to-point device; IPv6 may lack IFA_LOCAL.
        InetAddress address = attributes.address(IFA_LOCAL, attributes.address(IFA_ADDRESS, null));
        return address == null
                ? null
                : new LinkAddress(address, Byte.toUnsignedInt(bytes.get(PREFIX_LENGTH)));
    }

    static int family(boolean ipv6) {
        return ipv6 ? AF_INET6 : AF_INET;
    }

    /** 0.0.0.0 or ::. */
    static InetAddress anyAddress(boolean ipv6) {
        try {
            return InetAddress.getByAddress(new byte[ipv6 ? 16 : 4]);
        } catch (UnknownHostException e) {
            throw new AssertionError("4 and 16 bytes are addresses", e);
        }
    }

    static void requirePrefix(InetAddress address, int prefixLength) {
        int longest = address instanceof Inet4Address ? 32 : 128;
        if (prefixLength < 0 || prefixLength > longest) {
            throw new IllegalArgumentException(
                    "prefix length " + prefixLength + " of " + address.getHostAddress());
        }
    }
}
