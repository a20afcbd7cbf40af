package io.culvert.gateway;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowTable;
import io.culvert.flow.NanoClock;
import io.culvert.flow.RateLimits;
import io.culvert.flow.Throttle;
import io.culvert.gateway.forward.Forwarder;
import io.culvert.gateway.plugin.Answer;
import io.culvert.gateway.plugin.HookChain;
import io.culvert.gateway.policy.LivePolicy;
import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.Ruling;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.Reason;
import io.culvert.upgrade.Recipient;
import io.culvert.upgrade.Takeover;
import io.culvert.wire.IpProtocol;

/**
 * Opens one worker's flows, whatever they begin with.
 *
 * <pre>
 *   policy --> obstacles --> plugins, where there are any --> rates --> table --> path
 *      '-----------'------------------'-------------------------'---------'--------'--> refused
 * </pre>
 *
 * <p>Confined to one worker.
 */
final class FlowOpener implements UndecidedFlows.Decided {
    private final int worker;
    private final FlowTable table;
    private final NanoClock clock;
    private final LivePolicy policy;
    private final Upgraders upgraders;
    private final Forwarder forwarder;
    private final RuleLog ruleLog;
    private final ContentDecisions contents;
    private final UndecidedFlows undecided;

    /** That of the beginning in hand. */
    private final FlowKey key = new FlowKey();

    FlowOpener(
            int worker,
            FlowTable table,
            NanoClock clock,
            LivePolicy policy,
            Upgraders upgraders,
            Forwarder forwarder,
            RuleLog ruleLog,
            HookAccess hooks,
            ContentDecisions contents) {
        this.worker = worker;
        this.table = table;
        this.clock = clock;
        this.policy = policy;
        this.upgraders = upgraders;
        this.forwarder = forwarder;
        this.ruleLog = ruleLog;
        this.contents = contents;
        undecided = new UndecidedFlows(worker, hooks, this);
    }

    /** Flows that plugins are being asked about. */
    UndecidedFlows undecided() {
        return undecided;
    }

    /** What the policy says of it now. */
    Ruling ruling(Beginning one) {
        one.setKey(key);
        return policy.current().decide(one.port().tenant().name(), key);
    }

    /** Opens a flow, if it may be and the ruling does not refuse it. */
    void open(Beginning one, Ruling ruling) {
        one.setKey(key);
        if (!(ruling.decision() instanceof FlowDecision.Refuse refuse)) {
            carried(one, ruling);
            return;
        }
        note(ruling, one);
        tellRefused(one, refuse.decidedBy(), refuse.reason());
        if (refuse.answered()) {
            one.refuse(refuse.reason());
        } else {
            one.drop(refuse.reason());
        }
    }

    /** Tells whoever listens of a flow that is refused. */
    void tellRefused(Beginning one, String decidedBy, Reason reason) {
        if (table.isHeard()) {
            one.setKey(key);
            table.tellRefused(key, one.port().tenant(), worker, decidedBy, reason);
        }
    }

    private void note(Ruling ruling, Beginning one) {
        if (ruling.isNotable()) {
            ruleLog.decided(ruling, one.port().tenant().name(), key);
        }
    }

    private void carried(Beginning one, Ruling ruling) {
        FlowDecision decision = ruling.decision();
        Reason obstacle = one.obstacle(decision);
        if (one.provesSender(key, obstacle)) {
            return;
        }
        if (obstacle != null) {
            if (one.refusesFlow(obstacle)) {
                tellRefused(one, decision.decidedBy(), obstacle);
            }
            one.refuse(obstacle);
            return;
        }
        boolean asks = undecided.chain().asksAboutFlows();
        int owner =
                decision instanceof FlowDecision.Upgrade upgrade
                        ? upgraders.owner(upgrade, key.protocol(), key)
                        // A plugin may have it upgraded.
                        : asks ? upgraders.owner(key.protocol(), key) : worker;
        if (owner != worker) {
            one.handOver(owner);
            return;
        }
        note(ruling, one);
        if (!asks) {
            admit(one, ruling, null);
            return;
        }
        // Looked at once more when it is admitted; this keeps a flood from the plugins.
        Reason rate = rate(one, ruling);
        if (rate != null) {
            tellRefused(one, decision.decidedBy(), rate);
            one.refuse(rate);
            return;
        }
        Reason full = undecided.ask(key, one, ruling);
        if (full != null) {
            tellRefused(one, decision.decidedBy(), full);
            one.drop(full);
        }
    }

    /** Why the rule's rate does not allow the flow now; {@code null} where it does. */
    private Reason rate(Beginning one, Ruling ruling) {
        return ruling.limits() == null
                ? null
                : ruling.limits()
                        .obstacle(
                                one.port().tenant(),
                                key.sourceHigh(),
                                key.sourceLow(),
                                clock.nanoTime());
    }

