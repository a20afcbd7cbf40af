package io.culvert.gateway.config;

import io.culvert.gateway.config.Section.Located;
import io.culvert.gateway.tls.CertificateFiles;
import io.culvert.gateway.tls.ClientTlsSettings;
import io.culvert.gateway.tls.TlsException;
import io.culvert.gateway.tls.TlsFileCheck;
import io.culvert.gateway.tls.TlsSettings;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The TLS of a configuration. A file that is there is read, and has to be what it is named as; one
 * that is not there may be where the configuration will be used.
 */
final class TlsReader {
    private final Path directory;
    private final Errors errors;

    /**
     * @param file the configuration's name, to whose directory paths are relative
     */
    TlsReader(String file, Errors errors) {
        Path parent = Path.of(file).toAbsolutePath().getParent();
        directory = parent == null ? Path.of("/") : parent;
        this.errors = errors;
    }

    TlsSettings read(Section section) {
        List<CertificateFiles> certificates = new ArrayList<>();
        for (Section one : section.sections("certificates")) {
            files(one, "certificate").ifPresent(certificates::add);
        }
        Optional<Path> clients = authorities(section, "client-authorities");
        Optional<TlsSettings.Inspect> inspect = inspect(section.section("inspect"));
        return new TlsSettings(
                certificates,
                clients,
                section.text("client-certificates").orElse("").equals("optional"),
                inspect,
                duration(section, "handshake-timeout", "100ms", "5m")
                        .orElse(TlsSettings.DEFAULT_HANDSHAKE_TIMEOUT),
                duration(section, "expiry-warning", "0s", "365d")
                        .orElse(TlsSettings.DEFAULT_EXPIRY_WARNING),
                switch (section.text("engine").orElse("")) {
                    case "boringssl" -> TlsSettings.Engine.BORINGSSL;
                    case "jdk" -> TlsSettings.Engine.JDK;
                    default -> TlsSettings.Engine.AUTO;
                });
    }

    private static Optional<Duration> duration(
            Section section, String key, String least, String most) {
        return section.value(key, text -> Quantity.duration(text, least, most));
    }

    private Optional<TlsSettings.Inspect> inspect(Section section) {
        Optional<Path> authorities = authorities(section, "authorities");
        List<String> pass =
                section.located("pass", TlsFileCheck::pattern).stream()
                        .map(Located::value)
                        .toList();
        return files(section, "authority")
                .map(
                        files ->
                                new TlsSettings.Inspect(
                                        files,
                                        pass,
                                        new ClientTlsSettings(
                                                Optional.empty(),
                                                authorities,
                                                section.flag("verify", true),
                                                Optional.empty())));
    }

    /**
     * A certificate and its key.
     *
     * @param what {@code authority} where it has to be one
     */
    private Optional<CertificateFiles> files(Section section, String what) {
        Optional<Path> certificate = section.value("certificate", this::path);
        Optional<Path> key = section.value("key", this::path);
        if (certificate.isEmpty() || key.isEmpty()) {
            return Optional.empty();
        }
        CertificateFiles files = new CertificateFiles(certificate.get(), key.get());
        if (Files.exists(certificate.get()) && Files.exists(key.get())) {
            try {
                if (what.equals("authority")) {
                    TlsFileCheck.authority(files);
                } else {
                    TlsFileCheck.certificate(files);
                }
            } catch (TlsException wrong) {
                section.wrong("certificate", wrong.getMessage());
            }
        }
        TlsFileCheck.mode(files.key())
                .ifPresent(open -> errors.warn(section.position("key"), open));
        return Optional.of(files);
    }

    private Optional<Path> authorities(Section section, String key) {
        Optional<Path> file = section.value(key, this::path);
        if (file.isPresent() && Files.exists(file.get())) {
            try {
                TlsFileCheck.authorities(file.get());
            } catch (TlsException wrong) {
                section.wrong(key, wrong.getMessage());
            }
        }
        return file;
    }

    private Path path(String text) {
        if (text.isEmpty()) {
            throw new IllegalArgumentException("the path is empty");
        }
        return directory.resolve(text);
    }
}
