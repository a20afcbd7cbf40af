package io.culvert.upgrade;

import io.culvert.hook.Connection;
import io.culvert.hook.ConnectionHandler;
import io.culvert.hook.FlowInfo;

/**
 * Who gets one flow's upgraded TCP connection in place of the relay: a {@link ConnectionHandler}
 * and what has to be known to call it.
 *
 * <pre>
 *   given to {@link TcpUpgrader} --> handle, at most once --> failed, where that threw --> over, once
 * </pre>
 */
public interface Handling {
    /** For {@link Connection#flow}. */
    FlowInfo flow();

    /**
     * Whether the initiator is answered before anybody is dialed. Asked on the worker, once: known
     * by then, for nothing may block there.
     */
    boolean answersFirst();

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

    /**
     * Nothing is called any more: the handler has returned, or there was no connection for it. On
     * any thread; must not block.
     */
    void over();
}
