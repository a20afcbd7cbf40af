package io.culvert.gateway.forward;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.nat.Endpoints;
import io.culvert.nat.IcmpErrorTranslation;
import io.culvert.nat.Translation;
import io.culvert.tun.Packet;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpPacket;

/**
 * Under what a flow is known to its target; see {@link Aliases}. Immutable. Errors are translated
 * with what they quote (RFC 5508 REQ-4, REQ-5).
 */
public final class Alias {
    private final Flow flow;
    private final FlowKey ofTarget;
    private final Endpoints sent;
    private final Endpoints seen;
    private final Translation outward;
    private final Translation inward;

    Alias(Flow flow, IpAddress address, int port) {
        this.flow = flow;
        FlowKey key = flow.key();
        sent = Forwarder.endpoints(key);
        seen =
                new Endpoints(
                        address.high(),
                        address.low(),
                        port,
                        key.destinationHigh(),
                        key.destinationLow(),
                        Aliases.hasIdentifier(key.protocol()) ? port : key.destinationPort());
        outward = new Translation(sent, seen);
        Endpoints reply = seen.reversed();
        inward = new Translation(reply, sent.reversed());
        ofTarget =
                new FlowKey()
                        .set(
                                key.tenant(),
                                key.protocol(),
                                reply.sourceHigh(),
                                reply.sourceLow(),
                                reply.sourcePort(),
                                reply.destinationHigh(),
                                reply.destinationLow(),
                                reply.destinationPort());
    }

    Flow flow() {
        return flow;
    }

    /** What its target's packets carry. */
    FlowKey ofTarget() {
        return ofTarget;
    }

    /** Rewrites a packet for the target, in place. */
    void toTarget(IpPacket ip, Packet packet) {
        outward.apply(ip, packet.checksumPartial());
    }

    /** Rewrites an ICMP error for the target about one of its packets. */
    void toTarget(IpPacket error, IpPacket quoted) {
        boolean initiators =
                error.sourceHigh() == sent.sourceHigh() && error.sourceLow() == sent.sourceLow();
        IcmpErrorTranslation.apply(
                error,
                quoted,
                outer(
                        initiators ? seen.sourceHigh() : error.sourceHigh(),
                        initiators ? seen.sourceLow() : error.sourceLow(),
                        error.destinationHigh(),
                        error.destinationLow()),
                seen.reversed());
    }

    /** Rewrites a packet of the target's, in place, as if it were for the initiator. */
    public void toInitiator(IpPacket ip, Packet packet) {
        inward.apply(ip, packet.checksumPartial());
    }

    /**
     * Rewrites an ICMP error, come from the target's side, about a packet that went there.
     *
     * @param quoted that packet
     */
    public void toInitiator(IpPacket error, IpPacket quoted) {
        IcmpErrorTranslation.apply(
                error,
                quoted,
                outer(error.sourceHigh(), error.sourceLow(), sent.sourceHigh(), sent.sourceLow()),
                sent);
    }

    private static Endpoints outer(
            long sourceHigh, long sourceLow, long destinationHigh, long destinationLow) {
        return new Endpoints(sourceHigh, sourceLow, 0, destinationHigh, destinationLow, 0);
    }
}
