package io.culvert.gateway;

import io.culvert.flow.Direction;
import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowTable;
import io.culvert.flow.NanoClock;
import io.culvert.flow.PacketCounters;
import io.culvert.flow.RateLimits;
import io.culvert.flow.Throttle;
import io.culvert.gateway.detect.Facts;
import io.culvert.gateway.forward.Alias;
import io.culvert.gateway.forward.Forwarder;
import io.culvert.gateway.forward.TunnelPort;
import io.culvert.gateway.plugin.Answer;
import io.culvert.gateway.plugin.HookChain;
import io.culvert.gateway.policy.LivePolicy;
import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.Ruling;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.Reason;
import io.culvert.tun.Packet;
import io.culvert.upgrade.Recipient;
import io.culvert.upgrade.Takeover;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;

/**
 * What becomes of the whole and sound packets of tunnels.
 *
 * <pre>
 *   known flow? --yes--> its path
 *        no
 *        '--> policy, plugins --> refuse: RST, ICMP or silence
 *                         |------> forward: into a tunnel, out of a device
 *                         '------> upgrade: TCP, UDP or echo upgrader; into a tunnel again
 * </pre>
 *
 * <p>Confined to one worker.
 */
final class TunnelIngress implements UndecidedFlows.Decided, QuicFlows.Heard {
    private final int worker;
    private final FlowTable table;
    private final NanoClock clock;
    private final LivePolicy policy;
    private final PacketCounters counters;
    private final Refusals refusals;
    private final Openings openings;
    private final Upgraders upgraders;
    private final Forwarder forwarder;
    private final Delivery delivery;
    private final UndecidedFlows undecided;
    private final QuicFlows quic;
    private final ContentDecisions contents;
    private final RuleLog ruleLog;
    private final FlowKey key = new FlowKey();

    TunnelIngress(
            int worker,
            FlowTable table,
            NanoClock clock,
            LivePolicy policy,
            PacketCounters counters,
            Refusals refusals,
            Openings openings,
            Upgraders upgraders,
            Forwarder forwarder,
            Delivery delivery,
            RuleLog ruleLog,
            HookAccess hooks,
            ContentDecisions contents) {
        this.worker = worker;
        this.table = table;
        this.clock = clock;
        this.policy = policy;
        this.counters = counters;
        this.refusals = refusals;
        this.openings = openings;
        this.upgraders = upgraders;
        this.forwarder = forwarder;
        this.delivery = delivery;
        this.ruleLog = ruleLog;
        this.contents = contents;
        undecided = new UndecidedFlows(worker, hooks, this);
        quic = new QuicFlows(worker, hooks, clock, this);
    }

    void packet(TunnelPort port, IpPacket ip, Packet packet) {
        setKey(port, ip);
        Flow flow = Arrival.ofInitiator(table, key, ip);
        boolean taken;
        if (flow != null) {
            taken = delivery.packet(flow, Direction.FROM_INITIATOR, port, ip, packet);
        } else {
            flow = Arrival.ofTarget(table, key.reverse(), ip);
            taken = flow != null && delivery.packet(flow, Direction.FROM_TARGET, port, ip, packet);
        }
        if (!taken) {
            setKey(port, ip);
            Alias alias = flow == null ? forwarder.aliases().find(key) : null;
            if (alias == null) {
                open(port, ip, packet);
            } else {
                // To an address of the gateway's, and meant for a flow's initiator.
                alias.toInitiator(ip, packet);
                packet(port, ip, packet);
            }
        }
    }

    private void setKey(TunnelPort port, IpPacket of) {
        key.set(
                port.tenant().id(),
                of.protocol(),
                of.sourceHigh(),
                of.sourceLow(),
                of.sourcePort(),
                of.destinationHigh(),
                of.destinationLow(),
                of.destinationPort());
    }

    /**
     * An ICMP error about a packet that we sent into a tunnel: RFC 5508 REQ-5.
     *
     * @param quoted the packet it is about
     */
    void error(TunnelPort port, IpPacket ip, IpPacket quoted, Packet packet) {
        setKey(port, quoted);
        Flow flow = Arrival.withPackets(table.find(key));
        if (flow != null && !Arrival.isReply(quoted)) {
            delivery.error(flow, Direction.FROM_INITIATOR, port, ip, quoted, packet);
            return;
        }
        // The quoted packet went to the initiator, or came from its alias.
        flow = table.find(key.reverse());
        Alias alias = flow == null ? forwarder.aliases().find(key) : null;
        if (alias == null) {
            delivery.error(flow, Direction.FROM_TARGET, port, ip, quoted, packet);
        } else {
            alias.toInitiator(ip, quoted);
            error(port, ip, quoted, packet);
        }
    }

