package io.culvert.upgrade;

import io.culvert.hook.Reason;

/**
 * Whom a flow may be connected to, once.
 *
 * <p>Confined to one worker.
 */
interface Targets {
    /** Connects; the outcome may come at once. */
    void dial(Outcome outcome);

    /** Gives up a dial without an outcome, if there is one. */
    void cancel();

    /** Told once what came of the dial. */
    interface Outcome {
        /** The connection stands; the socket and what watches it are the receiver's now. */
        void connected(int socket, Poller.Watch watch);

        /** It does not. */
        void failed(Reason reason);
    }
}
