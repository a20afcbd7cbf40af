package io.culvert.linux;

import java.nio.ByteBuffer;
import java.util.Objects;

/**
 * Which table routes what arrives on an interface, or that nothing does (ip-rule(8)).
 *
 * @param priority the lower, the earlier
 * @param inputInterface a device's name, which need not exist yet; null for every packet
 * @param table compared as unsigned; of a rule that leads to none, a number that tells it from
 *     others
 * @param protocol who made it, from 0 to 255, by which rules of one program are told from those of
 *     another (Linux 4.17); 0 for nobody in particular, 2 for the kernel
 */
public record Rule(
        boolean ipv6, int priority, String inputInterface, int table, Action action, int protocol) {
    /** Of the rules that are there in the beginning. */
    public static final int KERNEL = 2;

    /**
     * {@code struct fib_rule_hdr}: family, destination length, source length, TOS, table, two
     * reserved, action, flags.
     */
    private static final int TABLE = 4;

    private static final int ACTION = 7;
    private static final int ATTRIBUTES = 12;

    private static final int FRA_IIFNAME = 3;
    private static final int FRA_PRIORITY = 6;
    private static final int FRA_TABLE = 15;
    private static final int FRA_PROTOCOL = 21;

    /** What becomes of the packet. */
    public enum Action {
        /** The table says; where it does not, the next rule does. */
        LOOKUP(1),
        /** It is dropped, and nobody hears of it. */
        BLACKHOLE(6);

        /** {@code FR_ACT_...} of {@code linux/fib_rules.h}. */
        private final int number;

        Action(int number) {
            this.number = number;
        }

        /** Null for one that this list lacks. */
        private static Action of(int number) {
            for (Action action : values()) {
                if (action.number == number) {
                    return action;
                }
            }
            return null;
        }
    }

    public Rule {
        Objects.requireNonNull(action, "action");
    }

    /** A rule of nobody in particular that leads to a table. */
    public Rule(boolean ipv6, int priority, String inputInterface, int table) {
        this(ipv6, priority, inputInterface, table, Action.LOOKUP, 0);
    }

    /** As ip-rule(8) writes it. */
    @Override
    public String toString() {
        return priority
                + ": from all"
                + (inputInterface == null ? "" : " iif " + inputInterface)
                + (action == Action.LOOKUP
                        ? " lookup " + Integer.toUnsignedString(table)
                        : " blackhole")
                + (ipv6 ? " (IPv6)" : " (IPv4)");
    }

    NetlinkMessage encode(NetlinkMessage message) {
        message.u8(LinkAddress.family(ipv6)).u8(0).u16(0).u8(0).u16(0).u8(action.number).u32(0);
        message.attribute(FRA_PRIORITY, priority).attribute(FRA_TABLE, table);
        if (protocol != 0) {
            message.attribute(FRA_PROTOCOL, new byte[] {(byte) protocol});
        }
        return inputInterface == null ? message : message.attribute(FRA_IIFNAME, inputInterface);
    }

    /** Null where the rule does something else. */
    static Rule decode(ByteBuffer bytes, boolean ipv6) {
        Action action = Action.of(bytes.get(ACTION));
        if (action == null) {
            return null;
        }
        NetlinkAttributes attributes = NetlinkAttributes.read(bytes, ATTRIBUTES);
        return new Rule(
                ipv6,
                attributes.u32(FRA_PRIORITY, 0),
                attributes.string(FRA_IIFNAME, null),
                table(bytes, attributes),
                action,
                attributes.u8(FRA_PROTOCOL, 0));
    }

    static int table(ByteBuffer bytes, NetlinkAttributes attributes) {
        return attributes.u32(FRA_TABLE, Byte.toUnsignedInt(bytes.get(TABLE)));
    }

    /** What a change of rules is about. */
    static NetworkChange change(ByteBuffer bytes, boolean gone) {
        NetlinkAttributes attributes = NetlinkAttributes.read(bytes, ATTRIBUTES);
        return new NetworkChange(
                NetworkChange.Kind.RULE,
                gone,
                attributes.string(FRA_IIFNAME, ""),
                0,
                table(bytes, attributes));
    }
}
