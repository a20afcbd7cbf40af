package io.culvert.gateway.http;

import io.culvert.hook.Reason;

/**
 * How long what of an exchange may take.
 *
 * <p>Confined to the client's loop.
 */
final class Deadlines {
    private static final long NEVER = Long.MAX_VALUE;

    private final HttpSettings settings;
    private long moved;
    private long request = NEVER;
    private long response = NEVER;

    Deadlines(HttpSettings settings, long nowNanos) {
        this.settings = settings;
        moved = nowNanos;
    }

    /** Something came, or went on. */
    void moved(long nowNanos) {
        moved = nowNanos;
    }

    /** The request's body is awaited. */
    void awaitRequest(long begunNanos) {
        request = begunNanos + settings.requestTimeout().toNanos();
    }

    /** The request has come to its end. */
    void requestEnded() {
        request = NEVER;
    }

    /** The answer's head is awaited. */
    void awaitResponse(long nowNanos) {
        response = nowNanos + settings.responseTimeout().toNanos();
    }

    /** The answer's head has come. */
    void responseBegan() {
        response = NEVER;
    }

    /**
     * What has taken too long; null where nothing has.
     *
     * @param asked whether there is a server that has the request
     */
    Reason passed(long nowNanos, boolean asked) {
        if (nowNanos >= request) {
            return Reason.HTTP_TIMEOUT;
        }
        if (nowNanos >= response && asked) {
            return Reason.UPSTREAM_TIMEOUT;
        }
        return nowNanos - moved >= settings.streamTimeout().toNanos() ? Reason.IDLE : null;
    }
}
