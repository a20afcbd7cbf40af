package io.culvert.gateway.config;

import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The telemetry of a configuration. */
final class TelemetryReader {
    private static final Pattern KEY = Pattern.compile("[A-Za-z][A-Za-z0-9._-]{0,62}");

    private TelemetryReader() {}

    static TelemetrySettings read(Section section) {
        Optional<Path> flowLog = section.value("flow-log", TelemetryReader::path);
        Optional<Path> auditLog = section.value("audit-log", TelemetryReader::path);
        if (flowLog.isPresent() && flowLog.equals(auditLog)) {
            section.wrong("audit-log", "audit-log: the flow log is in this file already");
        }
        return new TelemetrySettings(
                section.value("listen", SocketAddress::parse)
                        .map(SocketAddress::toInetSocketAddress),
                section.number("tenants", TelemetrySettings.DEFAULT_TENANTS),
                flowLog,
                auditLog,
                section.values("redact", TelemetryReader::key).stream()
                        .collect(Collectors.toUnmodifiableSet()));
    }

    private static Path path(String text) {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("the path is empty");
        }
        // InvalidPathException is an IllegalArgumentException that says what is wrong.
        return Path.of(text);
    }

    private static String key(String text) {
        if (!KEY.matcher(text).matches()) {
            throw new IllegalArgumentException(
                    "\"%s\" is not a key such as token".formatted(Printable.of(text)));
        }
        return text;
    }
}
