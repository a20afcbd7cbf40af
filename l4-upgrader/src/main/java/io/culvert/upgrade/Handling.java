package io.culvert.upgrade;

import io.culvert.hook.Connection;
import io.culvert.hook.ConnectionHandler;
import io.culvert.hook.FlowInfo;

/**
 * A {@link ConnectionHandler} that gets one flow's upgraded TCP connection, and what has to be
 * known to call it.
 *
 * <pre>
 *   given to {@link TcpUpgrader} --> handle, at most once --> failed, where that threw --> over, once
 * </pre>
 */
public non-sealed interface Handling extends Recipient {
    /** For {@link Connection#flow}. */
    FlowInfo flow();

    /**
     * Handles the connection; on a virtual thread of its own, which may be interrupted when the
     * gateway ends the connection.
     *
     * @see ConnectionHandler#handle
     */
    void handle(Connection connection) throws Exception;

    /**
     * {@link #handle} has failed by itself: by anything that it throws but an I/O error of a
     * connection that was over, and a refusal. On its thread.
     */
    void failed(Throwable failure);
}
