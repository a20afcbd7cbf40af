package io.culvert.gateway.config;

import io.culvert.gateway.config.Section.Located;
import io.culvert.gateway.tls.CertificateFiles;
import io.culvert.gateway.tls.ClientTlsSettings;
import io.culvert.gateway.upstream.Balance;
import io.culvert.gateway.upstream.EjectionSettings;
import io.culvert.gateway.upstream.GroupSettings;
import io.culvert.gateway.upstream.HealthSettings;
import io.culvert.gateway.upstream.LinkSettings;
import io.culvert.gateway.upstream.Protocol;
import io.culvert.gateway.upstream.ProxyProtocol;
import io.culvert.gateway.upstream.ServerSettings;

import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** The groups of servers of a configuration. */
final class UpstreamReader {
    private static final String CLIENT = "client";

    private final Path directory;
    private final List<GroupSettings> groups = new ArrayList<>();

    /**
     * Reads them.
     *
     * @param file the configuration's name, to whose directory paths are relative
     */
    UpstreamReader(List<Section> sections, String file) {
        Path parent = Path.of(file).toAbsolutePath().getParent();
        directory = parent == null ? Path.of("/") : parent;
        Names names = new Names("upstream");
        for (Section section : sections) {
            names.add(section);
            groups.add(group(section));
        }
    }

    List<GroupSettings> groups() {
        return groups;
    }

    private GroupSettings group(Section section) {
        return new GroupSettings(
                section.text("name").orElse(""),
                servers(section),
                section.text("tenant").orElse(""),
                section.text("resolve").orElse("").equals("one"),
                word(section, "balance", Balance.values(), Balance::word, Balance.ROUND_ROBIN),
                link(section),
                section.has("health") ? health(section.section("health")) : Optional.empty(),
                ejection(section.section("ejection")),
                section.number("connections", GroupSettings.DEFAULT_CONNECTIONS),
                section.number("requests", GroupSettings.DEFAULT_REQUESTS),
                section.number("retries", GroupSettings.DEFAULT_RETRIES),
                section.number("retry-budget", GroupSettings.DEFAULT_RETRY_BUDGET),
                section.number("panic", GroupSettings.DEFAULT_PANIC));
    }

    private static <T> T word(
            Section section, String key, T[] all, Function<T, String> spelled, T otherwise) {
        String word = section.text(key).orElse("");
        return Arrays.stream(all)
                .filter(one -> spelled.apply(one).equals(word))
                .findFirst()
                .orElse(otherwise);
    }

    private static List<ServerSettings> servers(Section section) {
        List<Located<ServerSettings>> servers = new ArrayList<>();
        section.located("servers", ServerAddress::parse)
                .forEach(one -> servers.add(located(one.value(), 1, one.position())));
        for (Section server : section.sections("servers")) {
            int weight = server.number("weight", 1);
            server.value("address", ServerAddress::parse)
                    .ifPresent(
                            address ->
                                    servers.add(
                                            located(address, weight, server.position("address"))));
        }
        servers.sort(Comparator.comparing(Located::position));
        if (section.isEmptyList("servers")) {
            section.wrong("servers", "servers: at least one is needed");
        }
        Map<String, Position> places = new HashMap<>();
        for (Located<ServerSettings> server : servers) {
            Position first = places.putIfAbsent(server.value().text(), server.position());
            if (first != null) {
                section.wrong(
                        server.position(),
                        "servers: %s is given already, on line %d"
                                .formatted(server.value().text(), first.line()));
            }
        }
        return servers.stream().map(Located::value).toList();
    }

    private static Located<ServerSettings> located(
            ServerAddress address, int weight, Position position) {
        return new Located<>(new ServerSettings(address.host(), address.port(), weight), position);
    }

    private LinkSettings link(Section section) {
        Optional<String> proxy = section.text("proxy-protocol");
        boolean client = section.text("source").orElse("").equals(CLIENT);
        Optional<InetAddress> source =
                client
                        ? Optional.empty()
                        : section.value(
                                "source", text -> InterfaceAddress.parseHost(text).toInetAddress());
        return new LinkSettings(
                word(section, "protocol", Protocol.values(), Protocol::word, Protocol.AUTO),
                section.has("tls") ? Optional.of(tls(section.section("tls"))) : Optional.empty(),
                proxy.flatMap(
                        word ->
                                Arrays.stream(ProxyProtocol.values())
                                        .filter(one -> one.word().equals(word))
                                        .findFirst()),
                source,
                client,
                section.value("connect-timeout", text -> Quantity.duration(text, "100ms", "1m"))
                        .orElse(LinkSettings.DEFAULT_TIMEOUT));
    }

    private ClientTlsSettings tls(Section section) {
        Optional<Path> certificate = section.value("certificate", directory::resolve);
        Optional<Path> key = section.value("key", directory::resolve);
        if (certificate.isPresent() != key.isPresent()) {
            String there = certificate.isPresent() ? "certificate" : "key";
            section.wrongKey(there, "certificate and key go together");
        }
        return new ClientTlsSettings(
                section.text("name"),
                section.value("authorities", directory::resolve),
                section.flag("verify", true),
                certificate.flatMap(
                        chain -> key.map(secret -> new CertificateFiles(chain, secret))));
    }

    private static Optional<HealthSettings> health(Section section) {
        Duration interval =
                section.value("interval", text -> Quantity.duration(text, "100ms", "1h"))
                        .orElse(HealthSettings.DEFAULT_INTERVAL);
        return Optional.of(
                new HealthSettings(
                        section.value("path", UpstreamReader::path),
                        section.values("statuses", UpstreamReader::statuses).stream()
                                .findFirst()
                                .orElse(HealthSettings.Statuses.DEFAULT),
                        interval,
                        section.value("timeout", text -> Quantity.duration(text, "10ms", "1m"))
                                .orElse(HealthSettings.DEFAULT_TIMEOUT),
                        section.number("rise", HealthSettings.DEFAULT_RISE),
                        section.number("fall", HealthSettings.DEFAULT_FALL)));
    }

    private static String path(String text) {
        if (!text.startsWith("/") || !text.chars().allMatch(one -> one > ' ' && one < 0x7f)) {
            throw new IllegalArgumentException(
                    "\"%s\" is not a path such as /healthz".formatted(Printable.of(text)));
        }
        return text;
    }

    private static HealthSettings.Statuses statuses(String text) {
        if (!text.matches("[1-5][0-9]{2}(-[1-5][0-9]{2})?")) {
            throw new IllegalArgumentException(
                    "\"%s\" is not a status such as 200, or a range such as 200-399"
                            .formatted(Printable.of(text)));
        }
        int first = Integer.parseInt(text.substring(0, 3));
        int last = text.length() > 3 ? Integer.parseInt(text.substring(4)) : first;
        if (last < first) {
            throw new IllegalArgumentException(text + " ends before it begins");
        }
        return new HealthSettings.Statuses(first, last);
    }

    private static EjectionSettings ejection(Section section) {
        EjectionSettings defaults = EjectionSettings.DEFAULT;
        Duration least =
                section.value("time", text -> Quantity.duration(text, "100ms", "1h"))
                        .orElse(defaults.least());
        Duration most =
                section.value("longest", text -> Quantity.duration(text, "100ms", "1d"))
                        .orElse(defaults.most());
        if (most.compareTo(least) < 0) {
            if (section.has("longest")) {
                section.wrong("longest", "longest: it is shorter than time");
            }
            most = least;
        }
        return new EjectionSettings(section.number("failures", defaults.failures()), least, most);
    }
}
