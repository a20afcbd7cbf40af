package io.culvert.gateway.policy;

import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;

/**
 * Rules that would decide too late: a TCP connection whose rule asks what it says has been upgraded
 * and, maybe, dialed by then, so that it can neither be forwarded nor leave by another off-ramp,
 * nor be a plugin's.
 *
 * <p>Certain are only those that may decide about the same connection: the rules after the first
 * one that asks, down to the one that leaves none of its connections to the others.
 */
public final class LateRules {
    private final Policy policy;
    private final BiConsumer<Integer, String> problems;

    private LateRules(Policy policy, BiConsumer<Integer, String> problems) {
        this.policy = policy;
        this.problems = problems;
    }

    /**
     * Looks for them.
     *
     * @param problems told of a rule by its index, which is that of the rule that asks where the
     *     policy's default is too late, with a sentence; once of each
     */
    public static void find(Policy policy, BiConsumer<Integer, String> problems) {
        new LateRules(policy, problems).find();
    }

    private void find() {
        List<Rule> rules = policy.rules();
        List<Integer> told = new ArrayList<>();
        for (int i = 0; i < rules.size(); i++) {
            if (!rules.get(i).terms().content().isAny() && isTcp(i)) {
                follow(i, told);
            }
        }
    }

    private boolean isTcp(int rule) {
        return policy.index().reach(rule).protocols().get(Protocol.TCP.number());
    }

    private void follow(int asking, List<Integer> told) {
        List<Rule> rules = policy.rules();
        Reach reach = policy.index().reach(asking);
        Rule first = rules.get(asking);
        String via = first.action() == Action.UPGRADE ? first.via() : "";
        for (int i = asking + 1; i < rules.size(); i++) {
            Rule rule = rules.get(i);
            if (!isTcp(i) || !reach.meets(policy.index().reach(i))) {
                continue;
            }
            String problem = problem(first, rule.action(), rule.handler(), rule.via(), via);
            if (problem != null) {
                if (!told.contains(i)) {
                    told.add(i);
                    problems.accept(i, "rule \"%s\" %s".formatted(rule.name(), problem));
                }
                return;
            }
            if (via.isEmpty() && rule.action() == Action.UPGRADE) {
                via = rule.via();
            }
            if (leavesNone(rule) && policy.index().reach(i).coversTcp(reach)) {
                return;
            }
        }
        Action last = policy.defaultAction();
        String handler = last == Action.UPGRADE ? Policy.RELAY : "";
        String problem = problem(first, last, handler, last.defaultOffRamp(), via);
        if (problem != null && !told.contains(asking)) {
            told.add(asking);
            problems.accept(asking, "the policy's default " + problem);
        }
    }

    private static boolean leavesNone(Rule rule) {
        return rule.terms().content().isAny() && rule.terms().when().isEmpty() && !rule.isAudited();
    }

    private static String problem(
            Rule first, Action action, String handler, String ramp, String via) {
        String asked = "of which rule \"" + first.name() + "\" asks what they say first";
        if (action == Action.FORWARD) {
            return "cannot forward TCP connections " + asked + ": they are upgraded by then";
        }
        if (action == Action.UPGRADE && !Policy.isBuiltIn(handler)) {
            return "cannot give a plugin TCP connections " + asked;
        }
        if (action == Action.UPGRADE && !via.isEmpty() && !ramp.equals(via)) {
            return "cannot have TCP connections leave by \"%s\" %s: they are on their way by \"%s\""
                    .formatted(ramp, asked, via);
        }
        return null;
    }
}
