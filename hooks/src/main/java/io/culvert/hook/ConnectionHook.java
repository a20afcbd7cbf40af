package io.culvert.hook;

/**
 * Asked when a TCP flow is to become a socket, after every {@link FlowHook} and before anybody is
 * dialed. Threads and failures are as there.
 */
@FunctionalInterface
public interface ConnectionHook {
    /**
     * Decides about a connection.
     *
     * @param request the connection, and who would get it
     * @return not {@code null}, which is a failure
     * @throws Exception costs the flow
     */
    ConnectionVerdict opened(ConnectionRequest request) throws Exception;
}
