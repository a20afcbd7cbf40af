package io.culvert.gateway.http;

import java.time.Duration;

/** How long is read on, only to be thrown away, so that a last answer arrives. */
final class Lingering {
    static final long NANOS = Duration.ofSeconds(2).toNanos();

    private Lingering() {}
}
