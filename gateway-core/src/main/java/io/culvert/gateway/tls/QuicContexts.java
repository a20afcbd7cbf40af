package io.culvert.gateway.tls;

import io.netty.buffer.ByteBufAllocator;
import io.netty.handler.codec.quic.QuicSslContext;
import io.netty.handler.codec.quic.QuicSslContextBuilder;
import io.netty.handler.codec.quic.QuicSslEngine;
import io.netty.handler.codec.quic.SslSessionTicketKey;
import io.netty.handler.ssl.ClientAuth;

import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;

/**
 * What ends the TLS of QUIC with the operator's certificates: by the name that the client asks for,
 * and of several for a name the first kind of key. Every client of QUIC can check each of them (RFC
 * 8446 section 9.1).
 *
 * <p>Threading: any.
 */
final class QuicContexts {
    /** Of each part of a key that seals tickets, in bytes. */
    private static final int KEY = 16;

    private final SecureRandom random = new SecureRandom();
    private final Optional<ClientAuthorities> clients;
    private final QuicSslContext context;

    /**
     * @param all the first of which is for every name that has none, and for no name
     */
    QuicContexts(ServerCertificates all) {
        clients = all.clients();
        List<KeyedCertificate> certificates = all.certificates();
        if (certificates.isEmpty()) {
            throw new IllegalStateException("there is no certificate to end TLS with");
        }
        NameTable<QuicSslContext> names = new NameTable<>();
        List<KeyedCertificate> preferred =
                certificates.stream().sorted(Comparator.comparing(KeyedCertificate::kind)).toList();
        for (KeyedCertificate each : preferred) {
            QuicSslContext one = with(each).build();
            each.names().forEach(pattern -> names.at(pattern, () -> one));
        }
        KeyedCertificate first = certificates.getFirst();
        QuicSslContext otherwise = with(first).build();
        context =
                with(first)
                        .sni(name -> name == null ? otherwise : find(names, name, otherwise))
                        .build();
    }

    private static QuicSslContext find(
            NameTable<QuicSslContext> names, String name, QuicSslContext otherwise) {
        QuicSslContext found = ServerName.of(name).map(names::find).orElse(null);
        return found == null ? otherwise : found;
    }

    private QuicSslContextBuilder with(KeyedCertificate certificate) {
        QuicSslContextBuilder builder =
                QuicSslContextBuilder.forServer(
                                certificate.key(),
                                null,
                                certificate.chain().toArray(X509Certificate[]::new))
                        // What is sent before the handshake is over could be sent again by anybody.
                        .earlyData(false)
                        .applicationProtocols("h3");
        clients.ifPresent(
                asked ->
                        builder.trustManager(asked.certificates().toArray(X509Certificate[]::new))
                                .clientAuth(
                                        asked.optional()
                                                ? ClientAuth.OPTIONAL
                                                : ClientAuth.REQUIRE));
        return builder;
    }

    /** For one connection. */
    QuicSslEngine engine(ByteBufAllocator allocator) {
        if (clients.isPresent()) {
            // A client that is known by its certificate shows it each time. By keys of its own
            // the library resumes sessions for two days; nothing that was sealed before opens now.
            context.sessionContext().setTicketKeys(new SslSessionTicketKey(part(), part(), part()));
        }
        return context.newEngine(allocator);
    }

    private byte[] part() {
        byte[] bytes = new byte[KEY];
        random.nextBytes(bytes);
        return bytes;
    }
}
