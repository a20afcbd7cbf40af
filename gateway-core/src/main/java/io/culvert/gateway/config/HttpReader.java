package io.culvert.gateway.config;

import io.culvert.gateway.http.AccessLogSettings;
import io.culvert.gateway.http.ForwardedFields;
import io.culvert.gateway.http.HttpSettings;
import io.culvert.gateway.http.MinimumRate;
import io.culvert.gateway.http.PortSet;
import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.Protocol;
import io.culvert.gateway.policy.Proxying;
import io.culvert.gateway.policy.Rule;
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
    private static final String ADVERTISE = "advertise-http3";

    private final Section section;
    private final Section tls;
    private final Policy rules;
    private final boolean plugins;

    /**
     * @param tls the section of that name
     * @param rules all that is decided without plugins
     * @param plugins whether there are any
     */
    HttpReader(Section section, Section tls, Policy rules, boolean plugins) {
        this.section = section;
        this.tls = tls;
        this.rules = rules;
        this.plugins = plugins;
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
                advertisesHttp3(),
                new MinimumRate(
                        section.number("minimum-rate", DEFAULT.minimumRate().bytes()),
                        time("minimum-rate-time", "1s", "10m", DEFAULT.minimumRate().time())));
    }

    private boolean http3() {
        boolean spoken = http3(section);
        if (spoken && !tls.has("certificates")) {
            section.wrongKey(
                    HTTP3, "there is no certificate to end QUIC with; add tls: certificates");
        }
        return spoken;
    }

    private boolean advertisesHttp3() {
        boolean told = section.flag(ADVERTISE, DEFAULT.advertisesHttp3());
        if (told && !http3(section)) {
            section.wrongKey(ADVERTISE, "no HTTP/3 is spoken; add \"experimental-http3: true\"");
        } else if (told && !plugins && rules.rules().stream().noneMatch(HttpReader::endsQuic)) {
            section.wrongKey(
                    ADVERTISE,
                    "no rule ends QUIC; add one for udp with \"do: upgrade\" and \"handler:"
                            + " http\"");
        }
        return told;
    }

    private static boolean endsQuic(Rule rule) {
        boolean udp =
                rule.protocols().isEmpty() || rule.protocols().contains(Protocol.UDP.number());
        boolean web = rule.handler().equals(Policy.HTTP) || rule.handler().equals(Policy.AUTO);
        Optional<Proxying.Tls> own = rule.terms().proxying().tls();
        return udp
                && web
                && !rule.via().equals(OffRamp.TUNNELS)
                && own.filter(one -> one != Proxying.Tls.TERMINATE).isEmpty();
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
