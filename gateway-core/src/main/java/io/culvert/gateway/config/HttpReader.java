package io.culvert.gateway.config;

import io.culvert.gateway.http.AccessLogSettings;
import io.culvert.gateway.http.ForwardedFields;
import io.culvert.gateway.http.HttpSettings;
import io.culvert.gateway.http.PortSet;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;

/** The HTTP of a configuration. */
final class HttpReader {
    private static final HttpSettings DEFAULT = HttpSettings.DEFAULT;

    private final Section section;

    HttpReader(Section section) {
        this.section = section;
    }

    HttpSettings read() {
        return new HttpSettings(
                time("header-timeout", "100ms", "10m", DEFAULT.headerTimeout()),
                time("request-timeout", "1s", "24h", DEFAULT.requestTimeout()),
                time("idle-timeout", "1s", "24h", DEFAULT.idleTimeout()),
                time("stream-timeout", "1s", "24h", DEFAULT.streamTimeout()),
                time("response-timeout", "100ms", "24h", DEFAULT.responseTimeout()),
                time("upstream-idle-timeout", "0s", "24h", DEFAULT.upstreamIdleTimeout()),
                section.number("upstream-idle", DEFAULT.upstreamIdle()),
                size("header-size", "1KiB", "1MiB", DEFAULT.headerBytes()),
                section.number("header-count", DEFAULT.headerCount()),
                section.value("body-size", Quantity::bytes).orElse(DEFAULT.bodyBytes()),
                section.number("streams", DEFAULT.streams()),
                size("stream-window", "64KiB", "16MiB", DEFAULT.streamWindow()),
                size("connection-window", "64KiB", "256MiB", DEFAULT.connectionWindow()),
                section.flag("via", DEFAULT.via()),
                section.text("forwarded").map(HttpReader::fields).orElse(DEFAULT.forwarded()),
                new PortSet(new HashSet<>(section.values("connect-ports", Integer::valueOf))),
                new AccessLogSettings(
                        section.value("access-log", HttpReader::path),
                        section.number("access-log-sample", 1),
                        section.flag("access-log-queries", false)),
                section.flag("experimental-http3", DEFAULT.http3()));
    }

    private Duration time(String key, String least, String most, Duration otherwise) {
        return section.value(key, text -> Quantity.duration(text, least, most)).orElse(otherwise);
    }

    private int size(String key, String least, String most, int otherwise) {
        return section.value(key, text -> Quantity.bytes(text, least, most)).orElse(otherwise);
    }

    private static ForwardedFields fields(String word) {
        return Arrays.stream(ForwardedFields.values())
                .filter(one -> one.word().equals(word))
                .findFirst()
                .orElse(DEFAULT.forwarded());
    }

    private static Path path(String text) {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("the path is empty");
        }
        return Path.of(text);
    }
}
