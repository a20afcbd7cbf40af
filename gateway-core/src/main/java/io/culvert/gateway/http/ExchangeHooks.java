package io.culvert.gateway.http;

import io.culvert.hook.HttpAnswer;
import io.culvert.hook.HttpFields;
import io.culvert.hook.HttpRequest;
import io.culvert.hook.HttpStage;
import io.culvert.hook.HttpSummary;
import io.culvert.hook.Reason;

import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;

/**
 * Who is asked about the exchanges of a connection.
 *
 * <p>Threading: called on the connection's loop, which it does not block; takers are called once,
 * on any thread.
 */
public interface ExchangeHooks {
    /**
     * A request is there.
     *
     * @param request read before this returns
     * @return null where nobody wants to hear of it
     */
    Asking begin(RequestHead request);

    /** One exchange's questions. */
    interface Asking {
        /** What becomes of the request. */
        void request(Consumer<RequestOutcome> taker);

        /**
         * Whether somebody wants to hear of that; known when the request's outcome is, of the
         * answer's body when the answer's is.
         */
        boolean watches(HttpStage stage);

        /** What becomes of a server's answer. */
        void response(int status, HttpFields fields, Consumer<ResponseOutcome> taker);

        /** What becomes of a piece of a body. */
        void body(HttpStage side, byte[] piece, boolean last, Consumer<BodyOutcome> taker);

        /** What the client gets in the place of an answer of the gateway's own. */
        void error(Reason reason, HttpAnswer own, Consumer<HttpAnswer> taker);

        /**
         * The exchange is over; nothing more is asked.
         *
         * @param summary of what the request has become
         */
        void over(Function<HttpRequest, HttpSummary> summary);
    }

    /** What becomes of a request. */
    sealed interface RequestOutcome {
        /**
         * It goes on, with what is there in the place of what it had.
         *
         * @param changesBody whether the body may be another one
         */
        record Go(
                Optional<HttpFields> fields,
                Optional<String> target,
                Optional<Destinations.Destination> destination,
                boolean changesBody)
                implements RequestOutcome {}

        /** It is answered. */
        record Answer(HttpAnswer answer) implements RequestOutcome {}

        /** It is refused. */
        record Refuse(Reason reason) implements RequestOutcome {}
    }

    /** What becomes of a server's answer. */
    sealed interface ResponseOutcome {
        /**
         * It goes on, with what is there in the place of what it had.
         *
         * @param changesBody whether the body may be another one
         */
        record Go(Optional<HttpFields> fields, boolean changesBody) implements ResponseOutcome {}

        /** The client gets another. */
        record Answer(HttpAnswer answer) implements ResponseOutcome {}

        /** The client gets the gateway's own. */
        record Refuse(Reason reason) implements ResponseOutcome {}

        /** Another server is asked, where that can be; else it goes on. */
        record Retry() implements ResponseOutcome {}
    }

    /** What becomes of a piece of a body. */
    sealed interface BodyOutcome {
        /** It goes on, or what is there in its place. */
        record Go(Optional<byte[]> replacement) implements BodyOutcome {
            /** As it is. */
            public static final Go AS_IT_IS = new Go(Optional.empty());
        }

        /** The message ends here. */
        record Refuse(Reason reason) implements BodyOutcome {}
    }
}
