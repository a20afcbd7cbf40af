package io.culvert.upgrade;

import io.culvert.hook.Reason;

/**
 * What a {@link Takeover} has of its connection: two sockets that stay the connection's, and a
 * choice of how it goes on. One of {@link #relay}, {@link #leave} and {@link #reset} comes last;
 * after that, and after {@link Takeover#ended}, every call does nothing.
 *
 * <p>Confined to the worker that owns the flow.
 */
public interface TakenConnection {
    /** In place of a socket that is not there. */
    int NONE = Joint.NONE;

    /**
     * The initiator's socket, non-blocking. Whoever wants one to close works on a duplicate
     * (dup(2)): the connection ends when it is told to, not when a duplicate is closed.
     */
    int initiator();

    /** The target's socket, or {@link #NONE} where nobody was dialed. */
    int target();

    /**
     * Waits on both sockets, edge-triggered; what is ready already is told, too. A later call
     * replaces the first.
     *
     * @param initiator told of the initiator's events, as of {@link Poller.Ready}
     * @param target of the target's, if there is one, or once there is
     */
    void watch(Poller.Ready initiator, Poller.Ready target);

    /** Waits on neither any more: something else does, such as a channel. */
    void unwatch();

    /**
     * Dials the target where it was not dialed yet; at most one call at a time.
     *
     * @param outcome told on the worker, maybe at once
     */
    void dial(Outcome outcome);

    /** Told once what came of a dial. */
    @FunctionalInterface
    interface Outcome {
        /**
         * @param failure {@code null} where {@link TakenConnection#target} is connected
         */
        void dialed(Reason failure);
    }

    /** What bytes of the connection cost; {@code null} where its packets pay. */
    default Toll toll() {
        return null;
    }

    /**
     * Gives both sockets to the gateway's own relay: nothing is seen of what passes any more. What
     * was read before and is for the other side has to be written there first.
     */
    void relay();

    /**
     * It is done: both peers read the end after all that was written to them, and have a moment to
     * end it themselves.
     *
     * @param reason that the flow's end is called
     */
    void leave(Reason reason);

    /** Ends it at once: both peers get a reset. */
    void reset(Reason reason);
}
