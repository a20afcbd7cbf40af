package io.culvert.gateway.http;

import io.culvert.hook.Reason;
import io.netty.handler.codec.Headers;
import io.netty.handler.codec.http2.DefaultHttp2Headers;
import io.netty.handler.codec.http2.Http2Headers;
import io.netty.util.AsciiString;

import java.util.Map;

/**
 * Heads of HTTP/2 (RFC 9113 section 8) and of HTTP/3 (RFC 9114 section 4), which say the same by
 * the same fields, from and to those of an exchange. What HTTP/1 would read otherwise than it was
 * meant is refused here (RFC 9113 section 10.3): nothing of it can be smuggled into a connection of
 * HTTP/1.
 */
final class Http2Heads {
    private static final AsciiString STATUS = AsciiString.cached(":status");
    private static final AsciiString PROTOCOL = AsciiString.cached(":protocol");
    private static final AsciiString TRAILERS = AsciiString.cached("trailers");
    private static final AsciiString CONTINUE = AsciiString.cached("100-continue");
    private static final AsciiString HTTP = AsciiString.cached("http");
    private static final AsciiString HTTPS = AsciiString.cached("https");
    private static final AsciiString OK = AsciiString.cached("200");

    private Http2Heads() {}

    /**
     * Reads a request's head.
     *
     * @param ends whether the stream ends with it
     * @return null, or what is wrong with it
     */
    static Reason request(Http2Headers headers, boolean ends, RequestHead head, int limit) {
        return OrderedHeaders.isMisplaced(headers)
                ? Reason.HTTP_PSEUDO_FIELD
                : request(
                        (Iterable<Map.Entry<CharSequence, CharSequence>>) headers,
                        ends,
                        head,
                        limit);
    }

    /** The same of fields that come in their order. */
    static Reason request(
            Iterable<Map.Entry<CharSequence, CharSequence>> headers,
            boolean ends,
            RequestHead head,
            int limit) {
        String scheme = head.scheme;
        head.clear();
        head.minorVersion = 1;
        head.takesTrailers = false;
        String protocol = null;
        boolean path = false;
        boolean anyScheme = false;
        boolean named = false;
        boolean regular = false;
        long length = -1;
        String host = null;
        StringBuilder cookies = null;
        int count = 0;
        for (Map.Entry<CharSequence, CharSequence> field : headers) {
            CharSequence name = field.getKey();
            CharSequence value = field.getValue();
            if (++count > limit) {
                return Reason.HTTP_FIELDS_TOO_LONG;
            }
            if (name.length() > 0 && name.charAt(0) == ':') {
                if (regular) {
                    return Reason.HTTP_PSEUDO_FIELD;
                }
                switch (name.toString()) {
                    case ":method" -> {
                        if (!head.method.isEmpty() || !FieldRules.isToken(value)) {
                            return Reason.HTTP_PSEUDO_FIELD;
                        }
                        head.method = FieldRules.method(value);
                    }
                    case ":scheme" -> {
                        if (anyScheme || !FieldRules.isToken(value)) {
                            return Reason.HTTP_PSEUDO_FIELD;
                        }
                        anyScheme = true;
                    }
                    case ":authority" -> {
                        if (named) {
                            return Reason.HTTP_PSEUDO_FIELD;
                        }
                        named = true;
                        head.authority = value.toString();
                        if (!head.authority.isEmpty() && !Characters.isAuthority(head.authority)) {
                            return Reason.HTTP_HOST;
                        }
                    }
                    case ":path" -> {
                        if (path || !FieldRules.isTarget(value)) {
                            return Reason.HTTP_PSEUDO_FIELD;
                        }
                        path = true;
                        head.target = value.toString();
                    }
                    case ":protocol" -> {
                        if (protocol != null) {
                            return Reason.HTTP_PSEUDO_FIELD;
                        }
                        protocol = value.toString();
                    }
                    default -> {
                        return Reason.HTTP_PSEUDO_FIELD;
                    }
                }
                continue;
            }
            regular = true;
            Reason wrong = FieldRules.check(name, value);
            if (wrong != null) {
                return wrong;
            }
            switch (FieldRules.kind(name)) {
                case HOST -> {
                    if (host != null || !Characters.isAuthority(value.toString())) {
                        return Reason.HTTP_HOST;
                    }
                    host = value.toString();
                }
                case CONTENT_LENGTH -> {
                    if (length >= 0) {
                        return Reason.HTTP_LENGTH_REPEATED;
                    }
                    length = FieldRules.number(value);
                    if (length < 0) {
                        return Reason.HTTP_LENGTH_INVALID;
                    }
                }
                case TE -> head.takesTrailers = true;
                case EXPECT ->
                        head.expectsContinue = AsciiString.contentEqualsIgnoreCase(value, CONTINUE);
                case COOKIE -> {
                    // Section 8.2.3: one field for HTTP/1.
                    if (cookies == null) {
                        cookies = new StringBuilder();
                    } else {
                        cookies.append("; ");
                    }
                    cookies.append(value);
                }
                default -> head.fields.add(name, value);
            }
        }
        if (cookies != null) {
            head.fields.add("cookie", cookies);
        }
        head.scheme = scheme;
        if (host != null) {
            // Section 8.3.1: both may be there if they say the same.
            if (named && !host.equalsIgnoreCase(head.authority)) {
                return Reason.HTTP_HOST;
            }
            head.authority = host;
        }
        return whole(head, protocol, path, anyScheme, ends, length);
    }

