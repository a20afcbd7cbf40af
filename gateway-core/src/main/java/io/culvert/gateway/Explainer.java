package io.culvert.gateway;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowTable;
import io.culvert.flow.NanoClock;
import io.culvert.flow.RateLimits;
import io.culvert.flow.Tenant;
import io.culvert.gateway.explain.Explanation;
import io.culvert.gateway.explain.FirstPacket;
import io.culvert.gateway.explain.Question;
import io.culvert.gateway.forward.DeviceOffRamp;
import io.culvert.gateway.forward.ForwardedFlow;
import io.culvert.gateway.forward.Forwarder;
import io.culvert.gateway.forward.Routes;
import io.culvert.gateway.forward.TunnelPort;
import io.culvert.gateway.forward.TunnelPorts;
import io.culvert.gateway.policy.LivePolicy;
import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.Ruling;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.Reason;
import io.culvert.wire.Defect;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;
import io.culvert.wire.Prefix;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Says what would become of a flow's first packet, by asking of it what the packet path asks, in
 * that order ({@link Ingress}, {@link TunnelIngress}, {@link FlowOpener}): the same questions of
 * the same state, none of which changes it. Of a connection that an on-ramp would accept it asks
 * what {@link Reception} asks. Nothing is sent, opened or counted.
 *
 * <p>Asked in two steps, since plugins are asked in between, on another thread.
 *
 * <p>Confined to one worker.
 */
final class Explainer {
    private final int worker;
    private final FlowTable table;
    private final NanoClock clock;
    private final LivePolicy policy;
    private final Openings openings;
    private final Upgraders upgraders;
    private final Forwarder forwarder;
    private final Routes routes;
    private final Listeners listeners;
    private final QuicEnds quic;

    /**
     * @param quic what is done with QUIC; null where nothing is
     */
    Explainer(
            int worker,
            FlowTable table,
            NanoClock clock,
            LivePolicy policy,
            Openings openings,
            Upgraders upgraders,
            Forwarder forwarder,
            Routes routes,
            Listeners listeners,
            QuicEnds quic) {
        this.worker = worker;
        this.table = table;
        this.clock = clock;
        this.policy = policy;
        this.openings = openings;
        this.upgraders = upgraders;
        this.forwarder = forwarder;
        this.routes = routes;
        this.listeners = listeners;
        this.quic = quic;
    }

    /** A question that was answered in part. */
    static final class Pending {
        private final Findings findings;
        private final TunnelPort port;
        private final IpPacket ip = new IpPacket();
        private final FlowKey key = new FlowKey();
        private Ruling ruling;
        private FlowDecision decision;

        private Pending(Findings findings, TunnelPort port) {
            this.findings = findings;
            this.port = port;
        }

        /** Whether nothing is left to ask: {@link #explanation} is there. */
        boolean isAnswered() {
            return findings.isOver();
        }

        Explanation explanation() {
            return findings.explanation();
        }

        Findings findings() {
            return findings;
        }

        IpPacket ip() {
            return ip;
        }

        TunnelPort port() {
            return port;
        }

        Tenant tenant() {
            return port.tenant();
        }

        /** Whether it is a connection that an on-ramp accepts, and no packet. */
        boolean isConnection() {
            return port.device() instanceof Packetless;
        }

        /** What hooks are told of the flow. */
        FlowInfo info() {
            return PacketBeginning.info(port, ip);
        }

        Ruling ruling() {
            return ruling;
        }

        /** What is proposed, an {@link FlowDecision.Upgrade} or a {@link FlowDecision.Forward}. */
        FlowDecision decision() {
            return decision;
        }

        FlowKey key() {
            return key;
        }

        /** A plugin has decided otherwise. */
        void decision(FlowDecision other) {
            decision = other;
        }
    }