    /** The first packet of a flow, if it may be one. */
    private void open(TunnelPort port, IpPacket ip, Packet packet) {
        if (port.tunnel().isGone()) {
            refusals.drop(packet, Reason.TUNNEL_GONE);
            return;
        }
        // Maybe reversed by the look-ups before.
        setKey(port, ip);
        int asking = undecided.owner(key);
        if (asking >= 0) {
            hold(asking, port, ip, packet);
            return;
        }
        Reason obstacle = Arrival.unusableInTunnel(ip);
        if (obstacle != null) {
            refusals.drop(packet, obstacle);
            return;
        }
        Ruling ruling =
                policy.current()
                        .decide(
                                port.tenant().name(),
                                ip.protocol(),
                                ip.sourceHigh(),
                                ip.sourceLow(),
                                ip.destinationHigh(),
                                ip.destinationLow(),
                                ip.destinationPort());
        if (ip.protocol() == IpProtocol.UDP
                && (ruling.asks() || QuicUse.asks(ruling, upgraders.web()))) {
            listen(port, ip, packet, ruling);
        } else {
            ruled(port, ip, packet, ruling);
        }
    }

    /** What the flow says is asked first. */
    private void listen(TunnelPort port, IpPacket ip, Packet packet, Ruling ruling) {
        Reason obstacle = openings.obstacle(ip, ruling.decision());
        if (obstacle != null) {
            refusals.refuse(port, ip, packet, obstacle);
            return;
        }
        int owner = upgraders.owner(IpProtocol.UDP, key);
        if (owner != worker) {
            delivery.handOver(owner, port, packet);
            return;
        }
        Reason full = quic.first(key, port, ip, packet);
        if (full != null) {
            refusals.drop(packet, full);
        }
    }

    @Override
    public void first(TunnelPort port, IpPacket ip, Packet packet, Facts facts) {
        setKey(port, ip);
        if (port.tunnel().isGone()) {
            refusals.drop(packet, Reason.TUNNEL_GONE);
            return;
        }
        Policy.Question question =
                new Policy.Question(
                        port.tenant().name(),
                        ip.protocol(),
                        new IpAddress(ip.sourceHigh(), ip.sourceLow()),
                        new IpAddress(ip.destinationHigh(), ip.destinationLow()),
                        ip.destinationPort());
        ruled(port, ip, packet, policy.current().decide(question, facts).knowing(facts));
    }

    @Override
    public void later(TunnelPort port, IpPacket ip, Packet packet) {
        packet(port, ip, packet);
    }

    private void ruled(TunnelPort port, IpPacket ip, Packet packet, Ruling ruling) {
        if (!(ruling.decision() instanceof FlowDecision.Refuse refuse)) {
            open(port, ip, packet, ruling);
            return;
        }
        note(ruling, port, ip);
        tellRefused(port, ip, refuse.decidedBy(), refuse.reason());
        if (refuse.answered()) {
            refusals.refuse(port, ip, packet, refuse.reason());
        } else {
            refusals.drop(packet, refuse.reason());
        }
    }

    private void tellRefused(TunnelPort port, IpPacket ip, String decidedBy, Reason reason) {
        if (table.isHeard()) {
            setKey(port, ip);
            table.tellRefused(key, port.tenant(), worker, decidedBy, reason);
        }
    }

    private void note(Ruling ruling, TunnelPort port, IpPacket ip) {
        if (ruling.isNotable()) {
            ruleLog.decided(ruling, port.tenant().name(), ip);
        }
    }

    private void hold(int asking, TunnelPort port, IpPacket ip, Packet packet) {
        if (asking != worker) {
            delivery.handOver(asking, port, packet);
            return;
        }
        Reason obstacle =
                quic.has(key)
                        ? quic.later(key, port, ip, packet)
                        : undecided.hold(key, port, packet);
        if (obstacle != null) {
            refusals.drop(packet, obstacle);
        }
    }

