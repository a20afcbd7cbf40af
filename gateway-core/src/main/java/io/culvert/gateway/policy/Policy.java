package io.culvert.gateway.policy;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.RateLimits;
import io.culvert.flow.SourceLimiters;
import io.culvert.gateway.detect.Facts;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.wire.IpAddress;

import java.time.InstantSource;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The operator's rules, compiled: the first rule that matches decides, else the default does.
 *
 * <p>Asked once per flow, when it opens. An answer is one of the few objects made when the policy
 * was, so asking allocates nothing, and it changes nothing either: who wants to know what would
 * happen may ask as well. Immutable.
 */
public final class Policy {
    /** The handler of an upgraded flow when a rule names none: joins it to a socket. */
    public static final String RELAY = "relay";

    /** The handler that speaks HTTP. */
    public static final String HTTP = "http";

    /** The handler that goes by what is said first. */
    public static final String AUTO = "auto";

    /** What is done while a flow is asked that nobody upgrades otherwise. */
    private static final FlowDecision.Upgrade MEANWHILE =
            new FlowDecision.Upgrade(Ruling.DEFAULT, RELAY, Action.UPGRADE.defaultOffRamp());

    /** The handlers that need no plugin. */
    public static final List<String> OWN_HANDLERS = List.of(RELAY, HTTP, AUTO);

    private final Action defaultAction;
    private final List<Rule> rules;
    private final RuleIndex index;
    private final CompiledRule[] compiled;
    private final Ruling otherwise;
    private final Ruling otherwiseUnlessUpgradable;
    private final InstantSource clock;

    /** Null where no rule needs them. */
    private final SourceLimiters sources;

    // Made once, for asking is to allocate nothing.
    private final RuleIndex.Counts inForce = this::isInForce;
    private final RuleIndex.Counts deciding = this::isDeciding;

    /** Compiles the rules; {@linkplain When hours} go by the system's clock. */
    public Policy(Action defaultAction, List<Rule> rules) {
        this(defaultAction, rules, InstantSource.system());
    }

    /**
     * Compiles the rules.
     *
     * @param defaultAction for flows that no rule matches; upgrading applies to TCP, UDP and echo,
     *     other protocols are then forwarded
     * @param rules in order of precedence
     * @param clock for rules with {@linkplain When hours}
     */
    public Policy(Action defaultAction, List<Rule> rules, InstantSource clock) {
        this.defaultAction = defaultAction;
        this.rules = List.copyOf(rules);
        this.clock = clock;
        index = new RuleIndex(this.rules);
        sources = needsSources() ? new SourceLimiters() : null;
        compiled =
                this.rules.stream()
                        .map(rule -> new CompiledRule(rule, limits(rule, sources)))
                        .toArray(CompiledRule[]::new);
        otherwise = byDefault(defaultAction);
        otherwiseUnlessUpgradable =
                defaultAction == Action.UPGRADE ? byDefault(Action.FORWARD) : otherwise;
    }

    private boolean needsSources() {
        return rules.stream()
                .anyMatch(
                        rule ->
                                rule.terms()
                                        .quota()
                                        .filter(quota -> quota.per() == RateLimits.Per.SOURCE)
                                        .isPresent());
    }

    private static RateLimits limits(Rule rule, SourceLimiters sources) {
        return rule.terms()
                .quota()
                .map(quota -> new RateLimits(quota.per(), quota.allowance(), sources))
                .orElse(null);
    }

    private Policy(
            Policy other, InstantSource clock, CompiledRule[] compiled, SourceLimiters sources) {
        defaultAction = other.defaultAction;
        rules = other.rules;
        index = other.index;
        this.compiled = compiled;
        this.sources = sources;
        otherwise = other.otherwise;
        otherwiseUnlessUpgradable = other.otherwiseUnlessUpgradable;
        this.clock = clock;
    }

    /** The same policy as it is at another time. */
    public Policy at(InstantSource time) {
        return new Policy(this, time, compiled, sources);
    }

    /**
     * The same policy in the place of another: rules that both have by one name and with one rate
     * go on counting where they are, and what lives counts.
     */
    public Policy following(Policy before) {
        Map<String, CompiledRule> earlier = new HashMap<>();
        for (CompiledRule rule : before.compiled) {
            earlier.put(rule.rule().name(), rule);
        }
        // Of sources there is one table, however often the policy changes.
        SourceLimiters shared = before.sources != null ? before.sources : sources;
        CompiledRule[] following = new CompiledRule[compiled.length];
        for (int i = 0; i < compiled.length; i++) {
            Rule rule = rules.get(i);
            CompiledRule same = earlier.get(rule.name());
            following[i] =
                    new CompiledRule(
                            rule,
                            same != null && same.hasRateOf(rule)
                                    ? same.limits()
                                    : limits(rule, shared));
        }
        return new Policy(this, clock, following, shared);
    }

