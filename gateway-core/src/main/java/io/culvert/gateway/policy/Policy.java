package io.culvert.gateway.policy;

import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;

import java.util.List;
import java.util.Locale;

/**
 * The operator's rules, compiled: the first rule that matches decides, else the default does.
 *
 * <p>Asked once per flow, when it opens. An answer is one of the few objects made when the policy
 * was, so asking allocates nothing. Immutable.
 */
public final class Policy {
    /** The handler of an upgraded flow when a rule names none: joins it to a socket. */
    public static final String RELAY = "relay";

    private final Action defaultAction;
    private final List<Rule> rules;
    private final CompiledRule[] compiled;
    private final Ruling otherwise;
    private final Ruling otherwiseUnlessUpgradable;

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
        otherwise = byDefault(defaultAction);
        otherwiseUnlessUpgradable =
                defaultAction == Action.UPGRADE ? byDefault(Action.FORWARD) : otherwise;
    }

    private static Ruling byDefault(Action action) {
        String name = Ruling.DEFAULT;
        FlowDecision decision =
                switch (action) {
                    case DENY -> new FlowDecision.Refuse(name, Reason.POLICY_DEFAULT, false);
                    case REJECT -> new FlowDecision.Refuse(name, Reason.POLICY_DEFAULT, true);
                    case FORWARD -> new FlowDecision.Forward(name, Action.FORWARD.defaultOffRamp());
                    case UPGRADE ->
                            new FlowDecision.Upgrade(name, RELAY, Action.UPGRADE.defaultOffRamp());
                };
        return Ruling.ofDefault(decision, "default: " + action.name().toLowerCase(Locale.ROOT));
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
    public Ruling decide(
            String tenant,
            int protocol,
            long sourceHigh,
            long sourceLow,
            long destinationHigh,
            long destinationLow,
            int destinationPort) {
        for (CompiledRule rule : compiled) {
            Ruling ruling =
                    rule.decide(
                            tenant,
                            protocol,
                            sourceHigh,
                            sourceLow,
                            destinationHigh,
                            destinationLow,
                            destinationPort);
            if (ruling != null) {
                return ruling;
            }
        }
        return Protocol.isUpgradable(protocol) ? otherwise : otherwiseUnlessUpgradable;
    }
}
