package io.culvert.gateway.demo;

import java.time.Duration;

/** How long things may take before the demonstration calls them failed. */
final class Patience {
    /** One call on a socket. Longer than TCP's first retransmission, RFC 6298 section 2.1. */
    static final Duration CALL = Duration.ofMillis(2_500);

    /** Waiting for an answer that shall not come. */
    static final Duration SILENCE = Duration.ofMillis(300);

    /** One scene. */
    static final Duration SCENE = Duration.ofSeconds(5);

    /** All scenes together. */
    static final Duration SCENES = Duration.ofSeconds(12);

    /** Until everything is given back after the last scene. */
    static final Duration RETURN = Duration.ofSeconds(4);

    private Patience() {}
}
