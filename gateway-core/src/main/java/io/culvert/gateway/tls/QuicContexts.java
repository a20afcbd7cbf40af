package io.culvert.gateway.tls;

import io.netty.handler.codec.quic.QuicSslContext;
import io.netty.handler.codec.quic.QuicSslContextBuilder;

import java.security.cert.X509Certificate;
import java.util.Comparator;
import java.util.List;

/**
 * What ends the TLS of QUIC with the operator's certificates: by the name that the client asks for,
 * and of several for a name the first kind of key. Every client of QUIC can check each of them (RFC
 * 8446 section 9.1).
 */
final class QuicContexts {
    private QuicContexts() {}

    /**
     * @param certificates the first of which is for every name that has none, and for no name
     */
    static QuicSslContext of(List<KeyedCertificate> certificates) {
        if (certificates.isEmpty()) {
            throw new IllegalStateException("there is no certificate to end TLS with");
        }
        NameTable<QuicSslContext> names = new NameTable<>();
        List<KeyedCertificate> preferred =
                certificates.stream().sorted(Comparator.comparing(KeyedCertificate::kind)).toList();
        for (KeyedCertificate each : preferred) {
            QuicSslContext context = with(each).build();
            each.names().forEach(pattern -> names.at(pattern, () -> context));
        }
        KeyedCertificate first = certificates.getFirst();
        QuicSslContext otherwise = with(first).build();
        return with(first)
                .sni(name -> name == null ? otherwise : find(names, name, otherwise))
                .build();
    }

    private static QuicSslContext find(
            NameTable<QuicSslContext> names, String name, QuicSslContext otherwise) {
        QuicSslContext found = ServerName.of(name).map(names::find).orElse(null);
        return found == null ? otherwise : found;
    }

    private static QuicSslContextBuilder with(KeyedCertificate certificate) {
        return QuicSslContextBuilder.forServer(
                        certificate.key(),
                        null,
                        certificate.chain().toArray(X509Certificate[]::new))
                // What is sent before the handshake is over could be sent again by anybody.
                .earlyData(false)
                .applicationProtocols("h3");
    }
}
