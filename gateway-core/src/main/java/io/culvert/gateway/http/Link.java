package io.culvert.gateway.http;

/** A connection as its loop knows it. */
interface Link {
    /** Lets go what was written since the last time. */
    void flushNow();

    /** Now and then: what has taken too long? */
    void sweep(long nowNanos);

    /** The gateway drains: no new requests, and the end when those under way are over. */
    void drain();
}
