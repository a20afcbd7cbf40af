package io.culvert.gateway.telemetry;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonProperty;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowContent;
import io.culvert.flow.FlowKey;
import io.culvert.flow.RelayFigures;
import io.culvert.gateway.control.FlowView;
import io.culvert.gateway.detect.Application;
import io.culvert.gateway.detect.Facts;
import io.culvert.hook.FlowDecision;
import io.culvert.wire.IpProtocol;

import java.util.List;

/**
 * A line of the flow log; the fields are called as {@code culvert flows --json} calls them, and
 * what does not apply is left out. docs/telemetry.md says what each means.
 *
 * @param record {@code open}, {@code close} or {@code refused}
 * @param start which run of a gateway: {@code start} and {@code id} name a flow among all
 * @param content what the flow said first, where a rule asked
 * @param relay what the sockets of a relayed TCP flow said at its end
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record FlowRecord(
        int version,
        String record,
        String time,
        String start,
        Long id,
        String tenant,
        String protocol,
        String initiator,
        String target,
        String action,
        String via,
        @JsonProperty("decided_by") String decidedBy,
        int worker,
        String reason,
        String opened,
        @JsonProperty("age_ms") Long ageMillis,
        @JsonProperty("packets_up") Long packetsUp,
        @JsonProperty("bytes_up") Long bytesUp,
        @JsonProperty("packets_down") Long packetsDown,
        @JsonProperty("bytes_down") Long bytesDown,
        Content content,
        Relay relay) {
    static final int VERSION = 1;

    /** What of a flow's first bytes is worth a line: never a path, which may hold secrets. */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Content(
            String application,
            String sni,
            List<String> alpn,
            @JsonProperty("quic_version") String quicVersion,
            String host) {
        static Content of(FlowContent content) {
            if (!(content instanceof Facts facts)) {
                return null;
            }
            boolean quic = facts.application() == Application.QUIC;
            return new Content(
                    facts.application().word(),
                    facts.serverName().isEmpty() ? null : facts.serverName(),
                    facts.alpn().isEmpty() ? null : facts.alpn(),
                    quic ? "0x%08x".formatted(facts.version()) : null,
                    facts.host().isEmpty() ? null : facts.host());
        }
    }

    /** Payload, and how the two connections fared. */
    record Relay(
            @JsonProperty("bytes_up") long bytesUp,
            @JsonProperty("bytes_down") long bytesDown,
            @JsonProperty("initiator_rtt_us") int initiatorRttMicros,
            @JsonProperty("initiator_retransmits") int initiatorRetransmits,
            @JsonProperty("target_rtt_us") int targetRttMicros,
            @JsonProperty("target_retransmits") int targetRetransmits) {
        static Relay of(RelayFigures figures) {
            return figures == null
                    ? null
                    : new Relay(
                            figures.bytesUp(),
                            figures.bytesDown(),
                            figures.initiatorRttMicros(),
                            figures.initiatorRetransmits(),
                            figures.targetRttMicros(),
                            figures.targetRetransmits());
        }
    }

    static FlowRecord open(FlowEvent.Opened event, String start, WallClock clock) {
        Flow flow = event.flow();
        FlowKey key = flow.key();
        FlowDecision decision = flow.decision();
        return new FlowRecord(
                VERSION,
                "open",
                Times.text(clock.at(flow.openedAtNanos())),
                start,
                flow.id(),
                Texts.wellFormed(flow.tenant().name()),
                IpProtocol.name(key.protocol()),
                FlowView.initiator(key),
                FlowView.target(key),
                FlowView.action(decision),
                FlowView.via(decision),
                Texts.wellFormed(decision.decidedBy()),
                flow.worker(),
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null);
    }

    static FlowRecord close(FlowEvent.Closed event, String start, WallClock clock) {
        FlowView view = FlowView.of(event.flow(), event.nanos());
        return new FlowRecord(
                VERSION,
                "close",
                Times.text(clock.at(event.nanos())),
                start,
                view.id(),
                Texts.wellFormed(view.tenant()),
                view.protocol(),
                view.initiator(),
                view.target(),
                view.action(),
                view.via(),
                Texts.wellFormed(view.decidedBy()),
                view.worker(),
                event.reason().name(),
                Times.text(clock.at(event.flow().openedAtNanos())),
                view.ageMillis(),
                view.packetsUp(),
                view.bytesUp(),
                view.packetsDown(),
                view.bytesDown(),
                Content.of(event.flow().content()),
                Relay.of(event.flow().relayFigures()));
    }

    static FlowRecord refused(FlowEvent.Refused event, String start, WallClock clock) {
        FlowKey key = event.key();
        return new FlowRecord(
                VERSION,
                "refused",
                Times.text(clock.at(event.nanos())),
                start,
                null,
                Texts.wellFormed(event.tenant().name()),
                IpProtocol.name(key.protocol()),
                FlowView.initiator(key),
                FlowView.target(key),
                "refuse",
                null,
                Texts.wellFormed(event.decidedBy()),
                event.worker(),
                event.reason().name(),
                null,
                null,
                null,
                null,
                null,
                null,
                null,
                null);
    }
}
