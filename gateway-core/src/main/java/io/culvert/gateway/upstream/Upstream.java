package io.culvert.gateway.upstream;

/**
 * Where requests go: a group of servers that the configuration names, or the target that a flow is
 * for.
 *
 * <p>Threading: any thread; nothing here blocks.
 */
public interface Upstream {
    /** As in the configuration; the address and port of a flow's own target. */
    String name();

    /**
     * Chooses a server for one request, or for one connection that is relayed as it is. What comes
     * back as a {@link Pick} is counted as a live request until {@link Pick#released}.
     *
     * @param request a retry where it has been tried elsewhere before: see {@link
     *     PickRequest#after}
     */
    Choice pick(PickRequest request);
}
