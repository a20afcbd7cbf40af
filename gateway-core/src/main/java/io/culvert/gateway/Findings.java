package io.culvert.gateway;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.gateway.detect.Facts;
import io.culvert.gateway.explain.Explanation;
import io.culvert.gateway.explain.Question;
import io.culvert.gateway.explain.Stage;
import io.culvert.gateway.forward.ForwardedFlow;
import io.culvert.gateway.forward.Routes;
import io.culvert.gateway.policy.Action;
import io.culvert.gateway.policy.Mismatch;
import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.Rule;
import io.culvert.gateway.policy.Ruling;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.upgrade.Answers;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;
import io.culvert.wire.Prefix;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * What was found out so far about a flow, in words; at its end an {@link Explanation}.
 *
 * <p>Used by one thread at a time.
 */
final class Findings {
    private final Question question;
    private final String tunnelIn;
    private final List<Stage> stages = new ArrayList<>();
    private long flow;
    private String outcome = "";
    private String reason = "";
    private boolean answered;
    private String rule = "";
    private String ruleAt = "";
    private String offRamp = "";
    private String tunnel = "";
    private String outside = "";
    private String handler = "";
    private String result = "";

    Findings(Question question, String tunnelIn) {
        this.question = question;
        this.tunnelIn = tunnelIn;
    }

    Question question() {
        return question;
    }

    /** Whether it is known what becomes of the flow. */
    boolean isOver() {
        return !outcome.isEmpty();
    }

    Explanation explanation() {
        return new Explanation(
                question, tunnelIn, flow, stages, outcome, reason, answered, rule, ruleAt, offRamp,
                tunnel, outside, handler, result);
    }

    void stage(String name, String verdict, String text) {
        stages.add(new Stage(name, verdict, text));
    }

    void stage(String name, String verdict, String text, List<String> notes) {
        stages.add(new Stage(name, verdict, text, notes));
    }

    /** What plugins make of it. */
    void hooks(
            FlowDecision proposed, FlowDecision decided, List<String> asked, List<String> notes) {
        boolean same = decided.equals(proposed);
        stage(
                "hooks",
                same ? "pass" : word(decided),
                "asked: %s; %s"
                        .formatted(
                                String.join(", ", asked),
                                same ? "none objects" : "decided by " + decided.decidedBy()),
                notes);
        if (decided instanceof FlowDecision.Refuse refuse) {
            boolean told = refuse.answered() && Answers.isAnswered(refuse.reason());
            over(told ? "refuse" : "drop", refuse.reason(), told);
        }
        if (!same) {
            rule = decided.decidedBy();
            ruleAt = "";
        }
    }

    /** It ends here, and its sender is told where that reason is one to tell. */
    void refuse(String stage, Reason why, String text) {
        boolean told = Answers.isAnswered(why);
        stage(stage, "refused", text);
        over(told ? "refuse" : "drop", why, told);
    }

    /** It ends here without a word. */
    void drop(String stage, Reason why, String text) {
        stage(stage, "dropped", text);
        over("drop", why, false);
    }

    void challenge(int halfOpen) {
        stage(
                "opening",
                "doubtful",
                halfOpen + " connections of the tenant are half open; its sender is asked first");
        outcome = "challenge";
        reason = Reason.SYN_FLOOD.name();
        answered = true;
        result =
                "It is answered by a question that shows whether its sender exists, and opened when"
                        + " the SYN comes again.";
    }

    private void over(String how, Reason why, boolean told) {
        outcome = how;
        reason = why.name();
        answered = told;
        result =
                (told ? "It is refused, and its sender told: " : "It is dropped in silence: ")
                        + why.meaning()
                        + ".";
    }