    /** How many flows each rule in audit mode would have refused, by its name. */
    public Map<String, Long> wouldRefuse() {
        Map<String, Long> counts = new LinkedHashMap<>();
        for (CompiledRule rule : compiled) {
            if (rule.isAudited()) {
                counts.put(rule.rule().name(), rule.wouldRefuseCount());
            }
        }
        return counts;
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
     * A flow to ask about.
     *
     * @param tenant by name; the key's number of it is not looked at, nor is the initiator's port
     * @param flow which is not set again
     */
    public record Question(String tenant, FlowKey flow) {
        /**
         * One that no packet is there of.
         *
         * @param protocol IP protocol number, 0 to 255
         * @param port the target's; not looked at for protocols that have none
         */
        public Question(
                String tenant, int protocol, IpAddress source, IpAddress destination, int port) {
            this(
                    tenant,
                    new FlowKey()
                            .set(
                                    0,
                                    protocol,
                                    source.high(),
                                    source.low(),
                                    0,
                                    destination.high(),
                                    destination.low(),
                                    port));
        }

        /** The question whose answer a live flow is. */
        public static Question of(Flow flow) {
            return new Question(flow.tenant().name(), flow.key());
        }
    }

    /** What becomes of a flow. */
    public Ruling decide(Question question) {
        return decide(question.tenant(), question.flow());
    }

    /**
     * The first rule with hours that has a say in what becomes of a flow, at whatever time; {@code
     * null} where none has.
     */
    public Rule firstWithHours(Question question) {
        int rule =
                index.first(
                        question, 0, each -> !compiled[each].isAudited() && !compiled[each].asks());
        // One in audit mode decides nothing, and may still have been what would have.
        int any = index.first(question, 0, each -> rules.get(each).terms().when().isPresent());
        return any < 0 || (rule >= 0 && rule < any) ? null : rules.get(any);
    }

    /**
     * What becomes of a flow.
     *
     * @param tenant whose flow it is, by name
     * @param flow as {@link Question#flow}, but not kept: it may be set again
     */
    public Ruling decide(String tenant, FlowKey flow) {
        return walk(tenant, flow, inForce, deciding, true);
    }

    /**
     * What becomes of a flow now that it is known what it says first.
     *
     * @param facts as far as they are known: a rule that asks about requests which are encrypted
     *     matches where it has them decrypted, and is then asked about each
     */
    public Ruling decide(Question question, Facts facts) {
        RuleIndex.Counts met = rule -> isInForce(rule) && compiled[rule].meets(facts);
        return walk(
                question.tenant(),
                question.flow(),
                met,
                rule -> !compiled[rule].isAudited() && met.counts(rule),
                false);
    }

    /**
     * The first rule that counts decides, unless it is in audit mode: then the first that can.
     *
     * @param counting rules, if they match
     * @param able those of them that decide, or ask
     * @param mayAsk whether rules that ask what the flow says have yet to be told
     */
    private Ruling walk(
            String tenant,
            FlowKey flow,
            RuleIndex.Counts counting,
            RuleIndex.Counts able,
            boolean mayAsk) {
        int first = index.first(tenant, flow, 0, counting);
        boolean asks = first >= 0 && mayAsk && compiled[first].asks();
        if (asks || first < 0 || !compiled[first].isAudited()) {
            return ruling(first, tenant, flow, mayAsk);
        }
        int next = index.first(tenant, flow, first + 1, able);
        Ruling ruling = ruling(next, tenant, flow, mayAsk);
        return ruling.asks() ? ruling : ruling.after(compiled[first].ruling(flow.protocol()));
    }

    private Ruling ruling(int rule, String tenant, FlowKey flow, boolean mayAsk) {
        return mayAsk && rule >= 0 && compiled[rule].asks()
                ? asking(rule, tenant, flow)
                : ruling(rule, flow.protocol());
    }

    /** What is done of a rule that asks until it is known what the flow says. */
    private Ruling asking(int rule, String tenant, FlowKey flow) {
        if (flow.protocol() != Protocol.TCP.number()) {
            // Its packets wait, and it is no flow yet.
            return compiled[rule].asking(MEANWHILE);
        }
        int next = rule;
        while (next >= 0 && !compiled[next].upgrades()) {
            next = index.first(tenant, flow, next + 1, inForce);
        }
        FlowDecision towards = ruling(next, flow.protocol()).decision();
        return compiled[rule].asking(
                towards instanceof FlowDecision.Upgrade upgrade ? upgrade : MEANWHILE);
    }

    /** Whether any rule asks about HTTP requests. */
    public boolean asksAboutRequests() {
        for (CompiledRule rule : compiled) {
            if (rule.asksAboutRequests()) {
                return true;
            }
        }
        return false;
    }

    /** Whether a handler is none of a plugin's. */
    public static boolean isBuiltIn(String handler) {
        return OWN_HANDLERS.contains(handler);
    }

    private Ruling ruling(int rule, int protocol) {
        if (rule >= 0) {
            return compiled[rule].ruling(protocol);
        }
        return Protocol.isUpgradable(protocol) ? otherwise : otherwiseUnlessUpgradable;
    }

    private boolean isInForce(int rule) {
        return compiled[rule].isInForce(clock);
    }

    private boolean isDeciding(int rule) {
        return (!compiled[rule].isAudited() || compiled[rule].asks())
                && compiled[rule].isInForce(clock);
    }

    /** Which rules match what; for whoever compares them. */
    RuleIndex index() {
        return index;
    }
}
