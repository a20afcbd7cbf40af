package io.culvert.gateway.upstream;

import io.culvert.hook.Reason;

import java.io.IOException;

/** A server could not be connected to, or may not be connected to now. */
public final class NotConnectedException extends IOException {
    private static final long serialVersionUID = 1;
    private final Reason reason;
    private final Failure failure;

    /**
     * Makes one; without a stack trace, since it is about a server and not about a line of code.
     *
     * @param failure what the server did; null where it was not asked, and nothing is to be held
     *     against it
     * @param message a sentence for the operator
     */
    public NotConnectedException(Reason reason, Failure failure, String message, Throwable cause) {
        super(message, cause);
        this.reason = reason;
        this.failure = failure;
    }

    public Reason reason() {
        return reason;
    }

    /** To be told to {@link Pick#failed}; null where it is not the server's. */
    public Failure failure() {
        return failure;
    }

    @Override
    public Throwable fillInStackTrace() {
        return this;
    }
}
