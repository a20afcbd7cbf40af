package io.culvert.gateway.http;

import io.culvert.hook.HttpAnswer;
import io.culvert.hook.HttpFields;

import java.nio.charset.StandardCharsets;

/**
 * An answer of the gateway's own as clients of gRPC understand it: 200, and the status of the call
 * in a head that is the trailers as well (gRPC over HTTP2, "Responses", Trailers-Only). The status
 * is the one that such a client would make of HTTP's by itself ("HTTP to gRPC Status Code
 * Mapping"), so that it does the same about it, as trying again, and is told the reason besides.
 */
final class GrpcAnswer {
    private static final String STATUS = "grpc-status";
    private static final String MESSAGE = "grpc-message";

    private static final int UNKNOWN = 2;
    private static final int PERMISSION_DENIED = 7;
    private static final int UNIMPLEMENTED = 12;
    private static final int INTERNAL = 13;
    private static final int UNAVAILABLE = 14;
    private static final int UNAUTHENTICATED = 16;

    /** Clients have limits for all that a head holds, 8 KiB with most. */
    private static final int LONGEST_MESSAGE = 1024;

    private GrpcAnswer() {}

    /**
     * @param answer one of HTTP; one that says a status of gRPC already stays as it is
     */
    static HttpAnswer of(HttpAnswer answer) {
        if (isTrailersOnly(answer)) {
            return answer;
        }
        HttpFields fields =
                answer.fields()
                        .with("content-type", "application/grpc")
                        .with(STATUS, String.valueOf(code(answer.status())))
                        .with(MESSAGE, message(answer));
        return HttpAnswer.of(200, fields, new byte[0]);
    }

    /** Whether its head says all of it. */
    static boolean isTrailersOnly(HttpAnswer answer) {
        return answer.body().length == 0 && answer.fields().first(STATUS).isPresent();
    }

    private static int code(int status) {
        return switch (status) {
            case 400 -> INTERNAL;
            case 401 -> UNAUTHENTICATED;
            case 403 -> PERMISSION_DENIED;
            case 404 -> UNIMPLEMENTED;
            case 429, 502, 503, 504 -> UNAVAILABLE;
            default -> UNKNOWN;
        };
    }

    /** Its text where it is one; a page would be of no use to a program. */
    private static String message(HttpAnswer answer) {
        boolean plain =
                answer.fields()
                        .first("content-type")
                        .filter(type -> type.startsWith("text/plain"))
                        .isPresent();
        return encode(
                plain
                        ? new String(answer.body(), StandardCharsets.UTF_8).strip()
                        : answer.status() + " " + Statuses.phrase(answer.status()));
    }

    /** Percent-Encoded of "Requests": what is not printable ASCII, and the sign itself. */
    private static String encode(String text) {
        StringBuilder encoded = new StringBuilder();
        for (byte b : text.getBytes(StandardCharsets.UTF_8)) {
            boolean continues = (b & 0xc0) == 0x80;
            if (encoded.length() >= LONGEST_MESSAGE && !continues) {
                break;
            }
            if (b >= ' ' && b <= '~' && b != '%') {
                encoded.append((char) b);
            } else {
                encoded.append('%')
                        .append(Character.toUpperCase(Character.forDigit((b >> 4) & 0xf, 16)))
                        .append(Character.toUpperCase(Character.forDigit(b & 0xf, 16)));
            }
        }
        return encoded.toString();
    }
}
