package io.culvert.upgrade;

import io.culvert.hook.Reason;

/**
 * Has a connection's sockets on the worker itself and lives by events, such as a protocol's codec
 * on the worker's loop. Nothing here may block.
 *
 * <p>Called on the worker that owns the flow, but for {@link #state}.
 */
public non-sealed interface Takeover extends Recipient {
    /** The connection stands, and is this one's to go on with. */
    void take(TakenConnection connection);

    /**
     * The connection was ended from elsewhere, such as by the gateway's own end; it may still be
     * asked for its counts. Descriptors that were duplicated have to be closed.
     *
     * @param reason of the end; both peers get a reset
     */
    void ended(Reason reason);

    /**
     * Whether it has read the initiator's end, so that a connection of which nothing is left was
     * closed and not reset.
     */
    default boolean hasReadEnd() {
        return false;
    }

    /** A word for people: what becomes of the connection. Asked from any thread. */
    String state();

    /** Bytes of the initiator that were taken from it so far, the relay's left out. */
    long bytesUp();

    /** Bytes that the initiator was sent so far, the relay's left out. */
    long bytesDown();
}
