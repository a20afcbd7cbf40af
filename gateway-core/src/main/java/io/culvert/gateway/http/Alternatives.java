package io.culvert.gateway.http;

/**
 * Where else the clients of a connection find what they ask for.
 *
 * <p>Threading: asked on the connection's loop.
 */
@FunctionalInterface
public interface Alternatives {
    /** Nowhere. */
    Alternatives NONE = _ -> null;

    /**
     * What the field {@code Alt-Svc} of an answer says (RFC 7838 section 3).
     *
     * @return null where nothing is to be said
     */
    String of(RequestHead request);
}