    private void open(TunnelPort port, IpPacket ip, Packet packet, Ruling ruling) {
        FlowDecision decision = ruling.decision();
        FlowDecision.Upgrade upgrade =
                decision instanceof FlowDecision.Upgrade found ? found : null;
        Reason obstacle = openings.obstacle(ip, decision);
        if (obstacle == Reason.NO_FLOW && openings.answersChallenge(ip, key)) {
            counters.carried(packet.packets());
            return;
        }
        if (obstacle != null) {
            if (obstacle == Reason.SHUTDOWN) {
                tellRefused(port, ip, decision.decidedBy(), obstacle);
            }
            refusals.refuse(port, ip, packet, obstacle);
            return;
        }
        if (openings.isDoubtful(ip, key, port.tenant())) {
            refusals.challenge(port, ip, openings.challenge(key), packet);
            return;
        }
        boolean asks = undecided.chain().asksAboutFlows();
        int owner =
                upgrade != null
                        ? upgraders.owner(upgrade, ip.protocol(), key)
                        // A plugin may have it upgraded.
                        : asks ? upgraders.owner(ip.protocol(), key) : worker;
        if (owner != worker) {
            delivery.handOver(owner, port, packet);
            return;
        }
        note(ruling, port, ip);
        if (!asks) {
            admit(port, ip, packet, ruling, null);
            return;
        }
        // Looked at once more when it is admitted; this keeps a flood from the plugins.
        Reason rate = rate(port, ip, ruling);
        if (rate != null) {
            tellRefused(port, ip, decision.decidedBy(), rate);
            refusals.refuse(port, ip, packet, rate);
            return;
        }
        Reason full = undecided.ask(key, port, ip, packet, ruling);
        if (full != null) {
            tellRefused(port, ip, decision.decidedBy(), full);
            refusals.drop(packet, full);
        }
    }

    /** Why the rule's rate does not allow the flow now; {@code null} where it does. */
    private Reason rate(TunnelPort port, IpPacket ip, Ruling ruling) {
        return ruling.limits() == null
                ? null
                : ruling.limits()
                        .obstacle(port.tenant(), ip.sourceHigh(), ip.sourceLow(), clock.nanoTime());
    }

    /**
     * Opens a flow whose decision is final, if the rule's rate allows.
     *
     * @param answer of the plugins; {@code null} where none were asked
     */
    private void admit(TunnelPort port, IpPacket ip, Packet packet, Ruling ruling, Answer answer) {
        if (ruling.limits() == null) {
            open(port, ip, packet, ruling, answer, null);
            return;
        }
        switch (ruling.limits()
                .open(port.tenant(), ip.sourceHigh(), ip.sourceLow(), clock.nanoTime())) {
            // Answered where waiting is of no use; in silence, and tried again, where it is.
            case RateLimits.Admission.Refused refused -> {
                tellRefused(port, ip, ruling.name(), refused.reason());
                refusals.refuse(port, ip, packet, refused.reason());
                tellPlugins(answer, refused.reason());
            }
            case RateLimits.Admission.Admitted admitted ->
                    open(port, ip, packet, ruling, answer, admitted.limiter());
        }
    }

    /**
     * @param limiter has been entered for the flow; may be {@code null}
     */
    private void open(
            TunnelPort port,
            IpPacket ip,
            Packet packet,
            Ruling ruling,
            Answer answer,
            Throttle limiter) {
        FlowDecision decision = answer == null ? ruling.decision() : answer.decision();
        FlowTable.Opening opening = table.open(key, port.tenant(), worker, decision);
        if (limiter != null && !(opening instanceof FlowTable.Opening.Opened)) {
            limiter.closed();
        }
        switch (opening) {
            case FlowTable.Opening.Refused refused -> {
                refusals.refuse(port, ip, packet, refused.reason());
                tellPlugins(answer, refused.reason());
            }
            // Another worker's, who sees to it.
            case FlowTable.Opening.Found found -> {
                delivery.packet(found.flow(), Direction.FROM_INITIATOR, port, ip, packet);
                tellPlugins(answer, Reason.FINISHED);
            }
            case FlowTable.Opening.Opened opened -> {
                Flow flow = opened.flow();
                flow.throttle(limiter);
                if (ruling.facts() != null) {
                    flow.content(ruling.facts());
                }
                if (answer != null) {
                    HookedFlow.accompany(flow, answer, clock.nanoTime());
                }
                begin(flow, port, ip, packet, ruling, answer);
            }
        }
    }

    private static void tellPlugins(Answer answer, Reason reason) {
        if (answer != null) {
            answer.refused(reason);
        }
    }

    @Override
    public void first(TunnelPort port, IpPacket ip, Packet packet, Ruling ruling, Answer answer) {
        setKey(port, ip);
        if (port.tunnel().isGone()) {
            refusals.drop(packet, Reason.TUNNEL_GONE);
            answer.refused(Reason.TUNNEL_GONE);
            return;
        }
        Reason obstacle =
                switch (answer.decision()) {
                    case FlowDecision.Refuse refuse -> refuse.reason();
                    case FlowDecision.Upgrade upgrade -> openings.obstacle(ip, upgrade);
                    case FlowDecision.Forward forward -> openings.obstacle(ip, forward);
                };
        if (obstacle == null) {
            admit(port, ip, packet, ruling, answer);
            return;
        }
        tellRefused(port, ip, answer.decision().decidedBy(), obstacle);
        refuse(port, ip, packet, answer, obstacle);
        answer.refused(obstacle);
    }

