package io.culvert.gateway.tls;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.security.GeneralSecurityException;
import java.security.PrivateKey;
import java.security.Signature;
import java.security.cert.CertificateParsingException;
import java.security.cert.X509Certificate;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A certificate, those that lead from it to its authority, and its key. Immutable; its text has
 * nothing of the key.
 */
final class KeyedCertificate {
    /** RFC 5280, section 4.2.1.6: GeneralName. */
    private static final int DNS = 2;

    private final String source;
    private final List<X509Certificate> chain;
    private final PrivateKey key;
    private final KeyKind kind;

    private KeyedCertificate(
            String source, List<X509Certificate> chain, PrivateKey key, KeyKind kind) {
        this.source = source;
        this.chain = List.copyOf(chain);
        this.key = key;
        this.kind = kind;
    }

    /**
     * One whose parts were made for each other.
     *
     * @param source what people call it
     */
    static KeyedCertificate of(String source, List<X509Certificate> chain, PrivateKey key)
            throws TlsException {
        KeyKind kind =
                KeyKind.of(key)
                        .orElseThrow(
                                () ->
                                        new TlsException(
                                                source
                                                        + ": the key is neither RSA of 2048 bits or"
                                                        + " more nor of the curves P-256, P-384 and"
                                                        + " P-521"));
        return new KeyedCertificate(source, chain, key, kind);
    }

    /**
     * Reads one.
     *
     * @throws TlsException with a sentence; also where the key is another certificate's
     */
    static KeyedCertificate load(CertificateFiles files) throws TlsException {
        List<X509Certificate> chain = Pem.read(files.certificate()).certificates();
        PrivateKey key = Pem.read(files.key()).privateKey();
        KeyedCertificate whole = of(files.certificate().toString(), chain, key);
        if (!whole.fits()) {
            throw new TlsException(
                    "%s: the key is not that of the certificate in %s"
                            .formatted(files.key(), files.certificate()));
        }
        return whole;
    }

    /** Whether others than a file's owner may read it; where that cannot be known, not. */
    static boolean isOpenToOthers(Path file) {
        try {
            Set<PosixFilePermission> modes = Files.getPosixFilePermissions(file);
            return modes.contains(PosixFilePermission.OTHERS_READ)
                    || modes.contains(PosixFilePermission.GROUP_WRITE)
                    || modes.contains(PosixFilePermission.OTHERS_WRITE);
        } catch (IOException | UnsupportedOperationException unknown) {
            return false;
        }
    }

    private boolean fits() {
        String algorithm = kind.isElliptic() ? "SHA256withECDSA" : "SHA256withRSA";
        byte[] text = {1, 2, 3};
        try {
            Signature signer = Signature.getInstance(algorithm);
            signer.initSign(key);
            signer.update(text);
            Signature verifier = Signature.getInstance(algorithm);
            verifier.initVerify(certificate().getPublicKey());
            verifier.update(text);
            return verifier.verify(signer.sign());
        } catch (GeneralSecurityException other) {
            return false;
        }
    }

    X509Certificate certificate() {
        return chain.getFirst();
    }

    List<X509Certificate> chain() {
        return chain;
    }

    PrivateKey key() {
        return key;
    }

    KeyKind kind() {
        return kind;
    }

    Instant notAfter() {
        return certificate().getNotAfter().toInstant();
    }

    /** What people call it: its file. */
    String source() {
        return source;
    }

    /** The names that it is for, as {@link ServerName#pattern} writes them. */
    List<String> names() {
        return names(certificate());
    }

    /** The names that a certificate is for, as {@link ServerName#pattern} writes them. */
    static List<String> names(X509Certificate certificate) {
        List<String> names = new ArrayList<>();
        try {
            var all = certificate.getSubjectAlternativeNames();
            if (all != null) {
                for (List<?> name : all) {
                    if (name.get(0).equals(DNS)) {
                        Optional<String> pattern = ServerName.pattern((String) name.get(1));
                        pattern.ifPresent(names::add);
                    }
                }
            }
        } catch (CertificateParsingException broken) {
            return List.of();
        }
        return names;
    }

    @Override
    public String toString() {
        return source + " (" + kind.title() + ")";
    }
}