    void ruling(Policy policy, Ruling ruling, String tenant, FlowKey key) {
        rule = ruling.name();
        ruleAt = ruling.where();
        List<String> notes = new ArrayList<>();
        for (Rule one : policy.rules()) {
            if (one.equals(ruling.rule())) {
                break;
            }
            notes.add(passedOver(one, tenant, key));
        }
        String who = ruling.rule() == null ? "no rule matches" : "rule \"" + rule + "\"";
        String text =
                "%s: %s%s"
                        .formatted(
                                who, ruling.text(), ruleAt.isEmpty() ? "" : "  (" + ruleAt + ")");
        if (ruling.asks()) {
            text += "; nothing is decided before the flow has said that";
        }
        if (ruling.audited() != null) {
            text += "; rule \"" + ruling.audited().name() + "\" in audit mode would refuse it";
        }
        stage("policy", ruling.asks() ? "ask" : word(ruling.decision()), text, notes);
        if (ruling.asks()) {
            asks(policy, ruling, tenant, key);
        }
        if (ruling.decision() instanceof FlowDecision.Refuse refuse) {
            boolean told = refuse.answered() && Answers.isAnswered(refuse.reason());
            over(told ? "refuse" : "drop", refuse.reason(), told);
        }
    }

    /** Says which rules may decide once the flow has spoken. */
    private void asks(Policy policy, Ruling ruling, String tenant, FlowKey key) {
        List<String> notes = new ArrayList<>();
        boolean before = true;
        for (Rule one : policy.rules()) {
            before &= !one.equals(ruling.rule());
            if (!before && mismatch(one, tenant, key) == null) {
                notes.add("may decide: rule \"%s\" %s".formatted(one.name(), one.text()));
            }
        }
        notes.add("else: default: " + word(policy.defaultAction()));
        boolean udp = key.protocol() == IpProtocol.UDP;
        stage(
                "first bytes",
                udp ? "wait" : "look",
                udp
                        ? "the flow's packets wait until QUIC's first flight is whole, %d s at most"
                                .formatted(ContentDecisions.PATIENCE.toSeconds())
                        : "the connection is made, and goes on by what its initiator says in %d s"
                                .formatted(ContentDecisions.PATIENCE.toSeconds()),
                notes);
    }

    private static String word(Action action) {
        return action.name().toLowerCase(Locale.ROOT);
    }

    private static Mismatch mismatch(Rule one, String tenant, FlowKey key) {
        return Mismatch.of(
                one,
                tenant,
                key.protocol(),
                key.sourceHigh(),
                key.sourceLow(),
                key.destinationHigh(),
                key.destinationLow(),
                key.destinationPort());
    }

    private static String passedOver(Rule one, String tenant, FlowKey key) {
        Mismatch mismatch = mismatch(one, tenant, key);
        String at = one.origin().toString();
        return "rule \"%s\"%s: %s"
                .formatted(
                        one.name(),
                        at.isEmpty() ? "" : "  (" + at + ")",
                        mismatch != null
                                ? "not its " + mismatch.word()
                                : one.isAudited() ? "in audit mode" : "not its hours");
    }

    private static String word(FlowDecision decision) {
        return switch (decision) {
            case FlowDecision.Refuse refuse -> refuse.answered() ? "reject" : "deny";
            case FlowDecision.Forward _ -> "forward";
            case FlowDecision.Upgrade _ -> "upgrade";
        };
    }

    /** Under an address of the gateway's. */
    void leavesAs(String address) {
        outside = address;
    }

    void leavesInto(String name, String text, List<Prefix> routes) {
        offRamp = Routes.TUNNELS;
        tunnel = name;
        stage(
                "off-ramp",
                Routes.TUNNELS,
                "into " + name + text,
                routes.stream().map(route -> "route " + route).sorted().toList());
    }

    void leavesBy(String name, String as, String how) {
        offRamp = name;
        outside = as;
        stage("off-ramp", name, "as " + as + ": " + how);
    }

    void leavesBySocket(String name, String text) {
        offRamp = name;
        stage("off-ramp", name, text);
    }

    void handler(String name) {
        handler = name;
        stage(
                "handler",
                name,
                switch (name) {
                    case Policy.RELAY -> "the two connections are joined";
                    case Policy.AUTO -> "what is said first decides how they go on";
                    default -> "gets the connection";
                });
    }

