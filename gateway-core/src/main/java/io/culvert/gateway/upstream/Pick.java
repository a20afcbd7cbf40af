package io.culvert.gateway.upstream;

/**
 * A server chosen for one request, and what came of it. To be told once how it went, by {@link
 * #succeeded} or {@link #failed} or, where the client gave up, by neither; then {@link #released}.
 *
 * <p>Threading: one thread at a time.
 */
public non-sealed interface Pick extends Choice {
    Member member();

    /**
     * The server answered, be it with an error of its own that is no {@link Failure}.
     *
     * @param firstByteNanos from the request's sending to the answer's first byte
     */
    void succeeded(long firstByteNanos);

    /** The server did not answer, or with an error that says it cannot. */
    void failed(Failure kind);

    /** The request is over, body and all. Further calls do nothing. */
    void released();
}
