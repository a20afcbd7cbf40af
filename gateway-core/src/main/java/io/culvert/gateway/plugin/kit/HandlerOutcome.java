package io.culvert.gateway.plugin.kit;

import io.culvert.hook.Reason;

import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * What came of a connection that a handler had.
 *
 * @param reason as the flow log would say it: {@link Reason#FINISHED} where both sides had ended by
 *     themselves, {@link Reason#HANDLER_CLOSED}, {@link Reason#HANDLER_REFUSED} where the handler
 *     or its observer meant to, {@link Reason#HANDLER_FAILED} where it threw anything else, or
 *     {@link Reason#DIAL_REFUSED} where the handler was never called
 * @param failure what the handler threw
 * @param client what the client heard and how it ended
 * @param server the same of the server; without a byte where nobody was dialed
 */
public record HandlerOutcome(
        Reason reason, Optional<Throwable> failure, Heard client, Heard server) {
    /** What one side heard. */
    public static final class Heard {
        private final byte[] bytes;
        private final boolean reset;

        Heard(byte[] bytes, boolean reset) {
            this.bytes = bytes;
            this.reset = reset;
        }

        /** All of it. */
        public byte[] bytes() {
            return bytes.clone();
        }

        /** The same as UTF-8. */
        public String text() {
            return new String(bytes, StandardCharsets.UTF_8);
        }

        /** Whether the connection ended for this side by a reset of the other. */
        public boolean reset() {
            return reset;
        }

        @Override
        public String toString() {
            return "\"" + text() + "\"" + (reset ? " and a reset" : "");
        }
    }

    /** Fails the test unless that is how it ended. */
    public HandlerOutcome assertReason(Reason expected) {
        if (reason != expected) {
            throw new AssertionError(
                    "ended with " + reason + " in place of " + expected, failure.orElse(null));
        }
        return this;
    }
}