    /**
     * Asks all that comes before plugins.
     *
     * @throws IllegalArgumentException with a sentence: there is no such tenant or on-ramp
     */
    Pending begin(Question question) {
        ByteBuffer bytes = FirstPacket.of(question);
        Tenant tenant =
                routes.tenant(question.tenant())
                        .or(() -> listeners.tenant(question.tenant()))
                        .orElseThrow(
                                () ->
                                        new IllegalArgumentException(
                                                "there is no tunnel of a tenant \"%s\"; known: %s"
                                                        .formatted(
                                                                question.tenant(),
                                                                routes.tenants())));
        IpPacket ip = new IpPacket();
        Defect defect = ip.wrap(bytes, 0, bytes.capacity());
        TunnelPorts tunnel = tunnel(tenant, question, ip);
        Pending pending = new Pending(new Findings(question, tunnel.name()), tunnel.of(worker));
        Findings findings = pending.findings;
        if (defect != Defect.NONE) {
            findings.drop("packet", defect.reason(), "no such packet is taken");
            return pending;
        }
        pending.ip.wrap(bytes, 0, bytes.capacity());
        cameIn(pending);
        if (!findings.isOver()) {
            flow(pending);
        }
        if (!findings.isOver()) {
            addresses(pending);
        }
        if (!findings.isOver()) {
            ruling(pending);
        }
        if (!findings.isOver()) {
            opening(pending);
        }
        if (!findings.isOver()) {
            rate(pending);
        }
        return pending;
    }

    /** Asks all that comes after plugins. */
    Explanation end(Pending pending) {
        if (!pending.isAnswered()) {
            limits(pending);
        }
        if (!pending.isAnswered()) {
            new WayOut(forwarder, upgraders, routes, quic).find(pending);
        }
        return pending.explanation();
    }

    /** Says what a flow that lives is; on the thread of its worker. */
    Explanation explain(Flow flow) {
        Question question = Findings.questionOf(flow);
        Findings findings = new Findings(question, cameInBy(flow));
        findings.known(flow, true, policy.current());
        return findings.explanation();
    }

    /**
     * The tunnel that the flow's packets come in by, or the off-ramp where it was opened from
     * outside; empty where neither is known any more.
     */
    private String cameInBy(Flow flow) {
        if (flow.key().connection() != 0) {
            return listeners.nameOf(flow);
        }
        if (flow.path() instanceof ForwardedFlow forwarded && forwarded.isFromOutside()) {
            return forwarded.offRamp().map(DeviceOffRamp::name).orElse("");
        }
        FlowKey key = flow.key();
        TunnelPorts tunnel = routes.tunnelOf(flow.tenant(), key.sourceHigh(), key.sourceLow());
        return tunnel == null ? "" : tunnel.name();
    }

    /** The tunnel that a packet comes in by: the one that is named, else the likeliest. */
    private TunnelPorts tunnel(Tenant tenant, Question question, IpPacket ip) {
        List<TunnelPorts> all = new ArrayList<>(routes.tunnels(tenant));
        // One that accepts connections has to be named where there are tunnels.
        if (all.isEmpty() || !question.onRamp().isEmpty()) {
            all.addAll(listeners.of(tenant.name()));
        }
        List<TunnelPorts> named =
                all.stream()
                        .filter(
                                one ->
                                        question.onRamp().isEmpty()
                                                || one.name().equals(question.onRamp())
                                                || one.name().startsWith(question.onRamp() + "/"))
                        .toList();
        if (named.isEmpty()) {
            throw new IllegalArgumentException(
                    "the tenant \"%s\" has no tunnel%s; it has %s"
                            .formatted(
                                    tenant.name(),
                                    question.onRamp().isEmpty()
                                            ? " now"
                                            : " of the on-ramp \"" + question.onRamp() + "\"",
                                    all.stream().map(TunnelPorts::name).toList()));
        }
        TunnelPorts behind = routes.tunnelOf(tenant, ip.sourceHigh(), ip.sourceLow());
        if (behind != null && named.contains(behind)) {
            return behind;
        }
        return named.stream()
                .filter(one -> one.of(worker).sources().contains(ip.sourceHigh(), ip.sourceLow()))
                .findFirst()
                .orElse(named.getFirst());
    }

    private void cameIn(Pending pending) {
        if (pending.isConnection()) {
            accepted(pending);
            return;
        }
        TunnelPorts tunnel = pending.port.tunnel();
        Reason objection = Arrival.objection(pending.port, pending.ip);
        List<Prefix> prefixes = routes.prefixes(tunnel);
        String source = pending.findings.question().source();
        if (objection != null) {
            pending.findings.stage("on-ramp", tunnel.name(), "tenant " + pending.tenant().name());
            pending.findings.drop("source", objection, source + " may not come from there");
            return;
        }
        boolean behind =
                prefixes.stream()
                        .anyMatch(
                                prefix ->
                                        prefix.contains(
                                                pending.ip.sourceHigh(), pending.ip.sourceLow()));
        boolean strict = !tunnel.of(worker).sources().isEverything();
        pending.findings.stage(
                "on-ramp",
                tunnel.name(),
                "tenant %s; %s is %s; %s"
                        .formatted(
                                pending.tenant().name(),
                                source,
                                behind ? "behind it" : "behind no route of it",
                                strict ? "only its own sources may send" : "any source may send"),
                prefixes.stream().map(route -> "route " + route).sorted().toList());
    }

