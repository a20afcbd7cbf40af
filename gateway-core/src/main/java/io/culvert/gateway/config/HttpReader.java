package io.culvert.gateway.config;

import io.culvert.gateway.http.AccessLogSettings;
import io.culvert.gateway.http.ForwardedFields;
import io.culvert.gateway.http.HttpSettings;
import io.culvert.gateway.http.MinimumRate;
import io.culvert.gateway.http.PortSet;
import io.culvert.gateway.tls.QuicTls;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Optional;

/** The HTTP of a configuration. */
final class HttpReader {
    private static final HttpSettings DEFAULT = HttpSettings.DEFAULT;

    private static final String HTTP3 = "experimental-http3";

    private final Section section;
    private final Section tls;

    /**
     * @param tls the section of that name
     */
    HttpReader(Section section, Section tls) {
        this.section = section;
        this.tls = tls;
    }

    /** Whether a section has HTTP/3 spoken. */
    static boolean http3(Section section) {
        return section.flag(HTTP3, DEFAULT.http3());
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
                http3(),
                new MinimumRate(
                        section.number("minimum-rate", DEFAULT.minimumRate().bytes()),
                        time("minimum-rate-time", "1s", "10m", DEFAULT.minimumRate().time())));
    }

    private boolean http3() {
        boolean spoken = http3(section);
        if (spoken && !tls.has("certificates")) {
            section.wrongKey(
                    HTTP3, "there is no certificate to end QUIC with; add tls: certificates");
        } else if (spoken && tls.has("client-authorities")) {
            section.wrongKey(
                    HTTP3, "clients of HTTP/3 are asked for no certificate, as tls has it");
        }
        return spoken;
    }

    /** What may be missing on this machine; loads the library where HTTP/3 is spoken. */
    Optional<String> warning() {
        return http3(section)
                ? QuicTls.obstacle().map(why -> "HTTP/3 cannot be spoken on this machine: " + why)
                : Optional.empty();
    }

    Position position() {
        return section.position(HTTP3);
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