    @Override
    public void later(TunnelPort port, IpPacket ip, Packet packet, Answer answer) {
        if (answer.decision() instanceof FlowDecision.Refuse refuse) {
            refuse(port, ip, packet, answer, refuse.reason());
        } else {
            packet(port, ip, packet);
        }
    }

    private void refuse(TunnelPort port, IpPacket ip, Packet packet, Answer answer, Reason reason) {
        if (answer.decision() instanceof FlowDecision.Refuse refuse && !refuse.answered()) {
            refusals.drop(packet, reason);
        } else {
            refusals.refuse(port, ip, packet, reason);
        }
    }

    /** Looks at the clock. */
    void tick() {
        undecided.tick();
        contents.tick();
        quic.tick();
    }

    /** Packets that wait for plugins. */
    int undecidedPackets() {
        return undecided.packets() + quic.packets();
    }

    private void begin(
            Flow flow, TunnelPort port, IpPacket ip, Packet packet, Ruling ruling, Answer answer) {
        boolean held = false;
        Reason failure =
                switch (flow.decision()) {
                    case FlowDecision.Upgrade upgrade -> {
                        held = ip.protocol() == IpProtocol.TCP;
                        if (held) {
                            count(flow, ip, packet);
                        }
                        yield upgrade(flow, upgrade, port, ip, packet, ruling, answer);
                    }
                    case FlowDecision.Forward forward -> forwarder.open(flow, port, forward);
                    case FlowDecision.Refuse refuse -> refuse.reason();
                };
        if (failure != null) {
            table.close(flow, failure);
            refusals.refuse(port, ip, packet, failure);
        } else if (!held) {
            delivery.packet(flow, Direction.FROM_INITIATOR, port, ip, packet);
        }
    }

    /** See {@link Upgraders#open}. */
    private Reason upgrade(
            Flow flow,
            FlowDecision.Upgrade upgrade,
            TunnelPort port,
            IpPacket ip,
            Packet packet,
            Ruling ruling,
            Answer answer) {
        if (ip.protocol() == IpProtocol.UDP) {
            switch (QuicUse.of(upgrade, ruling, upgraders.web())) {
                case NONE -> {}
                case RELAY -> {
                    return upgraders.open(flow, upgrade, null, ip, packet, port);
                }
                case END -> {
                    return upgraders.openHttp3(
                            flow,
                            upgrade,
                            answer == null ? UndecidedFlows.info(port, ip) : answer.flow(),
                            ruling.proxying(),
                            ContentDecisions.requests(flow, ruling, policy.current()),
                            port);
                }
                case REFUSE -> {
                    return Reason.PROTOCOL_NOT_UPGRADABLE;
                }
            }
        }
        boolean said = ContentDecisions.decide(ruling, upgrade);
        if (upgrade.handler().equals(Policy.RELAY) || (said && ip.protocol() != IpProtocol.TCP)) {
            return upgraders.open(flow, upgrade, null, ip, packet, port);
        }
        FlowInfo info = answer == null ? UndecidedFlows.info(port, ip) : answer.flow();
        if (said) {
            Takeover takeover =
                    contents.takeover(
                            flow,
                            upgrade,
                            ruling,
                            (decision, proxying, facts, rules) ->
                                    upgraders.proxied(
                                            flow, decision, info, proxying, facts, rules));
            return upgraders.open(flow, upgrade, takeover, ip, packet, port);
        }
        Reason obstacle = upgraders.obstacleToHandler(upgrade, ip.protocol());
        if (obstacle != null) {
            return obstacle;
        }
        HookChain chain = answer == null ? undecided.chain() : answer.chain();
        Recipient recipient =
                WebHandlers.has(upgrade.handler())
                        ? upgraders.takeover(flow, upgrade, info, ruling.proxying())
                        : chain.handle(upgrade.handler(), info);
        return recipient == null
                ? Reason.HANDLER_FAILED
                : upgraders.open(flow, upgrade, recipient, ip, packet, port);
    }

    /** A SYN that the flow has from the beginning. */
    private void count(Flow flow, IpPacket ip, Packet packet) {
        flow.count(Direction.FROM_INITIATOR, packet.packets(), ip.length(), clock.nanoTime());
    }
}
