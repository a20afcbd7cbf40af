package io.culvert.gateway.http;

/** What may not stand behind a body (RFC 9110 section 6.5.1). */
final class Trailers {
    private Trailers() {}

    /** Takes out what frames or routes a message, or is of a single connection. */
    static void clean(Fields trailers) {
        for (int i = 0; i < trailers.count(); i++) {
            if (!trailers.isLive(i)) {
                continue;
            }
            switch (trailers.kind(i)) {
                case CONNECTION,
                        CONTENT_LENGTH,
                        CONTENT_TYPE,
                        COOKIE,
                        EXPECT,
                        FORWARDED,
                        HOST,
                        HTTP2_SETTINGS,
                        KEEP_ALIVE,
                        PROXY_CONNECTION,
                        TE,
                        TRAILER,
                        TRANSFER_ENCODING,
                        UPGRADE,
                        X_FORWARDED_FOR,
                        X_FORWARDED_HOST,
                        X_FORWARDED_PROTO ->
                        trailers.remove(i);
                default -> {}
            }
        }
    }
}