    private static Reason whole(
            RequestHead head,
            String protocol,
            boolean path,
            boolean scheme,
            boolean ends,
            long length) {
        if (head.method.isEmpty()) {
            return Reason.HTTP_PSEUDO_FIELD;
        }
        boolean connect = head.isConnect() && protocol == null;
        if (connect ? path || scheme : !path || !scheme) {
            return Reason.HTTP_PSEUDO_FIELD;
        }
        if (connect) {
            head.target = head.authority;
            head.contentLength = 0;
            return head.authority.lastIndexOf(':') > 0 ? null : Reason.HTTP_HOST;
        }
        if (head.target.charAt(0) != '/'
                && !(head.target.equals("*") && head.method.equals("OPTIONS"))) {
            return Reason.HTTP_PSEUDO_FIELD;
        }
        if (protocol != null) {
            // RFC 8441 section 4.
            if (!head.isConnect()) {
                return Reason.HTTP_PSEUDO_FIELD;
            }
            head.method = "GET";
            head.upgrade = protocol;
            head.contentLength = 0;
            return null;
        }
        if (head.authority.isEmpty()) {
            return Reason.HTTP_HOST;
        }
        if (ends && length > 0) {
            return Reason.HTTP_LENGTH_INVALID;
        }
        head.contentLength = ends ? 0 : length >= 0 ? length : RequestHead.UNKNOWN_LENGTH;
        return null;
    }

    /**
     * Reads an answer's head.
     *
     * @return null, or what is wrong with it
     */
    static Reason response(Http2Headers headers, ResponseHead head, boolean toHead, int limit) {
        head.clear();
        head.version = 2;
        int count = 0;
        boolean regular = false;
        for (Map.Entry<CharSequence, CharSequence> field : headers) {
            CharSequence name = field.getKey();
            CharSequence value = field.getValue();
            if (++count > limit) {
                return Reason.HTTP_FIELDS_TOO_LONG;
            }
            if (name.length() > 0 && name.charAt(0) == ':') {
                if (regular || head.status != 0 || !name.toString().equals(":status")) {
                    return Reason.HTTP_PSEUDO_FIELD;
                }
                head.status = value.length() == 3 ? (int) FieldRules.number(value) : -1;
                if (head.status < 100) {
                    return Reason.HTTP_PSEUDO_FIELD;
                }
                continue;
            }
            regular = true;
            Reason wrong = FieldRules.check(name, value);
            if (wrong != null) {
                return wrong;
            }
            if (FieldRules.kind(name) == FieldKind.CONTENT_LENGTH) {
                if (head.contentLength >= 0) {
                    return Reason.HTTP_LENGTH_REPEATED;
                }
                head.contentLength = FieldRules.number(value);
                if (head.contentLength < 0) {
                    return Reason.HTTP_LENGTH_INVALID;
                }
            } else {
                head.fields.add(name, value);
            }
        }
        // Section 8.6: 101 is no status of HTTP/2.
        if (head.status == 0 || head.status == 101) {
            return Reason.HTTP_PSEUDO_FIELD;
        }
        head.phrase = Statuses.phrase(head.status);
        head.bodiless = head.status < 200 || head.status == 204 || head.status == 304 || toHead;
        return null;
    }

