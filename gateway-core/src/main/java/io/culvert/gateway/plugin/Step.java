package io.culvert.gateway.plugin;

import io.culvert.hook.ConnectionRequest;
import io.culvert.hook.ConnectionVerdict;
import io.culvert.hook.Egress;
import io.culvert.hook.EgressRequest;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.FlowRequest;
import io.culvert.hook.FlowVerdict;
import io.culvert.hook.Reason;

/**
 * One hook of one plugin, on a flow's way through all of them. Immutable.
 *
 * @param ways what its answers may name
 */
record Step(LoadedPlugin plugin, HookTimes.Hook hook, WaysOut ways) {
    /** Of words that a plugin has for its decisions. */
    private static final int LONGEST_WORDS = 200;

    /** Whether the hook is asked about such a flow. */
    boolean applies(Draft draft) {
        if (!(draft.decision() instanceof FlowDecision.Upgrade)) {
            return hook == HookTimes.Hook.FLOW;
        }
        int protocol = draft.flow().protocol();
        return switch (hook) {
            case FLOW -> true;
            case CONNECTION -> protocol == FlowInfo.TCP;
            case EGRESS -> protocol == FlowInfo.TCP || protocol == FlowInfo.UDP;
            case TUNNEL, CLOSED, HANDLER, HTTP -> false;
        };
    }

    /**
     * Asks the plugin.
     *
     * @throws Exception what it threw, or a {@link PluginException} where its answer cannot be
     */
    Draft ask(Draft draft, boolean explained) throws Exception {
        Draft after =
                switch (hook) {
                    case FLOW -> askFlow(draft, explained);
                    case CONNECTION -> askConnection(draft, explained);
                    case EGRESS -> askEgress(draft, explained);
                    case TUNNEL, CLOSED, HANDLER, HTTP -> throw new IllegalStateException();
                };
        ways.check(draft.flow().protocol(), after.decision());
        return after;
    }

    private Draft askFlow(Draft draft, boolean explained) throws Exception {
        FlowVerdict verdict =
                plugin.hooks()
                        .flow()
                        .orElseThrow()
                        .opened(new FlowRequest(draft.flow(), draft.decision(), explained));
        return switch (answered(verdict)) {
            case FlowVerdict.Refuse(String why, boolean told) -> refused(draft, why, told);
            case FlowVerdict.Carry carry ->
                    draft.decided(decision(draft.decision(), carry.how()))
                            .with(carry.context())
                            .limitedTo(carry.rate())
                            .carriedBy(plugin);
        };
    }

    private FlowDecision decision(FlowDecision proposed, FlowVerdict.How how) {
        return switch (how) {
            case FlowVerdict.How.AsProposed() -> proposed;
            case FlowVerdict.How.Forward(String via) ->
                    new FlowDecision.Forward(plugin.name(), via);
            case FlowVerdict.How.Upgrade(String handler, String via) ->
                    new FlowDecision.Upgrade(plugin.name(), handler, via);
        };
    }

    private Draft askConnection(Draft draft, boolean explained) throws Exception {
        FlowDecision.Upgrade upgrade = (FlowDecision.Upgrade) draft.decision();
        ConnectionVerdict verdict =
                plugin.hooks()
                        .connection()
                        .orElseThrow()
                        .opened(new ConnectionRequest(draft.flow(), upgrade.handler(), explained));
        return switch (answered(verdict)) {
            case ConnectionVerdict.Accept() -> draft;
            case ConnectionVerdict.Refuse(String why) -> refused(draft, why, true);
            case ConnectionVerdict.Handle(String handler) ->
                    draft.decided(
                            new FlowDecision.Upgrade(
                                    plugin.name(),
                                    handler,
                                    upgrade.via(),
                                    upgrade.upstream(),
                                    upgrade.source()));
        };
    }

    private Draft askEgress(Draft draft, boolean explained) throws Exception {
        FlowDecision.Upgrade upgrade = (FlowDecision.Upgrade) draft.decision();
        Egress proposed = new Egress(upgrade.via(), upgrade.upstream(), upgrade.source());
        Egress chosen =
                answered(
                        plugin.hooks()
                                .egress()
                                .orElseThrow()
                                .choose(new EgressRequest(draft.flow(), proposed, explained)));
        return chosen.equals(proposed)
                ? draft
                : draft.decided(
                        new FlowDecision.Upgrade(
                                plugin.name(),
                                upgrade.handler(),
                                chosen.via(),
                                chosen.upstream(),
                                chosen.source()));
    }

    private Draft refused(Draft draft, String why, boolean told) {
        return draft.decided(
                new FlowDecision.Refuse(plugin.name() + words(why), Reason.HOOK_REFUSED, told));
    }

    private static String words(String why) {
        String line = line(why);
        return line.isEmpty() ? "" : ": " + line;
    }

    /** A plugin's words on one line of bounded length; it may quote what clients send. */
    static String line(String why) {
        String line = why.replaceAll("\\p{Cntrl}+", " ").strip();
        return line.substring(0, Math.min(line.length(), LONGEST_WORDS));
    }

    private static <T> T answered(T verdict) throws PluginException {
        if (verdict == null) {
            throw new PluginException("it answered null");
        }
        return verdict;
    }

    /** What becomes of a flow that the plugin gave no answer for. */
    Draft failed(Draft draft, Reason reason) {
        return plugin.entry().failsOpen()
                ? draft
                // Silent: whoever asks again may be answered.
                : draft.decided(new FlowDecision.Refuse(plugin.name(), reason, false));
    }
}
