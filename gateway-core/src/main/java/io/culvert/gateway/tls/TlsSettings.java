package io.culvert.gateway.tls;

import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How the gateway ends TLS.
 *
 * @param certificates chosen by the name that a client wants; the first one also where there is
 *     none for it
 * @param clientAuthorities a file of PEM with the authorities of clients' certificates, which
 *     clients then have to show; empty where none is asked for
 * @param clientOptional whether a client that shows none is let in all the same
 * @param inspect empty where nothing is inspected
 * @param handshakeTimeout from the first byte waited for to the end of the handshake
 * @param expiryWarning so long before a certificate ends the log says so, once a day
 * @param engine what does the work
 */
public record TlsSettings(
        List<CertificateFiles> certificates,
        Optional<Path> clientAuthorities,
        boolean clientOptional,
        Optional<Inspect> inspect,
        Duration handshakeTimeout,
        Duration expiryWarning,
        Engine engine) {
    public static final Duration DEFAULT_HANDSHAKE_TIMEOUT = Duration.ofSeconds(10);
    public static final Duration DEFAULT_EXPIRY_WARNING = Duration.ofDays(14);

    /** No TLS is ended. */
    public static final TlsSettings NONE =
            new TlsSettings(
                    List.of(),
                    Optional.empty(),
                    false,
                    Optional.empty(),
                    DEFAULT_HANDSHAKE_TIMEOUT,
                    DEFAULT_EXPIRY_WARNING,
                    Engine.AUTO);

    /** What does the work of TLS. */
    public enum Engine {
        /** BoringSSL where its library can be loaded, the JDK otherwise. */
        AUTO,
        BORINGSSL,
        JDK
    }

    /**
     * Whose certificates are minted from.
     *
     * @param authority the authority's certificate and key
     * @param pass names that are not inspected, each exact or with a leading {@code *.}
     * @param towards how TLS is begun with the targets of inspected connections
     */
    public record Inspect(
            CertificateFiles authority, List<String> pass, ClientTlsSettings towards) {
        public Inspect {
            pass = List.copyOf(pass);
        }
    }

    public TlsSettings {
        certificates = List.copyOf(certificates);
    }

    /** Every file that is named, in no order. */
    List<Path> files() {
        List<Path> files = new ArrayList<>();
        certificates.forEach(each -> files.addAll(each.files()));
        clientAuthorities.ifPresent(files::add);
        inspect.ifPresent(
                one -> {
                    files.addAll(one.authority().files());
                    files.addAll(one.towards().files());
                });
        return files;
    }

    /** Those of them with private keys. */
    List<Path> keys() {
        List<Path> keys = new ArrayList<>();
        certificates.forEach(each -> keys.add(each.key()));
        inspect.ifPresent(
                one -> {
                    keys.add(one.authority().key());
                    one.towards().certificate().ifPresent(own -> keys.add(own.key()));
                });
        return keys;
    }

    /** Whether no TLS is ended by them. */
    boolean isNone() {
        return certificates.isEmpty() && inspect.isEmpty();
    }
}
