package io.culvert.upgrade;

import io.culvert.flow.Flow;
import io.culvert.flow.PacketCounters;
import io.culvert.hook.Reason;
import io.culvert.wire.Ipv4Header;
import io.culvert.wire.Ipv6Header;

/**
 * What a flow's {@linkplain io.culvert.flow.Throttle throttle} does to packets that a target sends
 * by a socket of ours. Those of initiators, and of targets in tunnels, are asked for where they
 * come in.
 */
final class Withheld {
    private Withheld() {}

    /**
     * Whether they do not go out; they are counted then. Called on the worker that owns the flow.
     *
     * @param bytes in all of their IP lengths
     */
    static boolean is(Flow flow, int packets, int bytes, long nowNanos, PacketCounters counters) {
        if (flow.throttle() == null) {
            return false;
        }
        Reason reason = flow.throttle().pass(packets, bytes, nowNanos);
        if (reason != null) {
            counters.withheld(reason, packets);
        }
        return reason != null;
    }

    /** Of the IP header that a packet to the flow's initiator will have. */
    static int headerLength(Flow flow) {
        return flow.key().isIpv6() ? Ipv6Header.LENGTH : Ipv4Header.MINIMUM_LENGTH;
    }
}
