package io.culvert.gateway;

import io.culvert.flow.Direction;
import io.culvert.flow.Flow;
import io.culvert.flow.FlowTable;
import io.culvert.flow.NanoClock;
import io.culvert.flow.PacketCounters;
import io.culvert.gateway.forward.DevicePort;
import io.culvert.gateway.forward.ForwardedFlow;
import io.culvert.gateway.forward.Port;
import io.culvert.gateway.forward.TunnelPort;
import io.culvert.hook.Reason;
import io.culvert.tun.Packet;
import io.culvert.upgrade.DowngradedPath;
import io.culvert.upgrade.PacketPath;
import io.culvert.wire.IpPacket;

/**
 * Gives packets and errors of known flows to their paths, or to the worker that owns them.
 *
 * <p>Confined to one worker.
 */
final class Delivery {
    private final int worker;
    private final FlowTable table;
    private final NanoClock clock;
    private final PacketCounters counters;
    private final Refusals refusals;
    private final HandOver handOver;

    /** Gives a packet to the worker that owns its flow; false where that one has no room. */
    @FunctionalInterface
    interface HandOver {
        boolean offer(int worker, Port port, Packet packet);
    }

    Delivery(
            int worker,
            FlowTable table,
            NanoClock clock,
            PacketCounters counters,
            Refusals refusals,
            HandOver handOver) {
        this.worker = worker;
        this.table = table;
        this.clock = clock;
        this.counters = counters;
        this.refusals = refusals;
        this.handOver = handOver;
    }

    /**
     * Takes a packet of that side of the flow, and counts what becomes of it.
     *
     * @return whether the flow took it; if not, the flow is over and the packet is the first of
     *     another
     */
    boolean packet(Flow flow, Direction from, Port port, IpPacket ip, Packet packet) {
        if (flow.worker() != worker) {
            handOver(flow.worker(), port, packet);
            return true;
        }
        if (flow.path() instanceof ForwardedFlow forwarded) {
            if (isElsewhere(forwarded, from, port)) {
                refusals.drop(packet, Reason.WRONG_SIDE);
                return true;
            }
            if (ip.hasSegmentsLeft() && forwarded.isTranslated()) {
                // From outside none comes so far, so this is a tunnel's.
                refusals.refuse((TunnelPort) port, ip, packet, Reason.SEGMENTS_LEFT);
                return true;
            }
            return isThrottled(flow, ip, packet) || forwarded.carry(from, ip, packet);
        }
        return upgraded(flow, from, (TunnelPort) port, ip, packet);
    }

    /** Whether a rate has the packet dropped; a reset passes, which is never sent again. */
    private boolean isThrottled(Flow flow, IpPacket ip, Packet packet) {
        if (flow.throttle() == null || (ip.tcp() != null && ip.tcp().rst())) {
            return false;
        }
        Reason reason = flow.throttle().pass(packet.packets(), ip.length(), clock.nanoTime());
        if (reason != null) {
            refusals.drop(packet, reason);
        }
        return reason != null;
    }

    /**
     * Whether that side of a flow is behind a device while the packet came from a tunnel, or the
     * reverse: it is forged then, and not in the terms that the flow's packets have there.
     */
    private static boolean isElsewhere(ForwardedFlow flow, Direction side, Port port) {
        return flow.isOutside(side) != (port instanceof DevicePort);
    }

    private boolean upgraded(
            Flow flow, Direction from, TunnelPort port, IpPacket ip, Packet packet) {
        // As for the first one: RFC 1812 section 5.3.1. mtr sends such again and again.
        Reason obstacle = obstacleToUpgrade(ip);
        if (obstacle != null) {
            refusals.refuse(port, ip, packet, obstacle);
            return true;
        }
        if (isThrottled(flow, ip, packet)) {
            return true;
        }
        flow.count(from, packet.packets(), ip.length(), clock.nanoTime());
        boolean taken =
                from == Direction.FROM_INITIATOR
                        ? ((PacketPath) flow.path()).packet(ip, packet)
                        : ((DowngradedPath) flow.path()).fromTarget(ip, packet);
        if (!taken) {
            return false;
        }
        table.seen(flow);
        return true;
    }

    /** Why no packet of an upgraded flow may be so; {@code null} where it may. */
    static Reason obstacleToUpgrade(IpPacket ip) {
        // RFC 1812 section 5.3.1: we are a hop.
        if (ip.timeToLive() <= 1) {
            return Reason.TIME_EXCEEDED;
        }
        // We are the destination too: RFC 8200 sections 4.2 and 4.4.
        if (ip.hasObjectionableOption()) {
            return Reason.UNKNOWN_OPTION;
        }
        return ip.hasSegmentsLeft() ? Reason.SEGMENTS_LEFT : null;
    }

    void handOver(int owner, Port port, Packet packet) {
        if (!handOver.offer(owner, port, packet)) {
            refusals.drop(packet, Reason.QUEUE_FULL);
        }
    }

    /**
     * Takes an ICMP error about a packet of the flow, and counts what becomes of it.
     *
     * @param flow may be {@code null}
     * @param of which side sent what the error quotes
     */
    void error(Flow flow, Direction of, Port port, IpPacket error, IpPacket quoted, Packet packet) {
        if (flow != null && flow.worker() != worker) {
            handOver(flow.worker(), port, packet);
            return;
        }
        boolean meant;
        if (flow != null && flow.path() instanceof ForwardedFlow forwarded) {
            if (isElsewhere(forwarded, of.opposite(), port)) {
                refusals.drop(packet, Reason.WRONG_SIDE);
                return;
            }
            // Counts it itself.
            if (forwarded.error(of, error, quoted, packet)) {
                return;
            }
            meant = false;
        } else if (flow != null && of == Direction.FROM_INITIATOR) {
            meant = ((DowngradedPath) flow.path()).errorFromTarget(error, quoted, packet);
        } else {
            meant = flow != null && ((PacketPath) flow.path()).error(error, quoted, packet);
        }
        if (meant) {
            counters.carried(packet.packets());
        } else {
            refusals.drop(packet, Reason.UNMATCHED_ERROR);
        }
    }
}
