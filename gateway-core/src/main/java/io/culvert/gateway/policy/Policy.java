package io.culvert.gateway.policy;

import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;

import java.util.List;

/**
 * The operator's rules, compiled: the first rule that matches decides, else the default does.
 *
 * <p>Asked once per flow, when it opens. An answer is one of the few objects made when the policy
 * was, so asking allocates nothing. Immutable.
 */
public final class Policy {
    /** The handler of an upgraded flow when a rule names none: joins it to a socket. */
    public static final String RELAY = "relay";

    private static final String DEFAULT = "default";

    private final Action defaultAction;
    private final List<Rule> rules;
    private final CompiledRule[] compiled;
    private final FlowDecision otherwise;
    private final FlowDecision otherwiseUnlessUpgradable;

    /**
     * Compiles the rules.
     *
     * @param defaultAction for flows that no rule matches; upgrading applies to TCP, UDP and echo,
     *     other protocols are then forwarded
     * @param rules in order of precedence
     */
    public Policy(Action defaultAction, List<Rule> rules) {
        this.defaultAction = defaultAction;
        this.rules = List.copyOf(rules);
        compiled = this.rules.stream().map(CompiledRule::new).toArray(CompiledRule[]::new);
        FlowDecision forward = new FlowDecision.Forward(DEFAULT, Action.FORWARD.defaultOffRamp());
        otherwise =
                switch (defaultAction) {
                    case DENY -> new FlowDecision.Refuse(DEFAULT, Reason.POLICY_DEFAULT, false);
                    case REJECT -> new FlowDecision.Refuse(DEFAULT, Reason.POLICY_DEFAULT, true);
                    case FORWARD -> forward;
                    case UPGRADE ->
                            new FlowDecision.Upgrade(
                                    DEFAULT, RELAY, Action.UPGRADE.defaultOffRamp());
                };
        otherwiseUnlessUpgradable = defaultAction == Action.UPGRADE ? forward : otherwise;
    }

    public Action defaultAction() {
        return defaultAction;
    }

    /** In order of precedence. */
    public List<Rule> rules() {
        return rules;
    }

    /**
     * What becomes of a flow.
     *
     * @param tenant whose flow it is
     * @param protocol IP protocol number, 0 to 255
     * @param sourceHigh the initiator's address, upper half; IPv4 addresses are in mapped form
     * @param destinationPort the target's port; not looked at for protocols that have none
     */
    public FlowDecision decide(
            String tenant,
            int protocol,
            long sourceHigh,
            long sourceLow,
            long destinationHigh,
            long destinationLow,
            int destinationPort) {
        for (CompiledRule rule : compiled) {
            FlowDecision decision =
                    rule.decide(
                            tenant,
                            protocol,
                            sourceHigh,
                            sourceLow,
                            destinationHigh,
                            destinationLow,
                            destinationPort);
            if (decision != null) {
                return decision;
            }
        }
        return Protocol.isUpgradable(protocol) ? otherwise : otherwiseUnlessUpgradable;
    }
}
