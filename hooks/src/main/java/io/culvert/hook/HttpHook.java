package io.culvert.hook;

/**
 * Asked about requests of connections that the gateway handles as HTTP, in whatever version. With
 * several plugins, requests go through them in the configuration's order, and answers back.
 *
 * <p>Called on virtual threads, for many requests at once and for one request one call at a time in
 * each direction; may block until the plugin's deadline, while the message waits and its sender is
 * held back. A failure, or no answer in time, costs this one request: the client gets 503, or it
 * goes on where the plugin has {@code on-failure: accept}.
 *
 * <p>Bodies are what is sent: a server compresses where the request has {@code Accept-Encoding},
 * and sends a part where it has {@code Range}. A hook that is to understand answers takes these
 * fields out of the request.
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
     * A piece of the request's body, where {@link HttpStage#REQUEST_BODY} is watched or the body is
     * changed. There is none of a request without a body.
     *
     * @param request whose body it is
     * @param piece some of its bytes, 64 KiB at most; the last one may be empty
     * @param last whether no other follows
     * @return not {@code null}, which is a failure
     * @throws Exception see above
     */
    default BodyVerdict requestBody(HttpRequest request, byte[] piece, boolean last)
            throws Exception {
        return BodyVerdict.pass();
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
     * A piece of a server's answer's body, where {@link HttpStage#RESPONSE_BODY} is watched or the
     * body is changed. There is none of an answer without a body.
     *
     * @param request that is answered
     * @param piece some of its bytes, 64 KiB at most; the last one may be empty
     * @param last whether no other follows
     * @return not {@code null}, which is a failure
     * @throws Exception see above
     */
    default BodyVerdict responseBody(HttpRequest request, byte[] piece, boolean last)
            throws Exception {
        return BodyVerdict.pass();
    }

    /**
     * The gateway is about to answer by itself, where {@link HttpStage#ERROR} is watched: with 403,
     * 413, 502, 503 or 504, since a rule or a plugin refuses the request, it turns out to be too
     * long, or no server answers it. Where the request breaks HTTP's rules, or comes too slowly,
     * nobody is asked.
     *
     * @param request that is not answered otherwise
     * @param reason why
     * @param own what the client would get
     * @return what the client gets: {@code own} or another; where the hook fails, {@code own}
     * @throws Exception see above
     */
    default HttpAnswer error(HttpRequest request, Reason reason, HttpAnswer own) throws Exception {
        return own;
    }

    /**
     * The request is over, where {@link HttpStage#END} is watched; nobody waits for this.
     *
     * @param summary how it ended
     */
    default void over(HttpSummary summary) {}
}
