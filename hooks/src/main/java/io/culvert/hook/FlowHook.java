package io.culvert.hook;

/**
 * Asked once for each flow that the operator's rules carry; what they refuse stays refused. Plugins
 * are asked in the configuration's order, each with what the ones before have made of it.
 *
 * <p>Called on a virtual thread, for many flows at once, and may block until the plugin's deadline,
 * while the flow's first packets wait. A failure, or no answer in time, costs this one flow: it is
 * refused, or goes on where the plugin has {@code on-failure: accept}.
 */
@FunctionalInterface
public interface FlowHook {
    /**
     * Decides about a flow.
     *
     * @param request the flow, and what would become of it
     * @return not {@code null}, which is a failure
     * @throws Exception see above
     */
    FlowVerdict opened(FlowRequest request) throws Exception;

    /**
     * A flow that {@link #opened} has answered with a {@link FlowVerdict.Carry} is over: called
     * exactly once for each (explained ones excepted), also where a later hook, a limit or the
     * target refuses it. Called on a virtual thread some time after, one call at a time. {@code
     * flow.flow().context()} has all that was added to the flow.
     *
     * @param flow how it ended, and what it carried until then; all zero where it carried nothing
     */
    default void closed(FlowSummary flow) {}
}
