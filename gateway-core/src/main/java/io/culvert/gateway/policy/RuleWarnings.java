package io.culvert.gateway.policy;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Rules that say nothing, because of earlier ones.
 *
 * <p>What is found is certain: an earlier rule matches whatever the later one does, or whatever it
 * does by one entry of a list. What is not: several earlier rules that take all of a later one's
 * flows between them, hours that another rule's contain, rules that the default makes needless.
 */
public final class RuleWarnings {
    /** Beyond so many entries a list was made by a program. */
    private static final int LONGEST_LIST = 64;

    private static final int MOST = 20;

    private final List<Rule> rules;
    private final RuleIndex index;
    private final List<Warning> found = new ArrayList<>();

    /** A sentence about a rule. */
    public record Warning(Rule rule, String message) {}

    private RuleWarnings(Policy policy) {
        rules = policy.rules();
        index = policy.index();
    }

    /** In the rules' order; where there are many, the last one says how many more there are. */
    public static List<Warning> of(Policy policy) {
        RuleWarnings warnings = new RuleWarnings(policy);
        for (int i = 0; i < warnings.rules.size(); i++) {
            warnings.look(i);
        }
        List<Warning> found = warnings.found;
        if (found.size() <= MOST) {
            return List.copyOf(found);
        }
        List<Warning> shown = new ArrayList<>(found.subList(0, MOST));
        shown.add(
                new Warning(
                        found.get(MOST).rule,
                        "%d more such rules from here on".formatted(found.size() - MOST)));
        return shown;
    }

    private void look(int number) {
        Rule rule = rules.get(number);
        Reach reach = index.reach(number);
        if (reach.isEmpty()) {
            warn(
                    rule,
                    "can never match: no flow has a source and a destination of two families of"
                            + " addresses");
            return;
        }
        Rule cover = cover(number, rule, reach);
        if (cover != null) {
            warn(rule, "can never match: %s matches all of it first".formatted(named(cover)));
            return;
        }
        Map<Rule, List<String>> dead = new LinkedHashMap<>();
        entries(number, rule.tenants(), "tenant", one -> with(rule, "tenant", one), dead);
        entries(number, rule.sources(), "source", one -> with(rule, "source", one), dead);
        entries(
                number,
                rule.destinations(),
                "destination",
                one -> with(rule, "destination", one),
                dead);
        entries(number, rule.protocols(), "protocol", one -> with(rule, "protocol", one), dead);
        entries(number, rule.ports(), "ports", one -> with(rule, "ports", one), dead);
        dead.forEach(
                (by, entries) ->
                        warn(
                                rule,
                                "never matches %s: %s %s that first"
                                        .formatted(
                                                String.join(", ", entries),
                                                named(by),
                                                by.refuses() ? "refuses" : "carries")));
    }

    private void warn(Rule rule, String message) {
        found.add(new Warning(rule, "rule \"%s\" %s".formatted(rule.name(), message)));
    }

    private static String named(Rule rule) {
        return "rule \"%s\"%s"
                .formatted(
                        rule.name(),
                        rule.origin().line() == 0 ? "" : " on line " + rule.origin().line());
    }

    private <T> void entries(
            int number,
            List<T> list,
            String key,
            Function<T, Rule> only,
            Map<Rule, List<String>> dead) {
        if (list.size() < 2 || list.size() > LONGEST_LIST) {
            return;
        }
        for (T one : list) {
            Rule narrow = only.apply(one);
            Reach reach = Reach.of(narrow);
            Rule cover = reach.isEmpty() ? null : cover(number, narrow, reach);
            // One that does the same is merely said twice.
            if (cover != null && cover.refuses() != narrow.refuses()) {
                String text = one instanceof Integer protocol ? Protocol.word(protocol) : "" + one;
                dead.computeIfAbsent(cover, _ -> new ArrayList<>()).add(key + " " + text);
            }
        }
    }

    /** The rule with one entry in that list. */
    private static <T> Rule with(Rule rule, String key, T entry) {
        return new Rule(
                rule.name(),
                list(key, "tenant", entry, rule.tenants()),
                list(key, "source", entry, rule.sources()),
                list(key, "destination", entry, rule.destinations()),
                list(key, "protocol", entry, rule.protocols()),
                list(key, "ports", entry, rule.ports()),
                rule.action(),
                rule.handler(),
                rule.via(),
                rule.terms(),
                rule.origin());
    }

    @SuppressWarnings("unchecked")
    private static <T> List<T> list(String key, String name, Object entry, List<T> whole) {
        return key.equals(name) ? List.of((T) entry) : whole;
    }

    /**
     * The first rule before that one that matches all of that and decides; {@code null} for none.
     */
    private Rule cover(int number, Rule rule, Reach reach) {
        // Whoever matches all matches any one of it.
        Policy.Question any = reach.example();
        for (int i = index.first(any, 0, _ -> true);
                i >= 0 && i < number;
                i = index.first(any, i + 1, _ -> true)) {
            Rule earlier = rules.get(i);
            boolean always =
                    earlier.terms().when().isEmpty()
                            || earlier.terms().when().equals(rule.terms().when());
            boolean whateverIsSaid =
                    earlier.terms().content().isAny()
                            || earlier.terms().content().equals(rule.terms().content());
            if (always && whateverIsSaid && !earlier.isAudited() && index.reach(i).covers(reach)) {
                return earlier;
            }
        }
        return null;
    }
}
