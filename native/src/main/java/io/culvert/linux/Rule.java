package io.culvert.linux;

import java.nio.ByteBuffer;

/**
 * Which table routes what arrives on an interface (ip-rule(8)).
 *
 * @param priority the lower, the earlier
 * @param inputInterface a device's name, which need not exist yet; null for every packet
 * @param table compared as unsigned
 */
public record Rule(boolean ipv6, int priority, String inputInterface, int table) {
    /**
     * {@code struct fib_rule_hdr}: family, destination length, source length, TOS, table, two
     * reserved, action, flags.
     */
    private static final int TABLE = 4;

    private static final int ACTION = 7;
    private static final int ATTRIBUTES = 12;

    private static final int FR_ACT_TO_TBL = 1;
    private static final int FRA_IIFNAME = 3;
    private static final int FRA_PRIORITY = 6;
    private static final int FRA_TABLE = 15;

    /** As ip-rule(8) writes it. */
    @Override
    public String toString() {
        return priority
                + ": from all"
                + (inputInterface == null ? "" : " iif " + inputInterface)
                + " lookup "
                + Integer.toUnsignedString(table)
                + (ipv6 ? " (IPv6)" : " (IPv4)");
    }

    NetlinkMessage encode(NetlinkMessage message) {
        message.u8(LinkAddress.family(ipv6)).u8(0).u16(0).u8(0).u16(0).u8(FR_ACT_TO_TBL).u32(0);
        message.attribute(FRA_PRIORITY, priority).attribute(FRA_TABLE, table);
        return inputInterface == null ? message : message.attribute(FRA_IIFNAME, inputInterface);
    }

    /** Null where the rule leads to no table. */
    static Rule decode(ByteBuffer bytes, boolean ipv6) {
        if (bytes.get(ACTION) != FR_ACT_TO_TBL) {
            return null;
        }
        NetlinkAttributes attributes = NetlinkAttributes.read(bytes, ATTRIBUTES);
        return new Rule(
                ipv6,
                attributes.u32(FRA_PRIORITY, 0),
                attributes.string(FRA_IIFNAME, null),
                attributes.u32(FRA_TABLE, Byte.toUnsignedInt(bytes.get(TABLE))));
    }
}
