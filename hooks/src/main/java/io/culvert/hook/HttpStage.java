package io.culvert.hook;

/** What a hook may hear of a request after its head. */
public enum HttpStage {
    /**
     * Pieces of the request's body: {@link HttpHook#requestBody}. An answer that a server gives
     * before it has read all of them waits until they are judged; of a call of gRPC, whose two
     * sides may talk by turns, until those are that have come by then.
     */
    REQUEST_BODY,
    /** The head of a server's answer: {@link HttpHook#response}. */
    RESPONSE,
    /** Pieces of a server's answer's body: {@link HttpHook#responseBody}. */
    RESPONSE_BODY,
    /** An answer of the gateway's own: {@link HttpHook#error}. */
    ERROR,
    /** How it ended: {@link HttpHook#over}. */
    END
}
