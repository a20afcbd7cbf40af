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
        return new Pass(Optional.empty(), false);
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
     * @param changesBody whether the hook may put others in the place of the body's pieces
     */
    record Pass(Optional<HttpFields> fields, boolean changesBody) implements ResponseVerdict {
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
            return new Pass(Optional.of(other), changesBody);
        }

        /**
         * And the hook hears of the answer's body, watched before or not, and may change it: {@link
         * BodyVerdict#replace}. So the answer goes out without a {@code Content-Length}, also to
         * {@code HEAD} and with 304, and without digests of what it was. With 206 it is a failure:
         * what is known of a part alone cannot be changed.
         *
         * @return the verdict
         */
        public Pass changeBody() {
            return new Pass(fields, true);
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
