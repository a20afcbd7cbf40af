package io.culvert.hook;

import java.util.EnumSet;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/** What a hook makes of a request. */
public sealed interface RequestVerdict {
    /**
     * The request goes on as it is, and the hook hears no more of it.
     *
     * @return the verdict; the next plugin is asked
     */
    static Pass pass() {
        return new Pass(
                Optional.empty(),
                Optional.empty(),
                Optional.empty(),
                Set.of(),
                false,
                Context.EMPTY);
    }

    /**
     * The client gets this answer, and no server hears of the request.
     *
     * @param answer a whole one
     * @return the verdict; no other plugin is asked
     */
    static Answer answer(HttpAnswer answer) {
        return new Answer(answer);
    }

    /**
     * Refused: the client gets 403 and the reason {@link Reason#HOOK_REFUSED}.
     *
     * @param why a sentence for the operator's log; the client is not told
     * @return the verdict; no other plugin is asked
     */
    static Refuse refuse(String why) {
        return new Refuse(why);
    }

    /**
     * It goes on. Each method answers the same with one thing more.
     *
     * @param fields in the place of the request's
     * @param target in the place of the request's path and query
     * @param upstream a group of the configuration, in the place of the rule's
     * @param watched what the hook is to hear of next
     * @param changesBody whether it may put others in the place of the body's pieces
     * @param context added to the request
     */
    record Pass(
            Optional<HttpFields> fields,
            Optional<String> target,
            Optional<String> upstream,
            Set<HttpStage> watched,
            boolean changesBody,
            Context context)
            implements RequestVerdict {
        /**
         * See {@link RequestVerdict#pass}; the set is copied.
         *
         * @throws NullPointerException if any part is {@code null}
         */
        public Pass {
            Objects.requireNonNull(fields);
            Objects.requireNonNull(target);
            Objects.requireNonNull(upstream);
            watched = Set.copyOf(watched);
            Objects.requireNonNull(context);
        }

        /**
         * With other fields.
         *
         * @param other all that the request is to have
         * @return the verdict
         */
        public Pass fields(HttpFields other) {
            return new Pass(Optional.of(other), target, upstream, watched, changesBody, context);
        }

        /**
         * For another path and query.
         *
         * @param other begins with a slash
         * @return the verdict
         */
        public Pass target(String other) {
            return new Pass(fields, Optional.of(other), upstream, watched, changesBody, context);
        }

        /**
         * To another upstream.
         *
         * @param group one of the configuration's {@code upstreams}; one that there is not is a
         *     failure
         * @return the verdict
         */
        public Pass upstream(String group) {
            return new Pass(fields, target, Optional.of(group), watched, changesBody, context);
        }

        /**
         * And the hook hears of it again.
         *
         * @param first what of it
         * @param more what besides
         * @return the verdict
         */
        public Pass watch(HttpStage first, HttpStage... more) {
            return new Pass(
                    fields, target, upstream, EnumSet.of(first, more), changesBody, context);
        }

        /**
         * And the hook hears of the request's body, and may change it: {@link BodyVerdict#replace}.
         * So the request goes out without a {@code Content-Length}, and without digests of what it
         * was.
         *
         * @return the verdict
         */
        public Pass changeBody() {
            return new Pass(fields, target, upstream, watched, true, context);
        }

        /**
         * With a value that later calls for this request find in its context.
         *
         * @param value as of {@link Context#with(Object)}
         * @return the verdict
         */
        public Pass with(Object value) {
            return new Pass(fields, target, upstream, watched, changesBody, context.with(value));
        }
    }

    /**
     * Answered.
     *
     * @param answer what the client gets
     */
    record Answer(HttpAnswer answer) implements RequestVerdict {
        /**
         * See {@link RequestVerdict#answer}.
         *
         * @throws NullPointerException if any part is {@code null}
         */
        public Answer {
            Objects.requireNonNull(answer);
        }
    }

    /**
     * Refused.
     *
     * @param why for the operator
     */
    record Refuse(String why) implements RequestVerdict {
        /**
         * See {@link RequestVerdict#refuse}.
         *
         * @throws NullPointerException if any part is {@code null}
         */
        public Refuse {
            Objects.requireNonNull(why);
        }
    }
}
