package io.culvert.gateway.http;

import io.culvert.hook.Reason;
import io.netty.buffer.ByteBuf;
import io.netty.buffer.ByteBufAllocator;

import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Locale;

/** What the gateway answers by itself where a request cannot be answered by a server. */
final class ErrorAnswer {
    /** IMF-fixdate (RFC 9110 section 5.6.7). */
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ROOT);

    /** Says the {@link Reason} in a word, so that nobody takes the answer for the server's. */
    static final String REASON = "culvert-reason";

    private ErrorAnswer() {}

    /** Fills the head in, and makes the body that it announces; none for HEAD. */
    static ByteBuf fill(
            ResponseHead head, Reason reason, RequestHead request, ByteBufAllocator allocator) {
        int status = Statuses.of(reason);
        head.clear();
        head.status = status;
        head.phrase = Statuses.phrase(status);
        boolean json = prefersJson(request);
        byte[] text =
                (json
                                ? "{\"status\":%d,\"reason\":\"%s\",\"meaning\":\"%s\"}%n"
                                : "%1$d %4$s: %3$s (%2$s)%n")
                        .formatted(status, reason, reason.meaning(), head.phrase)
                        .getBytes(StandardCharsets.UTF_8);
        head.fields.add("date", now());
        head.fields.add("content-type", json ? "application/json" : "text/plain; charset=utf-8");
        head.fields.add("cache-control", "no-store");
        head.fields.add(REASON, reason.name());
        head.contentLength = text.length;
        head.bodiless = request.isHead();
        return head.bodiless ? null : allocator.buffer(text.length).writeBytes(text);
    }

    private static boolean prefersJson(RequestHead request) {
        int accept = request.fields.find(FieldKind.ACCEPT, 0);
        return accept >= 0 && request.fields.value(accept).contains("json");
    }

    /** The time, as a field has it (RFC 9110 section 5.6.7). */
    static String now() {
        return DATE.format(ZonedDateTime.now(ZoneOffset.UTC));
    }
}
