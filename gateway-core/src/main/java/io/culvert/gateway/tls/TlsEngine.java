package io.culvert.gateway.tls;

import io.netty.handler.ssl.ApplicationProtocolConfig;
import io.netty.handler.ssl.ApplicationProtocolConfig.Protocol;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectedListenerFailureBehavior;
import io.netty.handler.ssl.ApplicationProtocolConfig.SelectorFailureBehavior;
import io.netty.handler.ssl.ClientAuth;
import io.netty.handler.ssl.OpenSsl;
import io.netty.handler.ssl.OpenSslContextOption;
import io.netty.handler.ssl.OpenSslSessionContext;
import io.netty.handler.ssl.OpenSslX509KeyManagerFactory;
import io.netty.handler.ssl.SslContext;
import io.netty.handler.ssl.SslContextBuilder;
import io.netty.handler.ssl.SslProvider;
import io.netty.handler.ssl.SupportedCipherSuiteFilter;

import java.io.IOException;
import java.security.GeneralSecurityException;
import java.security.cert.X509Certificate;
import java.util.List;
import java.util.Optional;

import javax.net.ssl.SSLException;
import javax.net.ssl.TrustManagerFactory;

/**
 * What does the work of TLS: BoringSSL, or the JDK. Both speak TLS 1.3 and 1.2 alone, with suites
 * that have forward secrecy and authenticate what they encrypt (RFC 9325, sections 3.1.1 and 4.2).
 *
 * <p>A server's private key stays in Java with either: BoringSSL asks for signatures ({@link
 * SigningKey}), so that they are made where delegated tasks run, and not on a worker's loop.
 *
 * <p>Threading: any.
 */
final class TlsEngine {
    private static final List<String> PROTOCOLS = List.of("TLSv1.3", "TLSv1.2");

    private static final List<String> SUITES =
            List.of(
                    "TLS_AES_128_GCM_SHA256",
                    "TLS_AES_256_GCM_SHA384",
                    "TLS_CHACHA20_POLY1305_SHA256",
                    "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256",
                    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
                    "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384",
                    "TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384",
                    "TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256",
                    "TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256");

    /** In order of preference; the first one withstands a quantum computer to come. */
    private static final String[] GROUPS = {"X25519MLKEM768", "x25519", "secp256r1", "secp384r1"};

    /** RFC 8446, section 4.6.1, allows seven days; keys of tickets change more often than that. */
    private static final long SESSION_SECONDS = TicketKeys.LIFETIME.toSeconds();

    static {
        // Both are read when the JDK's TLS is first used. A client that asks for the handshake of
        // TLS 1.2 again and again would have the server do the work.
        if (System.getProperty("jdk.tls.rejectClientInitiatedRenegotiation") == null) {
            System.setProperty("jdk.tls.rejectClientInitiatedRenegotiation", "true");
        }
    }

    private final SslProvider provider;

    private TlsEngine(SslProvider provider) {
        this.provider = provider;
    }

    /**
     * The one that is wanted.
     *
     * @throws TlsException if it cannot be had here
     */
    static TlsEngine of(TlsSettings.Engine wanted) throws TlsException {
        return switch (wanted) {
            case JDK -> new TlsEngine(SslProvider.JDK);
            case AUTO ->
                    new TlsEngine(hasBoringSsl() ? SslProvider.OPENSSL_REFCNT : SslProvider.JDK);
            case BORINGSSL -> {
                if (!hasBoringSsl()) {
                    Throwable why = OpenSsl.unavailabilityCause();
                    throw new TlsException(
                            "BoringSSL cannot be loaded here"
                                    + (why == null ? "" : ": " + why.getMessage()),
                            why);
                }
                yield new TlsEngine(SslProvider.OPENSSL_REFCNT);
            }
        };
    }

