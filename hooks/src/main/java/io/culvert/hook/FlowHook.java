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
     * @throws Exception see above
     */
    FlowVerdict opened(FlowRequest request) throws Exception;

    /** A flow that was carried has ended. Called on a virtual thread, some time after. */
    default void closed(FlowSummary flow) {}
}
