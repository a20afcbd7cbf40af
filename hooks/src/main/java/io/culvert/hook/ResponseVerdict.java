package io.culvert.hook;

import java.util.Objects;
import java.util.Optional;

/** What a hook makes of a server's answer. */
public sealed interface ResponseVerdict {
    /**
     * The answer goes on as it is.
     *
     * @return the verdict; the plugin before is asked
     */
    static Pass pass() {
        return new Pass(Optional.empty());
    }

    /**
     * The client gets this answer instead, and the server's is dropped.
     *
     * @param answer a whole one
     * @return the verdict; no other plugin is asked
     */
    static Answer answer(HttpAnswer answer) {
        return new Answer(answer);
    }

    /**
     * The request is sent to another server, or group, and the answer dropped. Where that cannot
     * be, since a body has been sent or there were retries enough, the answer goes on as it is.
     *
     * @return the verdict; no other plugin is asked
     */
    static Retry retry() {
        return new Retry();
    }

    /**
     * It goes on.
     *
     * @param fields in the place of the answer's
     */
    record Pass(Optional<HttpFields> fields) implements ResponseVerdict {
        /**
         * See {@link ResponseVerdict#pass}.
         *
         * @throws NullPointerException if any part is {@code null}
         */
        public Pass {
            Objects.requireNonNull(fields);
        }

        /**
         * With other fields.
         *
         * @param other all that the answer is to have
         * @return the verdict
         */
        public Pass fields(HttpFields other) {
            return new Pass(Optional.of(other));
        }
    }

    /**
     * Replaced.
     *
     * @param answer what the client gets
     */
    record Answer(HttpAnswer answer) implements ResponseVerdict {
        /**
         * See {@link ResponseVerdict#answer}.
         *
         * @throws NullPointerException if any part is {@code null}
         */
        public Answer {
            Objects.requireNonNull(answer);
        }
    }

    /** Another server is asked. */
    record Retry() implements ResponseVerdict {}
}
