package io.culvert.gateway.http;

import io.culvert.hook.HttpAnswer;
import io.culvert.hook.HttpFields;
import io.culvert.hook.Reason;

import java.nio.charset.StandardCharsets;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;

/** What the gateway answers by itself where a request cannot be answered by a server. */
public final class ErrorAnswer {
    /** IMF-fixdate (RFC 9110 section 5.6.7). */
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("EEE, dd MMM yyyy HH:mm:ss 'GMT'", Locale.ROOT);

    /** Says the {@link Reason} in a word, so that nobody takes the answer for the server's. */
    static final String REASON = "culvert-reason";

    private ErrorAnswer() {}

    static HttpAnswer of(Reason reason, RequestHead request) {
        return of(reason, prefersJson(request));
    }

    /** What says why a request is not answered otherwise, as JSON or as text. */
    public static HttpAnswer of(Reason reason, boolean json) {
        int status = Statuses.of(reason);
        String text =
                (json
                                ? "{\"status\":%d,\"reason\":\"%s\",\"meaning\":\"%s\"}%n"
                                : "%1$d %4$s: %3$s (%2$s)%n")
                        .formatted(status, reason, reason.meaning(), Statuses.phrase(status));
        List<HttpFields.Field> fields =
                List.of(
                        new HttpFields.Field("date", now()),
                        new HttpFields.Field(
                                "content-type",
                                json ? "application/json" : "text/plain; charset=utf-8"),
                        new HttpFields.Field("cache-control", "no-store"),
                        new HttpFields.Field(REASON, reason.name()));
        return HttpAnswer.of(status, HttpFields.of(fields), text.getBytes(StandardCharsets.UTF_8));
    }

    private static boolean prefersJson(RequestHead request) {
        int accept = request.fields.find(FieldKind.ACCEPT, 0);
        return accept >= 0 && !request.isGrpc() && request.fields.value(accept).contains("json");
    }

    /** The time, as a field has it (RFC 9110 section 5.6.7). */
    static String now() {
        return DATE.format(ZonedDateTime.now(ZoneOffset.UTC));
    }
}
