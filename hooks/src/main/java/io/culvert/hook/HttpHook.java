package io.culvert.hook;

import java.util.Optional;

/**
 * Asked about requests of connections that the gateway handles as HTTP, in whatever version. With
 * several plugins, requests go through them in the configuration's order, and answers back.
 *
 * <p>Called on virtual threads, for many requests at once and for one request one call at a time in
 * each direction; may block until the plugin's deadline, while the message waits and its sender is
 * held back. A failure, or no answer in time, costs this one request: the client gets 503, or it
 * goes on where the plugin has {@code on-failure: accept}.
 */
@FunctionalInterface
public interface HttpHook {
    /**
     * The head of a request is there, and no server has been chosen.
     *
     * @param request what is asked for
     * @return not {@code null}, which is a failure
     * @throws Exception see above
     */
    RequestVerdict request(HttpRequest request) throws Exception;

    /**
     * A piece of the request's body, where {@link HttpStage#REQUEST_BODY} is watched.
     *
     * @param request whose body it is
     * @param piece some of its bytes, 64 KiB at most; the last one may be empty
     * @param last whether no other follows
     * @return a sentence for the operator's log where the request is refused; empty where it goes
     *     on
     * @throws Exception see above
     */
    default Optional<String> requestBody(HttpRequest request, byte[] piece, boolean last)
            throws Exception {
        return Optional.empty();
    }

    /**
     * The head of a server's answer, where {@link HttpStage#RESPONSE} is watched.
     *
     * @param request that is answered
     * @param head status and fields, without a body
     * @return not {@code null}, which is a failure
     * @throws Exception see above
     */
    default ResponseVerdict response(HttpRequest request, HttpAnswer head) throws Exception {
        return ResponseVerdict.pass();
    }

    /**
     * A piece of the answer's body, where {@link HttpStage#RESPONSE_BODY} is watched.
     *
     * @param request that is answered
     * @param piece some of its bytes, 64 KiB at most; the last one may be empty
     * @param last whether no other follows
     * @return a sentence for the operator's log where the answer is cut off; empty where it goes on
     * @throws Exception see above
     */
    default Optional<String> responseBody(HttpRequest request, byte[] piece, boolean last)
            throws Exception {
        return Optional.empty();
    }

    /**
     * The request is over, where {@link HttpStage#END} is watched; nobody waits for this.
     *
     * @param summary how it ended
     */
    default void over(HttpSummary summary) {}
}
