package io.culvert.gateway.upstream;

/** What a server did instead of answering. Each counts against its health. */
public enum Failure {
    /** No connection came about: refused, unreachable, or nothing was heard in time. */
    CONNECT,
    /** The TLS handshake failed, or the server is not who it should be. */
    TLS,
    /** The connection ended, or was reset, before the answer was whole. */
    CLOSED,
    /** The answer did not begin in time, or stopped halfway. */
    TIMEOUT,
    /** The answer is none by the protocol. */
    PROTOCOL,
    /** The server says itself that it cannot: status 502, 503 or 504. */
    UNAVAILABLE
}
