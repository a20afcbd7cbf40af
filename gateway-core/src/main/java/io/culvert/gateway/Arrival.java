package io.culvert.gateway;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowTable;
import io.culvert.gateway.forward.Port;
import io.culvert.gateway.forward.TunnelPort;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.wire.IcmpHeader;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpPacket;

/** Questions that are asked of a packet wherever it came in. */
final class Arrival {
    private Arrival() {}

    static boolean isError(IpPacket ip) {
        return ip.icmp() != null && ip.icmp().isError();
    }

    static boolean isRequest(IpPacket ip) {
        return ip.icmp() != null && ip.icmp().isRequest();
    }

    static boolean isReply(IpPacket ip) {
        IcmpHeader icmp = ip.icmp();
        return icmp != null && icmp.isReply();
    }

    /** Why no packet with these addresses may come in there; {@code null} where it may. */
    static Reason objection(Port port, IpPacket ip) {
        // RFC 4942 section 2.2: on the wire these are nobody's, and here they would be an IPv4
        // flow's.
        if (ip.version() == 6
                && (IpAddress.isIpv4(ip.sourceHigh(), ip.sourceLow())
                        || IpAddress.isIpv4(ip.destinationHigh(), ip.destinationLow()))) {
            return Reason.NOT_UNICAST;
        }
        return port instanceof TunnelPort tunnel
                        && !tunnel.sources().contains(ip.sourceHigh(), ip.sourceLow())
                ? Reason.SOURCE_NOT_ALLOWED
                : null;
    }

    /** The live flow whose initiator sent a packet from a tunnel; {@code null} for none. */
    static Flow ofInitiator(FlowTable table, FlowKey key, IpPacket ip) {
        return isReply(ip) ? null : table.find(key);
    }

    /**
     * The live flow whose target sent a packet from a tunnel; {@code null} for none.
     *
     * @param key the packet's, turned round
     */
    static Flow ofTarget(FlowTable table, FlowKey key, IpPacket ip) {
        return isRequest(ip) ? null : withPackets(table.find(key));
    }

    /** Why a packet from a tunnel can open no flow for its addresses; {@code null} where it can. */
    static Reason unusableInTunnel(IpPacket ip) {
        Reason unusable = unusableAddress(ip);
        // A packet to oneself never crosses a link.
        return unusable == null
                        && ip.sourceLow() == ip.destinationLow()
                        && ip.sourceHigh() == ip.destinationHigh()
                ? Reason.MARTIAN
                : unusable;
    }

    /** Why no connection can be between these two ends; {@code null} where one can. */
    static Reason notOneHost(IpPacket ip) {
        return ip.isUnicast() ? null : Reason.NOT_UNICAST;
    }

    /** Why no flow can have one of these two ends; {@code null} where it can have both. */
    static Reason unusableAddress(IpPacket ip) {
        if (!ip.isUnicast()) {
            return Reason.NOT_UNICAST;
        }
        return isLocal(ip.sourceHigh(), ip.sourceLow())
                        || isLocal(ip.destinationHigh(), ip.destinationLow())
                ? Reason.MARTIAN
                : null;
    }

    /**
     * Loopback never crosses a link (RFC 1122 section 3.2.1.3 (g), RFC 4291 section 2.5.3), and no
     * router takes link-local addresses from one to another (RFC 3927 section 7, RFC 4291 section
     * 2.5.6).
     */
    private static boolean isLocal(long high, long low) {
        return IpAddress.isLoopback(high, low) || IpAddress.isLinkLocal(high, low);
    }

    /** The flow where it stays packets. */
    static Flow forwarded(Flow flow) {
        return flow != null && flow.decision() instanceof FlowDecision.Forward ? flow : null;
    }

    /**
     * The flow where its target's packets come as packets, by whatever; those of an upgraded one do
     * where it leaves by tunnels.
     */
    static Flow withPackets(Flow flow) {
        if (flow == null) {
            return null;
        }
        return switch (flow.decision()) {
            case FlowDecision.Forward forward -> flow;
            case FlowDecision.Upgrade upgrade -> Upgraders.isDowngraded(upgrade) ? flow : null;
            case FlowDecision.Refuse refuse -> null;
        };
    }
}