    /**
     * Opens a flow whose decision is final, if the rule's rate allows.
     *
     * @param answer of the plugins; {@code null} where none were asked
     */
    private void admit(Beginning one, Ruling ruling, Answer answer) {
        if (ruling.limits() == null) {
            open(one, ruling, answer, null);
            return;
        }
        switch (ruling.limits()
                .open(one.port().tenant(), key.sourceHigh(), key.sourceLow(), clock.nanoTime())) {
            // Answered where waiting is of no use; in silence, and tried again, where it is.
            case RateLimits.Admission.Refused refused -> {
                tellRefused(one, ruling.name(), refused.reason());
                one.refuse(refused.reason());
                tellPlugins(answer, refused.reason());
            }
            case RateLimits.Admission.Admitted admitted ->
                    open(one, ruling, answer, admitted.limiter());
        }
    }

    /**
     * @param limiter has been entered for the flow; may be {@code null}
     */
    private void open(Beginning one, Ruling ruling, Answer answer, Throttle limiter) {
        FlowDecision decision = answer == null ? ruling.decision() : answer.decision();
        FlowTable.Opening opening = table.open(key, one.port().tenant(), worker, decision);
        if (limiter != null && !(opening instanceof FlowTable.Opening.Opened)) {
            limiter.closed();
        }
        switch (opening) {
            case FlowTable.Opening.Refused refused -> {
                one.refuse(refused.reason());
                tellPlugins(answer, refused.reason());
            }
            case FlowTable.Opening.Found found -> {
                one.belongsTo(found.flow());
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
                begin(flow, one, ruling, answer);
            }
        }
    }

    private static void tellPlugins(Answer answer, Reason reason) {
        if (answer != null) {
            answer.refused(reason);
        }
    }

    @Override
    public void decided(Beginning one, Ruling ruling, Answer answer) {
        one.setKey(key);
        if (one.port().tunnel().isGone()) {
            if (one.refusesFlow(Reason.TUNNEL_GONE)) {
                tellRefused(one, answer.decision().decidedBy(), Reason.TUNNEL_GONE);
            }
            one.drop(Reason.TUNNEL_GONE);
            answer.refused(Reason.TUNNEL_GONE);
            return;
        }
        FlowDecision decision = answer.decision();
        Reason obstacle =
                decision instanceof FlowDecision.Refuse refuse
                        ? refuse.reason()
                        : one.obstacle(decision);
        if (obstacle == null) {
            admit(one, ruling, answer);
            return;
        }
        tellRefused(one, decision.decidedBy(), obstacle);
        if (decision instanceof FlowDecision.Refuse refuse && !refuse.answered()) {
            one.drop(obstacle);
        } else {
            one.refuse(obstacle);
        }
        answer.refused(obstacle);
    }

    /** Looks at the clock. */
    void tick() {
        undecided.tick();
        contents.tick();
    }

    private void begin(Flow flow, Beginning one, Ruling ruling, Answer answer) {
        one.opened(flow);
        Reason failure =
                switch (flow.decision()) {
                    case FlowDecision.Upgrade upgrade ->
                            upgrade(flow, upgrade, one, ruling, answer);
                    case FlowDecision.Forward forward -> forwarder.open(flow, one.port(), forward);
                    case FlowDecision.Refuse refuse -> refuse.reason();
                };
        if (failure != null) {
            table.close(flow, failure);
            one.refuse(failure);
        } else {
            one.carry(flow);
        }
    }

    /** See {@link Beginning#upgrade}. */
    private Reason upgrade(
            Flow flow, FlowDecision.Upgrade upgrade, Beginning one, Ruling ruling, Answer answer) {
        int protocol = flow.key().protocol();
        if (protocol == IpProtocol.UDP) {
            switch (QuicUse.of(upgrade, ruling, upgraders.quic())) {
                case NONE -> {}
                case RELAY -> {
                    return one.upgrade(flow, upgrade, null);
                }
                case END -> {
                    return upgraders.openHttp3(
                            flow,
                            upgrade,
                            answer == null ? one.info() : answer.flow(),
                            ruling.proxying(),
                            ContentDecisions.requests(flow, ruling, policy.current()),
                            one.port());
                }
                case REFUSE -> {
                    return Reason.PROTOCOL_NOT_UPGRADABLE;
                }
            }
        }
        boolean said = ContentDecisions.decide(ruling, upgrade);
        if (upgrade.handler().equals(Policy.RELAY) || (said && protocol != IpProtocol.TCP)) {
            return one.upgrade(flow, upgrade, null);
        }
        FlowInfo info = answer == null ? one.info() : answer.flow();
        if (said) {
            Takeover takeover =
                    contents.takeover(
                            flow,
                            upgrade,
                            ruling,
                            (decision, proxying, facts, rules) ->
                                    upgraders.proxied(
                                            flow,
                                            decision,
                                            info,
                                            proxying,
                                            facts,
                                            rules,
                                            one.port()));
            return one.upgrade(flow, upgrade, takeover);
        }
        Reason obstacle = upgraders.obstacleToHandler(upgrade, protocol);
        if (obstacle != null) {
            return obstacle;
        }
        HookChain chain = answer == null ? undecided.chain() : answer.chain();
        Recipient recipient =
                WebHandlers.has(upgrade.handler())
                        ? upgraders.takeover(flow, upgrade, info, ruling.proxying(), one.port())
                        : chain.handle(upgrade.handler(), info);
        return recipient == null ? Reason.HANDLER_FAILED : one.upgrade(flow, upgrade, recipient);
    }
}