    /**
     * Reads trailers.
     *
     * @return null, or what is wrong with them
     */
    static Reason trailers(
            Iterable<Map.Entry<CharSequence, CharSequence>> headers, Fields trailers, int limit) {
        int count = 0;
        for (Map.Entry<CharSequence, CharSequence> field : headers) {
            if (++count > limit) {
                return Reason.HTTP_FIELDS_TOO_LONG;
            }
            CharSequence name = field.getKey();
            if (name.length() > 0 && name.charAt(0) == ':') {
                return Reason.HTTP_PSEUDO_FIELD;
            }
            Reason wrong = FieldRules.check(name, field.getValue());
            if (wrong != null) {
                return wrong;
            }
            trailers.add(name, field.getValue());
        }
        Trailers.clean(trailers);
        return null;
    }

    /** Writes a request's head. */
    static Http2Headers of(RequestHead head) {
        Http2Headers headers = new DefaultHttp2Headers(false, head.fields.count() + 8);
        if (head.upgrade != null) {
            headers.method("CONNECT");
            headers.add(PROTOCOL, head.upgrade);
        } else {
            headers.method(head.method);
        }
        if (!head.isConnect()) {
            headers.scheme(head.scheme.equals("https") ? HTTPS : HTTP);
            headers.path(head.target);
        }
        if (!head.authority.isEmpty()) {
            headers.authority(head.authority);
        }
        for (int i = 0; i < head.fields.count(); i++) {
            if (head.fields.isLive(i)
                    && !(head.upgrade != null
                            && head.fields.kind(i) == FieldKind.SEC_WEBSOCKET_KEY)) {
                headers.add(head.fields.lowerName(i), head.fields.asciiValue(i));
            }
        }
        if (head.contentLength > 0) {
            headers.add(FieldKind.CONTENT_LENGTH.text(), AsciiString.of(text(head.contentLength)));
        }
        if (head.takesTrailers) {
            headers.add(FieldKind.TE.text(), TRAILERS);
        }
        if (head.expectsContinue) {
            headers.add(FieldKind.EXPECT.text(), CONTINUE);
        }
        return headers;
    }

    private static String text(long number) {
        return Long.toString(number);
    }

    /** Writes an answer's head. */
    static Http2Headers of(ResponseHead head) {
        return of(head, new DefaultHttp2Headers(false, head.fields.count() + 4));
    }

    /** Writes an answer's head into fields without any. */
    static <H extends Headers<CharSequence, CharSequence, H>> H of(ResponseHead head, H headers) {
        boolean switched = head.status == 101;
        // RFC 8441 section 5: what 101 says in HTTP/1, 200 says in HTTP/2.
        headers.add(
                STATUS, switched || head.status == 200 ? OK : AsciiString.of(text(head.status)));
        for (int i = 0; i < head.fields.count(); i++) {
            if (head.fields.isLive(i)
                    && !(switched && head.fields.kind(i) == FieldKind.SEC_WEBSOCKET_ACCEPT)) {
                headers.add(head.fields.lowerName(i), head.fields.asciiValue(i));
            }
        }
        if (head.contentLength >= 0 && head.status != 204 && head.status >= 200) {
            headers.add(FieldKind.CONTENT_LENGTH.text(), AsciiString.of(text(head.contentLength)));
        }
        return headers;
    }

    /** Writes trailers. */
    static Http2Headers of(Fields trailers) {
        return of(trailers, new DefaultHttp2Headers(false, trailers.count() + 1));
    }

    /** Writes trailers into fields without any. */
    static <H extends Headers<CharSequence, CharSequence, H>> H of(Fields trailers, H headers) {
        for (int i = 0; i < trailers.count(); i++) {
            if (trailers.isLive(i)) {
                headers.add(trailers.lowerName(i), trailers.asciiValue(i));
            }
        }
        return headers;
    }
}
