package io.culvert.hook;

/**
 * Chooses which way an upgraded TCP or UDP flow leaves, after every other hook. Threads and
 * failures are as of {@link FlowHook}.
 */
@FunctionalInterface
public interface EgressHook {
    /**
     * Chooses.
     *
     * @param request the flow, and the way that it would leave
     * @return {@code request.proposed()}, or another
     * @throws Exception costs the flow
     */
    Egress choose(EgressRequest request) throws Exception;
}
