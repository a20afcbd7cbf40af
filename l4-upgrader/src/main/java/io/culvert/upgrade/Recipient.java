package io.culvert.upgrade;

/**
 * Who gets one flow's upgraded TCP connection in place of the relay: somebody who blocks, on a
 * thread ({@link Handling}), or somebody who is told of events, on the worker ({@link Takeover}).
 *
 * <pre>
 *   given to {@link TcpUpgrader} --> begun, at most once --> over, once
 * </pre>
 */
public sealed interface Recipient permits Handling, Takeover {
    /**
     * Whether the initiator is answered before anybody is dialed. Asked on the worker, once: known
     * by then, for nothing may block there.
     */
    boolean answersFirst();

    /**
     * Nothing is called any more: whoever had the connection has left it, or there was none. On any
     * thread; must not block.
     */
    void over();
}
