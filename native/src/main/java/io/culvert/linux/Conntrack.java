package io.culvert.linux;

import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Set;

/**
 * The connections that the kernel tracks, in the network namespace of the thread that made this
 * object. Thread-safe; no program is run.
 */
public final class Conntrack implements AutoCloseable {
    private static final int NETLINK_NETFILTER = 12;
    private static final int NFNL_SUBSYS_CTNETLINK = 1;

    /** From {@code linux/netfilter/nfnetlink_conntrack.h}. */
    private static final int GET = 1, DELETE = 2;

    private static final int CTA_TUPLE_ORIG = 1, CTA_TUPLE_REPLY = 2, CTA_ZONE = 18;
    private static final int CTA_TUPLE_IP = 1;
    private static final int CTA_IP_V4_SRC = 1, CTA_IP_V4_DST = 2;
    private static final int CTA_IP_V6_SRC = 3, CTA_IP_V6_DST = 4;
    private static final List<Integer> ADDRESSES =
            List.of(CTA_IP_V4_SRC, CTA_IP_V4_DST, CTA_IP_V6_SRC, CTA_IP_V6_DST);

    /** {@code struct nfgenmsg}: family, version, resource. */
    private static final int ATTRIBUTES = 4;

    private final NetlinkSocket socket;

    /** What a connection is deleted by. */
    private record Connection(int family, NetlinkAttributes attributes) {}

    /** Speaks of the calling thread's network namespace, for good. */
    public Conntrack() throws SyscallException {
        socket = new NetlinkSocket(NETLINK_NETFILTER);
    }

    /**
     * Forgets every connection that one of these addresses has a part in, before or after
     * translation. Answers how many there were.
     */
    public int forget(Set<InetAddress> addresses) throws SyscallException {
        List<Connection> connections =
                socket.ask(
                        message(0, GET, NetlinkMessage.NLM_F_DUMP),
                        bytes -> connectionOf(bytes, addresses),
                        () -> "list tracked connections");
        for (Connection each : connections) {
            forget(each);
        }
        return connections.size();
    }

    private void forget(Connection connection) throws SyscallException {
        NetlinkMessage message =
                message(connection.family, DELETE, 0)
                        .attribute(
                                CTA_TUPLE_ORIG | NetlinkMessage.NLA_F_NESTED,
                                connection.attributes.bytes(CTA_TUPLE_ORIG));
        if (connection.attributes.has(CTA_ZONE)) {
            message.attribute(CTA_ZONE, connection.attributes.bytes(CTA_ZONE));
        }
        try {
            socket.ask(message, _ -> null, () -> "delete a tracked connection");
        } catch (SyscallException e) {
            // It may have ended by itself meanwhile.
            if (e.errno() != Errno.ENOENT) {
                throw e;
            }
        }
    }

    /** Null where none of the addresses has a part in it. */
    private static Connection connectionOf(ByteBuffer bytes, Set<InetAddress> addresses) {
        NetlinkAttributes attributes = NetlinkAttributes.read(bytes, ATTRIBUTES);
        return has(attributes, CTA_TUPLE_ORIG, addresses)
                        || has(attributes, CTA_TUPLE_REPLY, addresses)
                ? new Connection(bytes.get(0), attributes)
                : null;
    }

    private static boolean has(
            NetlinkAttributes attributes, int tuple, Set<InetAddress> addresses) {
        NetlinkAttributes ip = attributes.nested(tuple).nested(CTA_TUPLE_IP);
        return ADDRESSES.stream()
                .anyMatch(
                        type -> {
                            InetAddress address = ip.address(type, null);
                            return address != null && addresses.contains(address);
                        });
    }

    private static NetlinkMessage message(int family, int type, int flags) {
        return new NetlinkMessage(NFNL_SUBSYS_CTNETLINK << 8 | type, flags).u8(family).u8(0).u16(0);
    }

    @Override
    public void close() {
        socket.close();
    }
}
