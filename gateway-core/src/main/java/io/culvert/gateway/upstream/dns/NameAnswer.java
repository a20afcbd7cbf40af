package io.culvert.gateway.upstream.dns;

import java.net.InetAddress;
import java.time.Duration;
import java.util.List;

/**
 * What came of asking for a name.
 *
 * @param addresses empty unless it was found
 * @param lifetime for how long this is good
 * @param problem for a person; empty where it was found
 */
public record NameAnswer(
        Kind kind, List<InetAddress> addresses, Duration lifetime, String problem) {
    /** How it went. */
    public enum Kind {
        /** There are addresses. */
        FOUND,
        /** The name, or an address of it, does not exist: servers said so. */
        ABSENT,
        /** No server answered, or none could. */
        FAILED
    }

    public NameAnswer {
        addresses = List.copyOf(addresses);
    }

    /** There are addresses. */
    public static NameAnswer found(List<InetAddress> addresses, Duration lifetime) {
        return new NameAnswer(Kind.FOUND, addresses, lifetime, "");
    }

    /** There are none. */
    public static NameAnswer absent(String problem, Duration lifetime) {
        return new NameAnswer(Kind.ABSENT, List.of(), lifetime, problem);
    }

    /** Nobody knows. */
    public static NameAnswer failed(String problem) {
        return new NameAnswer(Kind.FAILED, List.of(), Duration.ZERO, problem);
    }

    public boolean isFound() {
        return kind == Kind.FOUND;
    }

    /** The same, good for another time. */
    NameAnswer lasting(Duration lifetime) {
        return new NameAnswer(kind, addresses, lifetime, problem);
    }
}
