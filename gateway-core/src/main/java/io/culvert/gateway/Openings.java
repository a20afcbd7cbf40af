package io.culvert.gateway;

import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowTable;
import io.culvert.flow.NanoClock;
import io.culvert.flow.TcpTracker;
import io.culvert.flow.Tenant;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;
import io.culvert.wire.TcpHeader;

/**
 * Which packets may open a flow, whatever the policy says.
 *
 * <p>Confined to one worker.
 */
final class Openings {
    /**
     * A SYN is kept until its dial has succeeded, and thousands may be. RFC 7413 section 4.2: one
     * with data that is lost comes again without.
     */
    private static final int LONGEST_HELD_SYN = 4096;

    private static final int OPENING_FLAGS =
            TcpHeader.SYN | TcpHeader.ACK | TcpHeader.RST | TcpHeader.FIN;

    private final FlowTable table;
    private final NanoClock clock;
    private boolean midStream;
    private int manyHalfOpen;
    private boolean draining;

    /**
     * @param midStream whether a TCP connection may be forwarded whose beginning was not seen
     * @param manyHalfOpen of one tenant's: from so many on sources have to be proven
     */
    Openings(FlowTable table, NanoClock clock, boolean midStream, int manyHalfOpen) {
        this.table = table;
        this.clock = clock;
        this.midStream = midStream;
        this.manyHalfOpen = manyHalfOpen;
    }

    /** From now on these apply. */
    void limits(boolean midStream, int manyHalfOpen) {
        this.midStream = midStream;
        this.manyHalfOpen = manyHalfOpen;
    }

    /** From now on nothing may. */
    void drain() {
        draining = true;
    }

    /** Why this packet cannot open a flow of that decision; {@code null} where it can. */
    Reason obstacle(IpPacket ip, FlowDecision decision) {
        return decision instanceof FlowDecision.Upgrade
                ? obstacleToUpgrade(ip)
                : obstacleToForwarding(ip);
    }

    /** Why this packet cannot open a forwarded flow; {@code null} where it can. */
    Reason obstacleToForwarding(IpPacket ip) {
        if (draining) {
            return Reason.SHUTDOWN;
        }
        if (ip.timeToLive() <= 1) {
            return Reason.TIME_EXCEEDED;
        }
        boolean opens =
                ip.tcp() != null
                        ? TcpTracker.opens(ip.tcp(), midStream)
                        // RFC 5508 section 3: answers belong to a query.
                        : ip.icmp() == null || ip.icmp().isRequest();
        return opens ? null : Reason.NO_FLOW;
    }

    /** Why this packet cannot open an upgraded flow; {@code null} where it can. */
    Reason obstacleToUpgrade(IpPacket ip) {
        if (draining) {
            return Reason.SHUTDOWN;
        }
        Reason obstacle = Delivery.obstacleToUpgrade(ip);
        if (obstacle != null) {
            return obstacle;
        }
        if (ip.protocol() == IpProtocol.TCP && ip.length() > LONGEST_HELD_SYN) {
            return Reason.SYN_TOO_LONG;
        }
        boolean opens =
                switch (ip.protocol()) {
                    case IpProtocol.TCP -> isSyn(ip);
                    case IpProtocol.UDP -> true;
                    // Neither is anything in the other's version of IP.
                    case IpProtocol.ICMP, IpProtocol.ICMPV6 ->
                            ip.icmp() != null && ip.icmp().isEchoRequest();
                    default -> false;
                };
        return opens ? null : Reason.NO_FLOW;
    }

    /**
     * Why a connection that the host's kernel has accepted cannot open a flow of that decision;
     * {@code null} where it can.
     */
    Reason obstacleToConnection(FlowDecision decision) {
        if (draining) {
            return Reason.SHUTDOWN;
        }
        return decision instanceof FlowDecision.Upgrade upgrade && !Upgraders.isDowngraded(upgrade)
                ? null
                : Reason.NO_PACKETS;
    }

    /**
     * Whether a packet is a SYN that looks like one of a flood: many connections of the tenant are
     * half open, and its source has not shown that it exists. (pf begins to answer SYNs itself
     * where a quarter of its states are half open, for the same reason.)
     */
    boolean isDoubtful(IpPacket ip, FlowKey key, Tenant tenant) {
        return tenant.halfOpen() >= manyHalfOpen
                && isSyn(ip)
                && !table.sources().areProven(key, clock.nanoTime());
    }

    /** What to ask the sender of a doubtful SYN. */
    int challenge(FlowKey key) {
        return table.sources().challenge(key, clock.nanoTime());
    }

    /** Whether a packet of no flow is the answer to a challenge. */
    boolean answersChallenge(IpPacket ip, FlowKey key) {
        return ip.tcp() != null
                && ip.tcp().rst()
                && table.sources().answered(key, ip.tcp().sequenceNumber(), clock.nanoTime());
    }

    private static boolean isSyn(IpPacket ip) {
        return ip.tcp() != null && (ip.tcp().flags() & OPENING_FLAGS) == TcpHeader.SYN;
    }
}
