package io.culvert.gateway.config;

import io.culvert.gateway.policy.Origin;
import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.RuleWarnings;

import java.time.Duration;
import java.util.Optional;

/**
 * Makes the records from a tree, and says what is wrong with it beyond its form: addresses that are
 * none, names given twice, references to nothing.
 */
final class ConfigurationReader {
    private final YamlTree tree;
    private final Errors errors;
    private final String file;

    /**
     * @param file as the operator named it
     */
    ConfigurationReader(YamlTree tree, Errors errors, String file) {
        this.tree = tree;
        this.errors = errors;
        this.file = file;
    }

    /** To be used only when no error was added, here or by {@link SchemaCheck}. */
    Configuration read() {
        Section root = Section.root(tree, errors);
        OnRampReader onramps = new OnRampReader(root.sections("onramps"));
        OffRampReader offramps = new OffRampReader(root.sections("offramps"));
        root.sections("offramps").forEach(onramps::refuseCapture);
        PolicyReader policy =
                new PolicyReader(
                        onramps.tenants(),
                        onramps.tenantsWithoutPackets(),
                        offramps.types(),
                        root.has("plugins"),
                        ProxyingReader.of(root),
                        file);
        Policy rules = policy.read(root.section("policy"));
        new PolicyTests(rules, errors.isEmpty()).run(root.section("policy"));
        if (errors.isEmpty()) {
            RuleWarnings.of(rules).forEach(this::warn);
        }
        HttpReader http =
                new HttpReader(
                        root.section("http"), root.section("tls"), rules, root.has("plugins"));
        http.warning().ifPresent(warning -> errors.warn(http.position(), warning));
        return new Configuration(
                onramps.onramps(),
                offramps.offramps(),
                rules,
                limits(root.section("limits")),
                timers(root.section("timers")),
                root.section("forwarding").flag("mid-stream", true),
                new PluginReader(tree, errors, file).read(root.sections("plugins")),
                root.number("workers", Runtime.getRuntime().availableProcessors()),
                TelemetryReader.read(root.section("telemetry")),
                new TlsReader(file, errors).read(root.section("tls")),
                new UpstreamReader(root.sections("upstreams"), file).groups(),
                ResolverReader.read(root.section("resolver")),
                http.read());
    }

    private void warn(RuleWarnings.Warning warning) {
        Origin at = warning.rule().origin();
        errors.warn(new Position(at.line(), at.column()), warning.message());
    }

    private static Limits limits(Section section) {
        Limits defaults = Limits.DEFAULT;
        int flows = section.number("flows", defaults.flows());
        int ofTenant =
                Math.min(flows, section.number("flows-per-tenant", defaults.flowsPerTenant()));
        return new Limits(
                flows,
                ofTenant,
                section.number("flows-per-second-per-tenant", defaults.flowsPerSecondPerTenant()),
                Math.min(ofTenant, section.number("slots-per-tenant", defaults.slotsPerTenant())),
                section.number("dials", defaults.dials()),
                section.value("dial-timeout", text -> Quantity.duration(text, "100ms", "5m"))
                        .orElse(defaults.dialTimeout()),
                section.value("drain", text -> Quantity.duration(text, "0s", "24h"))
                        .orElse(defaults.drain()),
                section.value("relay-buffer", text -> Quantity.bytes(text, "4KiB", "1MiB"))
                        .orElse(defaults.relayBuffer()));
    }

    private static Timers timers(Section section) {
        Timers defaults = Timers.DEFAULT;
        return new Timers(
                timer(section, "tcp-established", "7440s", "RFC 5382 REQ-5")
                        .orElse(defaults.tcpEstablished()),
                timer(section, "tcp-transitory", "240s", "RFC 5382 REQ-5")
                        .orElse(defaults.tcpTransitory()),
                timer(section, "udp", "120s", "RFC 4787 REQ-5").orElse(defaults.udp()),
                timer(section, "icmp", "60s", "RFC 5508 REQ-2").orElse(defaults.icmp()));
    }

    private static Optional<Duration> timer(
            Section section, String key, String floor, String origin) {
        return section.value(
                key,
                text -> {
                    Duration span = Quantity.duration(text);
                    if (span.compareTo(Quantity.duration(floor)) < 0) {
                        throw new IllegalArgumentException(
                                "must be at least %s (%s), not %s".formatted(floor, origin, text));
                    }
                    return Quantity.duration(text, floor, "30d");
                });
    }
}
