package io.culvert.gateway.tls;

import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.cert.CertificateEncodingException;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

import javax.net.ssl.SSLPeerUnverifiedException;
import javax.net.ssl.SSLSession;
import javax.security.auth.x500.X500Principal;

/** The certificate that the other side of a handshake has shown. */
record PeerCertificate(X509Certificate certificate) {
    // RFC 5280, section 4.2.1.6: GeneralName.
    private static final int EMAIL = 1;
    private static final int DNS = 2;
    private static final int URI = 6;
    private static final int IP = 7;

    /** Empty where it has shown none. */
    static Optional<PeerCertificate> of(SSLSession session) {
        try {
            return session.getPeerCertificates()[0] instanceof X509Certificate certificate
                    ? Optional.of(new PeerCertificate(certificate))
                    : Optional.empty();
        } catch (SSLPeerUnverifiedException none) {
            return Optional.empty();
        }
    }

    ClientIdentity identity() {
        return new ClientIdentity(
                certificate.getSubjectX500Principal().getName(X500Principal.RFC2253),
                names(),
                fingerprint());
    }

    private List<String> names() {
        List<String> names = new ArrayList<>();
        try {
            var all = certificate.getSubjectAlternativeNames();
            if (all != null) {
                all.forEach(name -> text((Integer) name.get(0), name.get(1)).ifPresent(names::add));
            }
        } catch (CertificateParsingException broken) {
            // It was believed all the same: who it is of is said by its subject.
            names.clear();
        }
        return names;
    }

    private static Optional<String> text(int kind, Object name) {
        return switch (kind) {
            case EMAIL -> Optional.of("email:" + name);
            case DNS -> Optional.of("dns:" + name);
            case URI -> Optional.of("uri:" + name);
            case IP -> Optional.of("ip:" + name);
            default -> Optional.empty();
        };
    }

    private String fingerprint() {
        try {
            return HexFormat.of()
                    .formatHex(
                            MessageDigest.getInstance("SHA-256").digest(certificate.getEncoded()));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        } catch (CertificateEncodingException e) {
            throw new IllegalStateException("it was decoded from that", e);
        }
    }
}
