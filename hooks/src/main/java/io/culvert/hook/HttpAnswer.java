package io.culvert.hook;

import java.nio.charset.StandardCharsets;
import java.util.Objects;

/**
 * A whole answer: a plugin's own, or of a server's the head. The body is not copied, and must not
 * be changed by anybody.
 */
public final class HttpAnswer {
    private final int status;
    private final HttpFields fields;
    private final byte[] body;

    private HttpAnswer(int status, HttpFields fields, byte[] body) {
        if (status < 200 || status > 599) {
            throw new IllegalArgumentException("a final status is 200 to 599, not " + status);
        }
        this.status = status;
        this.fields = Objects.requireNonNull(fields);
        this.body = body;
    }

    /**
     * One with a body of bytes.
     *
     * @param status 200 to 599
     * @param fields of the head
     * @param body may be empty; is not copied
     * @return the answer
     * @throws IllegalArgumentException if the status is none
     */
    public static HttpAnswer of(int status, HttpFields fields, byte[] body) {
        return new HttpAnswer(status, fields, body);
    }

    /**
     * One with a line of text, as {@code text/plain}.
     *
     * @param status 200 to 599
     * @param text in whatever script
     * @return the answer
     * @throws IllegalArgumentException if the status is none
     */
    public static HttpAnswer text(int status, String text) {
        return of(
                status,
                HttpFields.NONE.and("content-type", "text/plain; charset=utf-8"),
                text.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Sends the client elsewhere, with 307: by the same method.
     *
     * @param location a URI
     * @return the answer
     * @throws IllegalArgumentException if it has characters that cannot be in a field
     */
    public static HttpAnswer redirect(String location) {
        return of(307, HttpFields.NONE.and("location", location), new byte[0]);
    }

    /**
     * What it says of how it went (RFC 9110 section 15).
     *
     * @return 200 to 599
     */
    public int status() {
        return status;
    }

    /**
     * Its head.
     *
     * @return without the body's framing
     */
    public HttpFields fields() {
        return fields;
    }

    /**
     * Its body.
     *
     * @return not a copy; empty for the head of a server's answer
     */
    public byte[] body() {
        return body;
    }
}
