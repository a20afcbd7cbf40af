package io.culvert.hook;

import java.util.Objects;

/**
 * Whose flow it is, and between whom.
 *
 * @param tenant the name of whose it is
 * @param tunnel which it came in by
 * @param protocol IP protocol number (IANA), such as 6 for TCP
 * @param initiator who sent the first packet
 * @param target whom that packet is for
 * @param context what the tunnel's hooks added, and those of the flow so far
 */
public record FlowInfo(
        String tenant,
        TunnelInfo tunnel,
        int protocol,
        Endpoint initiator,
        Endpoint target,
        Context context) {
    /** Transmission Control Protocol. */
    public static final int TCP = 6;

    /** User Datagram Protocol. */
    public static final int UDP = 17;

    /** Internet Control Message Protocol. */
    public static final int ICMP = 1;

    /** Internet Control Message Protocol for IPv6. */
    public static final int ICMPV6 = 58;

    /**
     * Made by the gateway, and by tests of plugins.
     *
     * @throws NullPointerException if any part is {@code null}
     */
    public FlowInfo {
        Objects.requireNonNull(tenant);
        Objects.requireNonNull(tunnel);
        Objects.requireNonNull(initiator);
        Objects.requireNonNull(target);
        Objects.requireNonNull(context);
    }

    /**
     * The same with more known of it.
     *
     * @param more counts where both have a value of a class
     * @return a new one; this is as it was
     */
    public FlowInfo with(Context more) {
        return new FlowInfo(tenant, tunnel, protocol, initiator, target, context.with(more));
    }
}