    /**
     * @param use what becomes of QUIC
     * @param others what becomes of anything else
     */
    void datagrams(String name, QuicUse use, String others) {
        handler = name;
        stage(
                "handler",
                name,
                switch (use) {
                    case END -> "QUIC ends here, as HTTP/3 (experimental)" + others;
                    case REFUSE ->
                            "QUIC is refused, since it cannot be inspected; clients that hear of it"
                                    + " use TCP"
                                    + others;
                    case RELAY, NONE -> "datagrams are relayed as they are";
                });
    }

    /** It goes out. */
    void carried(String how, String head, String tail) {
        outcome = how;
        StringBuilder text = new StringBuilder(head).append(" and leaves by ").append(offRamp);
        if (!tunnel.isEmpty()) {
            text.append(" into ").append(tunnel);
        }
        if (!outside.isEmpty()) {
            text.append(" as ").append(outside);
        }
        result = text.append(tail).append('.').toString();
    }

    /** It belongs to a flow that lives, whatever the policy says now. */
    void known(Flow live, boolean fromInitiator, Policy policy) {
        FlowDecision decision = live.decision();
        flow = live.id();
        rule = decision.decidedBy();
        policy.rules().stream()
                .filter(one -> one.name().equals(rule))
                .findFirst()
                .ifPresent(one -> ruleAt = one.origin().toString());
        String state = live.path() == null ? "opening" : live.path().state();
        stage(
                "flow",
                "known",
                "number %d, %s, on worker %d%s"
                        .formatted(
                                flow,
                                state,
                                live.worker(),
                                fromInitiator ? "" : "; the packet is its target's"),
                List.of(
                        "packets %d up, %d down"
                                .formatted(live.initiatorPackets(), live.targetPackets())));
        stage("policy", word(decision), "decided by \"" + rule + "\" when it opened");
        if (live.content() != null) {
            stage("first bytes", "known", live.content().text());
        }
        boolean fromOutside =
                live.path() instanceof ForwardedFlow forwarded && forwarded.isFromOutside();
        if (!fromOutside) {
            now(live, policy);
        }
        switch (decision) {
            case FlowDecision.Upgrade upgrade -> offRamp = upgrade.via();
            case FlowDecision.Forward forward -> offRamp = forward.via();
            case FlowDecision.Refuse _ -> {}
        }
        if (live.path() instanceof ForwardedFlow forwarded) {
            if (!fromOutside) {
                forwarded.offRamp().ifPresent(device -> offRamp = device.name());
            }
            forwarded.mapping().ifPresent(mapping -> outside = WayOut.outside(mapping));
        }
        stage(
                "off-ramp",
                offRamp,
                outside.isEmpty()
                        ? ""
                        : fromOutside ? "outside its target is " + outside : "as " + outside);
        if (decision instanceof FlowDecision.Upgrade upgrade
                && live.key().protocol() == IpProtocol.TCP) {
            handler(upgrade.handler());
        }
        outcome = word(decision);
        result = "It is one of flow %d and goes on as that does.".formatted(flow);
    }

    /** What the policy would say if the flow opened now. */
    private void now(Flow live, Policy policy) {
        Policy.Question question = Policy.Question.of(live);
        Ruling ruling = policy.decide(question);
        if (ruling.asks() && live.content() instanceof Facts facts) {
            ruling = policy.decide(question, facts);
        }
        if (!ruling.decision().equals(live.decision())) {
            stage(
                    "policy now",
                    word(ruling.decision()),
                    "for a new flow \"%s\" decides: %s  %s"
                            .formatted(ruling.name(), ruling.text(), ruling.where())
                            .strip());
        }
    }

    /** The question whose answer a live flow is. */
    static Question questionOf(Flow flow) {
        FlowKey key = flow.key();
        return new Question(
                flow.tenant().name(),
                new IpAddress(key.sourceHigh(), key.sourceLow()).toString(),
                key.sourcePort(),
                new IpAddress(key.destinationHigh(), key.destinationLow()).toString(),
                key.destinationPort(),
                key.protocol(),
                "");
    }

    /** An address and port. */
    static String side(long high, long low, int port) {
        IpAddress address = new IpAddress(high, low);
        return address.isIpv4() ? address + ":" + port : "[" + address + "]:" + port;
    }
}
