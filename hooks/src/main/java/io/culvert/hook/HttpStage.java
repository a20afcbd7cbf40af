package io.culvert.hook;

/** What a hook may hear of a request after its head. */
public enum HttpStage {
    /** Pieces of the request's body: {@link HttpHook#requestBody}. */
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
