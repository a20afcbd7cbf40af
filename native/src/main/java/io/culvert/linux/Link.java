package io.culvert.linux;

import java.nio.ByteBuffer;

/**
 * A network device, as {@link Rtnetlink} read it.
 *
 * @param mtu the longest packet, in bytes
 * @param txQueueLength packets
 * @param kind such as {@code tun} or {@code veth}; empty where it has none, as {@code lo}
 */
public record Link(int index, String name, int mtu, int txQueueLength, boolean up, String kind) {
    /** {@code struct ifinfomsg}: family, padding, type, index, flags, change. */
    static final int ATTRIBUTES = 16;

    private static final int INDEX = 4;
    private static final int FLAGS = 8;
    private static final int IFF_UP = 1;

    static final int IFLA_IFNAME = 3;
    static final int IFLA_LINKINFO = 18;
    static final int IFLA_INFO_KIND = 1;
    static final int IFLA_INFO_DATA = 2;
    private static final int IFLA_MTU = 4;
    private static final int IFLA_TXQLEN = 13;
    private static final int IFLA_CARRIER = 33;

    static Link decode(ByteBuffer bytes) {
        NetlinkAttributes attributes = NetlinkAttributes.read(bytes, ATTRIBUTES);
        return new Link(
                bytes.getInt(INDEX),
                attributes.string(IFLA_IFNAME, ""),
                attributes.u32(IFLA_MTU, 0),
                attributes.u32(IFLA_TXQLEN, 0),
                (bytes.getInt(FLAGS) & IFF_UP) != 0,
                attributes.nested(IFLA_LINKINFO).string(IFLA_INFO_KIND, ""));
    }

    static boolean decodeCarrier(ByteBuffer bytes) {
        return NetlinkAttributes.read(bytes, ATTRIBUTES).u8(IFLA_CARRIER, 0) != 0;
    }

    /** What a change of devices is about. */
    static NetworkChange change(ByteBuffer bytes, boolean gone) {
        NetlinkAttributes attributes = NetlinkAttributes.read(bytes, ATTRIBUTES);
        return new NetworkChange(
                NetworkChange.Kind.LINK,
                gone,
                attributes.string(IFLA_IFNAME, ""),
                bytes.getInt(INDEX),
                0);
    }
}
