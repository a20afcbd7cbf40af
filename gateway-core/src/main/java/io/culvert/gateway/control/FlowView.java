package io.culvert.gateway.control;

import com.fasterxml.jackson.annotation.JsonProperty;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.hook.FlowDecision;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

/**
 * A live flow as {@code culvert flows} shows it. Counters are of IP packets and their lengths; of
 * datagrams that come by a socket of the host, and of connections that an on-ramp accepts, only the
 * payload counts.
 *
 * @param action and {@code via}: a flow that is upgraded via {@code tunnels} leaves as packets
 *     again
 */
public record FlowView(
        long id,
        String tenant,
        String protocol,
        String initiator,
        String target,
        String state,
        @JsonProperty("age_ms") long ageMillis,
        @JsonProperty("idle_ms") long idleMillis,
        @JsonProperty("packets_up") long packetsUp,
        @JsonProperty("bytes_up") long bytesUp,
        @JsonProperty("packets_down") long packetsDown,
        @JsonProperty("bytes_down") long bytesDown,
        String action,
        String via,
        @JsonProperty("decided_by") String decidedBy,
        int worker) {

    /** What the flow is at this moment, seen from any thread. */
    public static FlowView of(Flow flow, long nowNanos) {
        FlowKey key = flow.key();
        return new FlowView(
                flow.id(),
                flow.tenant().name(),
                IpProtocol.name(key.protocol()),
                initiator(key),
                target(key),
                flow.path() == null ? "opening" : flow.path().state(),
                millis(nowNanos - flow.openedAtNanos()),
                millis(nowNanos - flow.lastSeenNanos()),
                flow.initiatorPackets(),
                flow.initiatorBytes(),
                flow.targetPackets(),
                flow.targetBytes(),
                action(flow.decision()),
                via(flow.decision()),
                flow.decision().decidedBy(),
                flow.worker());
    }

    /** {@code refuse}, {@code forward} or {@code upgrade}. */
    public static String action(FlowDecision decision) {
        return switch (decision) {
            case FlowDecision.Refuse refuse -> "refuse";
            case FlowDecision.Forward forward -> "forward";
            case FlowDecision.Upgrade upgrade -> "upgrade";
        };
    }

    /** The off-ramp that the decision names. */
    public static String via(FlowDecision decision) {
        return switch (decision) {
            case FlowDecision.Refuse refuse -> "";
            case FlowDecision.Forward forward -> forward.via();
            case FlowDecision.Upgrade upgrade -> upgrade.via();
        };
    }

    private static long millis(long nanos) {
        return Math.max(0, nanos / 1_000_000);
    }

    /** Address and port. */
    public static String initiator(FlowKey key) {
        return side(key.sourceHigh(), key.sourceLow(), key.sourcePort());
    }

    /** Address and port. */
    public static String target(FlowKey key) {
        return side(key.destinationHigh(), key.destinationLow(), key.destinationPort());
    }

    private static String side(long high, long low, int port) {
        IpAddress address = new IpAddress(high, low);
        return address.isIpv4() ? address + ":" + port : "[" + address + "]:" + port;
    }
}
