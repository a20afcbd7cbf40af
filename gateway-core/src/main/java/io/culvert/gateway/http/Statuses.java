package io.culvert.gateway.http;

import io.culvert.hook.Reason;

/** With which status the gateway answers by itself (RFC 9110 section 15, RFC 6585). */
final class Statuses {
    private Statuses() {}

    static int of(Reason reason) {
        return switch (reason) {
            case HTTP_SYNTAX,
                    HTTP_BARE_LINE_FEED,
                    HTTP_FOLDED_FIELD,
                    HTTP_SPACE_BEFORE_COLON,
                    HTTP_LENGTH_CONFLICT,
                    HTTP_LENGTH_REPEATED,
                    HTTP_LENGTH_INVALID,
                    HTTP_TRANSFER_CODING,
                    HTTP_CHUNK,
                    HTTP_CHUNK_EXTENSION,
                    HTTP_HOST,
                    HTTP_PSEUDO_FIELD,
                    HTTP_CONNECTION_FIELD ->
                    400;
            case POLICY_RULE, POLICY_DEFAULT, HOOK_REFUSED, HTTP_CONNECT -> 403;
            case HTTP_TIMEOUT, HTTP_TOO_SLOW -> 408;
            case HTTP_BODY_TOO_LONG -> 413;
            case HTTP_TARGET_TOO_LONG -> 414;
            case HTTP_FIELDS_TOO_LONG -> 431;
            case HTTP_UPGRADE -> 501;
            case UPSTREAM_UNRESOLVED,
                    UPSTREAM_TLS,
                    UPSTREAM_CLOSED,
                    UPSTREAM_PROTOCOL,
                    DIAL_REFUSED,
                    DIAL_UNREACHABLE ->
                    502;
            case DIAL_TIMEOUT, UPSTREAM_TIMEOUT -> 504;
            case HTTP_VERSION -> 505;
            default -> 503;
        };
    }

    /**
     * Whether it says that the request breaks the rules, or comes too slowly, so that it cannot be
     * read on.
     */
    static boolean isProtocols(int status) {
        return switch (status) {
            case 400, 408, 414, 431, 501, 505 -> true;
            default -> false;
        };
    }

    static String phrase(int status) {
        return switch (status) {
            case 200 -> "OK";
            case 101 -> "Switching Protocols";
            case 400 -> "Bad Request";
            case 403 -> "Forbidden";
            case 408 -> "Request Timeout";
            case 413 -> "Content Too Large";
            case 414 -> "URI Too Long";
            case 431 -> "Request Header Fields Too Large";
            case 501 -> "Not Implemented";
            case 502 -> "Bad Gateway";
            case 503 -> "Service Unavailable";
            case 504 -> "Gateway Timeout";
            case 505 -> "HTTP Version Not Supported";
            default -> "";
        };
    }
}
