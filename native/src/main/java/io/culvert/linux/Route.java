package io.culvert.linux;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/**
 * Where packets to a prefix go.
 *
 * @param gateway of the destination's family; null where the prefix is reached directly
 * @param outInterface a device's index, 0 for none
 * @param table {@link #MAIN_TABLE} or another one, compared as unsigned
 */
public record Route(
        InetAddress destination,
        int prefixLength,
        InetAddress gateway,
        int outInterface,
        int table,
        Type type) {
    public static final int MAIN_TABLE = 254;
    public static final int LOCAL_TABLE = 255;

    /**
     * {@code struct rtmsg}: family, destination length, source length, TOS, table, protocol, scope,
     * type, flags.
     */
    private static final int FAMILY = 0;

    private static final int DESTINATION_LENGTH = 1;
    private static final int TABLE = 4;
    private static final int TYPE = 7;
    private static final int ATTRIBUTES = 12;

    private static final int RTA_DST = 1;
    private static final int RTA_OIF = 4;
    private static final int RTA_GATEWAY = 5;
    private static final int RTA_MULTIPATH = 9;
    private static final int RTA_TABLE = 15;

    /** {@code struct rtnexthop}: length (16 bits), flags, hops, interface. */
    private static final int HOP_INDEX = 4;

    private static final int HOP_ATTRIBUTES = 8;

    /** What an administrator made, in contrast to the kernel or a routing protocol. */
    private static final int RTPROT_STATIC = 4;

    /** How far away the destination is; IPv4 demands the one that fits. */
    private static final int RT_SCOPE_UNIVERSE = 0;

    private static final int RT_SCOPE_LINK = 253;
    private static final int RT_SCOPE_HOST = 254;

    /** What becomes of the packet. */
    public enum Type {
        UNICAST(1),
        LOCAL(2),
        BROADCAST(3),
        ANYCAST(4),
        MULTICAST(5),
        BLACKHOLE(6),
        UNREACHABLE(7),
        PROHIBIT(8),
        THROW(9),
        /** A type that this list lacks; only read. */
        OTHER(0);

        /** {@code RTN_...} of {@code linux/rtnetlink.h}. */
        private final int number;

        Type(int number) {
            this.number = number;
        }

        private static Type of(int number) {
            for (Type type : values()) {
                if (type.number == number) {
                    return type;
                }
            }
            return OTHER;
        }
    }

    public Route {
        LinkAddress.requirePrefix(destination, prefixLength);
        Objects.requireNonNull(type, "type");
        if (gateway != null && gateway.getClass() != destination.getClass()) {
            throw new IllegalArgumentException("gateway of another address family: " + gateway);
        }
    }

    /** A prefix that is reached directly through a device, in the main table. */
    public static Route through(InetAddress destination, int prefixLength, int outInterface) {
        return new Route(destination, prefixLength, null, outInterface, MAIN_TABLE, Type.UNICAST);
    }

    public Route via(InetAddress gateway) {
        return new Route(destination, prefixLength, gateway, outInterface, table, type);
    }

    public Route in(int table) {
        return new Route(destination, prefixLength, gateway, outInterface, table, type);
    }

    public Route as(Type type) {
        return new Route(destination, prefixLength, gateway, outInterface, table, type);
    }

    /** As ip-route(8) writes it. */
    @Override
    public String toString() {
        return (type == Type.UNICAST ? "" : type.name().toLowerCase(Locale.ROOT) + " ")
                + destination.getHostAddress()
                + "/"
                + prefixLength
                + (gateway == null ? "" : " via " + gateway.getHostAddress())
                + (table == MAIN_TABLE ? "" : " table " + Integer.toUnsignedString(table));
    }

    NetlinkMessage encode(NetlinkMessage message) {
        message.u8(LinkAddress.family(destination instanceof Inet6Address))
                .u8(prefixLength)
                .u8(0)
                .u8(0)
                .u8(0)
                .u8(RTPROT_STATIC)
                .u8(scope())
                .u8(type.number)
                .u32(0)
                .attribute(RTA_DST, destination.getAddress())
                .attribute(RTA_TABLE, table);
        if (gateway != null) {
            message.attribute(RTA_GATEWAY, gateway.getAddress());
        }
        if (outInterface != 0) {
            message.attribute(RTA_OIF, outInterface);
        }
        return message;
    }

    /** One, or as many as there are next hops. */
    static List<Route> decode(ByteBuffer bytes) {
        NetlinkAttributes attributes = NetlinkAttributes.read(bytes, ATTRIBUTES);
        boolean ipv6 = bytes.get(FAMILY) == LinkAddress.AF_INET6;
        Route route =
                new Route(
                        attributes.address(RTA_DST, LinkAddress.anyAddress(ipv6)),
                        Byte.toUnsignedInt(bytes.get(DESTINATION_LENGTH)),
                        attributes.address(RTA_GATEWAY, null),
                        attributes.u32(RTA_OIF, 0),
                        table(bytes, attributes),
                        Type.of(bytes.get(TYPE)));
        if (!attributes.has(RTA_MULTIPATH)) {
            return List.of(route);
        }
        List<Route> routes = new ArrayList<>();
        ByteBuffer hops = attributes.buffer(RTA_MULTIPATH);
        int at = 0;
        while (at + HOP_ATTRIBUTES <= hops.limit()) {
            int length = Short.toUnsignedInt(hops.getShort(at));
            if (length < HOP_ATTRIBUTES || at + length > hops.limit()) {
                break;
            }
            ByteBuffer hop = hops.slice(at, length).order(hops.order());
            routes.add(
                    route.by(
                            NetlinkAttributes.read(hop, HOP_ATTRIBUTES).address(RTA_GATEWAY, null),
                            hop.getInt(HOP_INDEX)));
            at += length + Integer.BYTES - 1 & -Integer.BYTES;
        }
        return routes;
    }

    private static int table(ByteBuffer bytes, NetlinkAttributes attributes) {
        return attributes.u32(RTA_TABLE, Byte.toUnsignedInt(bytes.get(TABLE)));
    }

    private Route by(InetAddress gateway, int outInterface) {
        return new Route(destination, prefixLength, gateway, outInterface, table, type);
    }

    /** What a change of routes is about; its interface is 0 where there are several next hops. */
    static NetworkChange change(ByteBuffer bytes, boolean gone) {
        NetlinkAttributes attributes = NetlinkAttributes.read(bytes, ATTRIBUTES);
        return new NetworkChange(
                NetworkChange.Kind.ROUTE,
                gone,
                "",
                attributes.u32(RTA_OIF, 0),
                table(bytes, attributes));
    }

    private int scope() {
        return switch (type) {
            case LOCAL -> RT_SCOPE_HOST;
            case UNICAST -> gateway == null ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE;
            case BROADCAST, ANYCAST, MULTICAST -> RT_SCOPE_LINK;
            default -> RT_SCOPE_UNIVERSE;
        };
    }
}
