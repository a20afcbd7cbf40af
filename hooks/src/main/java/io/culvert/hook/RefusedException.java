package io.culvert.hook;

import java.io.IOException;
import java.io.Serial;

/**
 * Thrown by a {@link ConnectionHandler} or a {@link RelayObserver} that refuses a connection on
 * purpose. Both sides are reset, as after any other exception, but the flow ends for {@link
 * Reason#HANDLER_REFUSED}, and nothing is counted or logged as a failure of the plugin: what is to
 * be known of it is the plugin's to say.
 */
public final class RefusedException extends IOException {
    @Serial private static final long serialVersionUID = 1;

    /**
     * With a reason for whoever catches it.
     *
     * @param why a sentence for people; the gateway shows it to nobody
     */
    public RefusedException(String why) {
        super(why);
    }

    /** None: it is an answer, and where it was given is of no interest. */
    @Override
    public synchronized Throwable fillInStackTrace() {
        return this;
    }
}