    /** Keys are used by a method that OpenSSL does not have. */
    private static boolean hasBoringSsl() {
        return OpenSsl.isAvailable() && "BoringSSL".equals(OpenSsl.versionString());
    }

    boolean isBoringSsl() {
        return provider != SslProvider.JDK;
    }

    /** For a person. */
    String title() {
        return isBoringSsl() ? "BoringSSL" : "the JDK";
    }

    /**
     * What ends TLS with a certificate.
     *
     * @param clients authorities of the certificates that clients show; empty where none is asked
     *     for
     * @param tickets by whose keys sessions are resumed; empty where each handshake is whole
     */
    SslContext server(
            KeyedCertificate certificate,
            Optional<ClientAuthorities> clients,
            Optional<TicketKeys> tickets)
            throws TlsException {
        try {
            X509Certificate[] chain = certificate.chain().toArray(X509Certificate[]::new);
            SslContextBuilder builder;
            if (isBoringSsl()) {
                builder =
                        SslContextBuilder.forServer(OpenSslX509KeyManagerFactory.newKeyless(chain))
                                .option(
                                        OpenSslContextOption.PRIVATE_KEY_METHOD,
                                        new SigningKey(certificate))
                                .option(OpenSslContextOption.USE_TASKS, true)
                                .option(OpenSslContextOption.GROUPS, GROUPS.clone());
            } else {
                builder = SslContextBuilder.forServer(certificate.key(), chain);
            }
            common(builder).applicationProtocolConfig(alpn(List.of("h2", "http/1.1")));
            clients.ifPresent(
                    asked ->
                            builder.trustManager(asked.certificates())
                                    .clientAuth(
                                            asked.optional()
                                                    ? ClientAuth.OPTIONAL
                                                    : ClientAuth.REQUIRE));
            SslContext context = builder.build();
            if (context.sessionContext() instanceof OpenSslSessionContext sessions) {
                // Sessions are in the tickets, or not kept: a cache would be one for each name.
                sessions.setSessionCacheEnabled(false);
                tickets.ifPresent(keys -> keys.giveTo(sessions));
            }
            return context;
        } catch (GeneralSecurityException | IOException e) {
            throw new TlsException(certificate.source() + ": " + e.getMessage(), e);
        }
    }

    /**
     * What begins TLS.
     *
     * @param trusted whose certificates are believed
     * @param named whether the certificate has to be for the server's name
     * @param own what the gateway shows where it is asked to
     */
    SslContext client(
            TrustManagerFactory trusted,
            boolean named,
            Optional<KeyedCertificate> own,
            List<String> protocols)
            throws TlsException {
        SslContextBuilder builder =
                common(SslContextBuilder.forClient())
                        .trustManager(trusted)
                        // RFC 9525 as RFC 2818 had it: by alternative names, without case.
                        .endpointIdentificationAlgorithm(named ? "HTTPS" : null);
        if (!protocols.isEmpty()) {
            builder.applicationProtocolConfig(alpn(protocols));
        }
        if (isBoringSsl()) {
            builder.option(OpenSslContextOption.USE_TASKS, true)
                    .option(OpenSslContextOption.GROUPS, GROUPS.clone());
        }
        own.ifPresent(one -> builder.keyManager(one.key(), one.chain()));
        try {
            return builder.build();
        } catch (SSLException e) {
            throw new TlsException(e.getMessage(), e);
        }
    }

    private SslContextBuilder common(SslContextBuilder builder) {
        return builder.sslProvider(provider)
                .protocols(PROTOCOLS)
                .ciphers(SUITES, SupportedCipherSuiteFilter.INSTANCE)
                .sessionTimeout(SESSION_SECONDS);
    }

    private static ApplicationProtocolConfig alpn(List<String> protocols) {
        return new ApplicationProtocolConfig(
                Protocol.ALPN,
                SelectorFailureBehavior.NO_ADVERTISE,
                SelectedListenerFailureBehavior.ACCEPT,
                protocols);
    }
}
