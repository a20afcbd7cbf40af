package io.culvert.hook;

import java.io.IOException;

/**
 * A TCP flow that has become a socket. Threading: the two directions may be used by one thread
 * each; whoever waits wakes up when the connection ends.
 */
public interface Connection {
    /**
     * Whose it is.
     *
     * @return what the flow hooks were told of it, and with what they have added
     */
    FlowInfo flow();

    /**
     * What the initiator sends, and is sent.
     *
     * @return always the same stream
     */
    ByteStream initiator();

    /**
     * The target's side; it is dialed at the first call where the handler {@linkplain
     * ConnectionHandler#answersFirst answers first}.
     *
     * @return always the same stream
     * @throws IOException it cannot be connected to
     */
    ByteStream target() throws IOException;

    /**
     * Joins both sides until both have ended, by the gateway's own relay, in the kernel: nothing is
     * seen of what passes any more. What was read before and is for the other side has to be
     * written there first.
     *
     * @throws IOException a side was reset
     */
    void relay() throws IOException;

    /**
     * Joins both sides until both have ended, and shows what passes.
     *
     * @param observer called on this thread and another one
     * @throws RefusedException the observer has refused the connection, by this very exception;
     *     both sides are reset
     * @throws IOException a side was reset; or the observer threw anything else, which resets both,
     *     and {@link Throwable#getCause} is what it threw
     */
    void relay(RelayObserver observer) throws IOException;

    /** Ends both sides at once, with a reset. */
    void reset();
}