    private static void accepted(Pending pending) {
        String name = pending.port.tunnel().name();
        if (pending.ip.protocol() != IpProtocol.TCP) {
            throw new IllegalArgumentException(
                    "the on-ramp \"%s\" accepts TCP connections alone".formatted(name));
        }
        pending.findings.stage(
                "on-ramp",
                name,
                "tenant %s; the host's kernel accepts the connection"
                        .formatted(pending.tenant().name()));
    }

    private void flow(Pending pending) {
        FlowKey key = pending.key;
        IpPacket ip = pending.ip;
        setKey(pending);
        // Of connections no two are the same.
        Flow known = pending.isConnection() ? null : Arrival.ofInitiator(table, key, ip);
        boolean fromInitiator = known != null;
        if (!fromInitiator && !pending.isConnection()) {
            known = Arrival.ofTarget(table, key.reverse(), ip);
            setKey(pending);
        }
        if (known != null) {
            pending.findings.known(known, fromInitiator, policy.current());
            return;
        }
        pending.findings.stage(
                "flow",
                "new",
                "%d of %d flows live, %d of %d of the tenant"
                        .formatted(
                                table.size(),
                                table.limits().flows(),
                                pending.tenant().flows(),
                                table.limits().flowsPerTenant()));
    }

    private static void setKey(Pending pending) {
        IpPacket ip = pending.ip;
        pending.key.set(
                pending.tenant().id(),
                ip.protocol(),
                ip.sourceHigh(),
                ip.sourceLow(),
                ip.sourcePort(),
                ip.destinationHigh(),
                ip.destinationLow(),
                ip.destinationPort());
    }

    private static void addresses(Pending pending) {
        Reason unusable =
                pending.isConnection()
                        ? Arrival.notOneHost(pending.ip)
                        : Arrival.unusableInTunnel(pending.ip);
        if (unusable != null) {
            pending.findings.drop("addresses", unusable, "no flow can have them");
        } else {
            pending.findings.stage("addresses", "good", "both are of one host each");
        }
    }

    private void ruling(Pending pending) {
        Policy rules = policy.current();
        Ruling ruling = rules.decide(pending.tenant().name(), pending.key);
        pending.findings.ruling(rules, ruling, pending.tenant().name(), pending.key);
        pending.ruling = ruling;
        pending.decision = ruling.decision();
    }

    private void opening(Pending pending) {
        Findings findings = pending.findings;
        Reason obstacle = obstacle(pending);
        if (obstacle != null) {
            findings.refuse("opening", obstacle, noFlow(pending));
        } else if (!pending.isConnection()
                && openings.isDoubtful(pending.ip, pending.key, pending.tenant())) {
            findings.challenge(pending.tenant().halfOpen());
        }
    }

    private Reason obstacle(Pending pending) {
        return pending.isConnection()
                ? openings.obstacleToConnection(pending.decision)
                : openings.obstacle(pending.ip, pending.decision);
    }

    private static String noFlow(Pending pending) {
        return pending.isConnection()
                ? "such a connection becomes no flow now"
                : "such a packet opens no flow now";
    }

    private void limits(Pending pending) {
        Findings findings = pending.findings;
        Tenant tenant = pending.tenant();
        // Plugins may have decided otherwise.
        Reason obstacle = obstacle(pending);
        if (obstacle != null) {
            findings.refuse("opening", obstacle, noFlow(pending));
            return;
        }
        rate(pending);
        if (findings.isOver()) {
            return;
        }
        Reason limit = table.obstacle(tenant, worker);
        if (limit != null) {
            findings.refuse("limits", limit, "a limit is reached");
        } else {
            findings.stage("limits", "room", "there is room for it");
        }
    }

    private void rate(Pending pending) {
        RateLimits rates = pending.ruling.limits();
        Reason rate =
                rates == null
                        ? null
                        : rates.obstacle(
                                pending.tenant(),
                                pending.ip.sourceHigh(),
                                pending.ip.sourceLow(),
                                clock.nanoTime());
        if (rate != null) {
            pending.findings.refuse("limits", rate, "the rate of its rule is used up");
        }
    }
}
