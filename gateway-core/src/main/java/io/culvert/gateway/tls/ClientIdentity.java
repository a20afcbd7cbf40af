package io.culvert.gateway.tls;

import java.util.List;
import java.util.Optional;

import javax.net.ssl.SSLSession;

/**
 * Who a client has shown to be, by a certificate that one of the operator's authorities signed.
 *
 * @param subject as RFC 2253 writes it
 * @param names the subject's alternative names: {@code dns:}, {@code ip:}, {@code email:} or {@code
 *     uri:} and the name
 * @param fingerprint SHA-256 of the certificate, in lower-case hexadecimal digits
 */
public record ClientIdentity(String subject, List<String> names, String fingerprint) {
    public ClientIdentity {
        names = List.copyOf(names);
    }

    /** Of a finished handshake; empty where the client showed no certificate. */
    public static Optional<ClientIdentity> of(SSLSession session) {
        return PeerCertificate.of(session).map(PeerCertificate::identity);
    }
}
