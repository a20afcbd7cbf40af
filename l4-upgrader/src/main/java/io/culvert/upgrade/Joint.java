package io.culvert.upgrade;

import io.culvert.hook.Reason;

/**
 * What joins an upgraded flow's two sockets, of which it owns both: the {@linkplain Splice relay},
 * or a {@linkplain HandledConnection handler}.
 *
 * <p>Confined to one worker, but for {@link #state}.
 */
interface Joint {
    /** In place of a socket that is not there. */
    int NONE = -1;

    /** A word for people: what becomes of what the two sides send. Asked from any thread. */
    String state();

    /** Whether so much passes that acknowledgments may wait for one another. */
    boolean isBusy();

    /** Whether it is over now that errors are looked for which nothing has told of yet. */
    boolean isBroken();

    /** Ends it: both peers get a reset. */
    void abort(Reason reason);

    /** The initiator's socket, open until {@link Done#done} has returned. */
    int initiator();

    /** The target's, or {@link #NONE}. */
    int target();

    /** Bytes of the initiator that were taken from it. */
    long bytesUp();

    /** Bytes that the initiator was sent. */
    long bytesDown();

    /** Told once that a joint is over; both sockets are still open, for a last look. */
    @FunctionalInterface
    interface Done {
        /**
         * @param reason {@link Reason#FINISHED}, or who reset it, or why it was ended
         */
        void done(Joint over, Reason reason);
    }
}
