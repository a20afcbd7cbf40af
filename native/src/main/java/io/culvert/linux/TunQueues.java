package io.culvert.linux;

import java.nio.ByteBuffer;

/**
 * A TUN device's queues, as {@link Rtnetlink} read them.
 *
 * @param multiple whether it may have more than one
 * @param open how many are open in some process; 0 for unknown, as a device of one queue does not
 *     tell
 * @param persistent whether it stays when the last one is closed
 */
public record TunQueues(boolean multiple, int open, boolean persistent) {
    /** From {@code linux/if_link.h}. */
    private static final int IFLA_TUN_PERSIST = 6;

    private static final int IFLA_TUN_MULTI_QUEUE = 7;
    private static final int IFLA_TUN_NUM_QUEUES = 8;

    /** Null where the device is of another kind. */
    static TunQueues decode(ByteBuffer bytes) {
        NetlinkAttributes information =
                NetlinkAttributes.read(bytes, Link.ATTRIBUTES).nested(Link.IFLA_LINKINFO);
        if (!information.string(Link.IFLA_INFO_KIND, "").equals("tun")) {
            return null;
        }
        NetlinkAttributes data = information.nested(Link.IFLA_INFO_DATA);
        return new TunQueues(
                data.u8(IFLA_TUN_MULTI_QUEUE, 0) != 0,
                data.u32(IFLA_TUN_NUM_QUEUES, 0),
                data.u8(IFLA_TUN_PERSIST, 0) != 0);
    }
}
