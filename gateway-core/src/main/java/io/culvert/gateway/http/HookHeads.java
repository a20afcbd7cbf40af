package io.culvert.gateway.http;

import io.culvert.hook.HttpAnswer;
import io.culvert.hook.HttpFields;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Heads as plugins see and say them. */
public final class HookHeads {
    private HookHeads() {}

    /** Those that are left, as plugins see them. */
    static HttpFields fields(Fields of) {
        List<HttpFields.Field> list = new ArrayList<>();
        for (int i = 0; i < of.count(); i++) {
            if (of.isLive(i)) {
                list.add(new HttpFields.Field(of.name(i), of.value(i)));
            }
        }
        return HttpFields.of(list);
    }

    /**
     * Puts a plugin's fields in the place of others; those that are not its to set are left out.
     */
    static void set(Fields to, HttpFields from) {
        to.clear();
        for (HttpFields.Field field : settable(from).list()) {
            to.add(field.name(), field.value());
        }
    }

    /** Those that are a plugin's to set: no other is of a single connection, or frames a body. */
    public static HttpFields settable(HttpFields fields) {
        return HttpFields.of(fields.list().stream().filter(HookHeads::isSettable).toList());
    }

    private static boolean isSettable(HttpFields.Field field) {
        return switch (field.name().toLowerCase(Locale.ROOT)) {
            case "connection",
                    "content-length",
                    "expect",
                    "host",
                    "http2-settings",
                    "keep-alive",
                    "proxy-connection",
                    "te",
                    "trailer",
                    "transfer-encoding",
                    "upgrade" ->
                    false;
            default -> true;
        };
    }

    /** The head of a whole answer. */
    static ResponseHead head(HttpAnswer answer, RequestHead request) {
        ResponseHead head = new ResponseHead();
        head.clear();
        head.status = answer.status();
        head.phrase = Statuses.phrase(answer.status());
        set(head.fields, answer.fields());
        if (head.fields.find("date") < 0) {
            head.fields.add("date", ErrorAnswer.now());
        }
        // RFC 9110, sections 15.3.5 and 15.4.5.
        boolean none = answer.status() == 204 || answer.status() == 304;
        head.contentLength = answer.body().length;
        head.bodiless = request.isHead() || none;
        return head;
    }
}
