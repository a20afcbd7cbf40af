package io.culvert.gateway.http;

import io.culvert.hook.FlowInfo;
import io.culvert.hook.HttpRequest;

/**
 * What a request says before its body, whatever the version it came in: the fields of a single
 * connection (RFC 9110 section 7.6.1), {@code Host} and the body's framing are no fields any more.
 *
 * <p>Reusable; confined to one thread.
 */
public final class RequestHead {
    /** The body's length where it ends with the stream's end or the last chunk. */
    public static final long UNKNOWN_LENGTH = -1;

    private static final String GRPC = "application/grpc";

    final Fields fields = new Fields();
    String method = "";
    String scheme = "http";
    String authority = "";
    String target = "";
    long contentLength;

    /** What the client wants to speak from then on: {@code websocket}; null for HTTP. */
    String upgrade;

    boolean expectsContinue;
    boolean takesTrailers;

    /** Of HTTP/1: whether the connection may go on afterwards, and the minor version. */
    boolean keepAlive;

    int minorVersion;

    void clear() {
        fields.clear();
        method = "";
        authority = "";
        target = "";
        contentLength = 0;
        upgrade = null;
        expectsContinue = false;
        takesTrailers = false;
        keepAlive = true;
        minorVersion = 1;
    }

    public Fields fields() {
        return fields;
    }

    public String method() {
        return method;
    }

    /** {@code http} or {@code https}. */
    public String scheme() {
        return scheme;
    }

    /** Host, with a port where one was said; empty where HTTP/1.0 says none. */
    public String authority() {
        return authority;
    }

    /** Path and query; for CONNECT the authority. */
    public String target() {
        return target;
    }

    /** The path without its query. */
    public String path() {
        int query = target.indexOf('?');
        return query < 0 ? target : target.substring(0, query);
    }

    /** In bytes, 0 for no body, {@link #UNKNOWN_LENGTH}. */
    public long contentLength() {
        return contentLength;
    }

    /** As plugins see it. */
    public HttpRequest asked(FlowInfo flow) {
        return new HttpRequest(
                flow, method, scheme, authority, target, HookHeads.fields(fields), flow.context());
    }

    /** Whether it asks for a tunnel to its {@link #authority}, RFC 9110 section 9.3.6. */
    public boolean isConnect() {
        return method.equals("CONNECT");
    }

    /**
     * Whether it is a call of gRPC, in which both sides may talk by turns, and the status is in the
     * trailers (gRPC over HTTP2, "Requests"). gRPC-Web is not meant.
     */
    boolean isGrpc() {
        int at = fields.find(FieldKind.CONTENT_TYPE, 0);
        if (at < 0) {
            return false;
        }
        String type = fields.value(at);
        return type.regionMatches(true, 0, GRPC, 0, GRPC.length())
                && (type.length() == GRPC.length()
                        || "+;".indexOf(type.charAt(GRPC.length())) >= 0);
    }

    boolean isHead() {
        return method.equals("HEAD");
    }

    /** RFC 9110 section 9.2.2. */
    boolean isIdempotent() {
        return switch (method) {
            case "GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE" -> upgrade == null;
            default -> false;
        };
    }
}
