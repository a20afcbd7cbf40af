package io.culvert.gateway.http;

import java.util.List;

/**
 * A message whose body a plugin may change: what its head says of the body is said no more, and
 * before anything of the body is known. Over HTTP/1 it goes out in chunks then, or to clients of
 * HTTP/1.0 until the connection's end.
 */
final class ChangedBody {
    private static final List<String> DIGESTS =
            List.of("content-digest", "repr-digest", "digest", "content-md5");

    private ChangedBody() {}

    /** Of a request that has a body. */
    static void announce(RequestHead head) {
        if (head.contentLength != 0) {
            head.contentLength = RequestHead.UNKNOWN_LENGTH;
            clean(head.fields);
        }
    }

    /**
     * @param last whether no body follows; what HEAD and 304 say of one that would is of no use
     *     either (RFC 9110 section 8.6)
     */
    static void announce(ResponseHead head, boolean last) {
        if (head.bodiless || !last) {
            head.contentLength = ResponseHead.UNKNOWN_LENGTH;
            clean(head.fields);
        }
    }

    /** Takes out digests of what was (RFC 9530 sections 2 and 3, and what was before them). */
    static void clean(Fields fields) {
        DIGESTS.forEach(fields::remove);
    }
}
