package io.culvert.gateway.http;

import io.culvert.hook.Reason;
import io.netty.channel.Channel;
import io.netty.util.AttributeKey;

import java.util.Optional;

/**
 * Why a client's connection was closed amid a message. Whoever has its socket resets it then: the
 * message must not look whole where its end is the connection's.
 */
public final class BrokenOff {
    private static final AttributeKey<Reason> REASON = AttributeKey.valueOf("culvert.broken-off");

    private BrokenOff() {}

    static void note(Channel client, Reason reason) {
        client.attr(REASON).set(reason);
    }

    /** Empty where it ended as connections do. */
    public static Optional<Reason> of(Channel client) {
        return Optional.ofNullable(client.attr(REASON).get());
    }
}
