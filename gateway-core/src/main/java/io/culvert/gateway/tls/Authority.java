package io.culvert.gateway.tls;

import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;

import java.io.IOException;
import java.math.BigInteger;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.PrivateKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.List;

/**
 * Signs certificates of servers in the operator's name (RFC 5280, section 4).
 *
 * <p>Threading: any.
 */
final class Authority {
    /** Of a minted certificate, unless its authority or the original ends before. */
    private static final Duration VALIDITY = Duration.ofDays(30);

    /** Clients whose clock is behind believe it, too. */
    private static final Duration BACKDATED = Duration.ofDays(1);

    /** RFC 5280, section 4.1.2.2: at most 20 octets, and no number twice. */
    private static final int SERIAL_BITS = 128;

    /** RFC 5280, appendix A.1: ub-common-name. */
    private static final int LONGEST_COMMON_NAME = 64;

    private final KeyedCertificate own;
    private final List<X509Certificate> chain = new ArrayList<>();
    private final SecureRandom random = new SecureRandom();

    /**
     * What a certificate is to say.
     *
     * @param notAfter no later than then
     */
    record Draft(List<GeneralName> names, Instant notAfter) {
        Draft {
            names = List.copyOf(names);
        }
    }

    private Authority(KeyedCertificate own) {
        this.own = own;
        for (X509Certificate each : own.chain()) {
            // A client has the root itself, or nothing that it is sent would help.
            if (!each.getSubjectX500Principal().equals(each.getIssuerX500Principal())) {
                chain.add(each);
            }
        }
    }

    /**
     * Reads one.
     *
     * @throws TlsException with a sentence; also for the certificate of anything but an authority
     */
    static Authority load(CertificateFiles files) throws TlsException {
        KeyedCertificate own = KeyedCertificate.load(files);
        boolean[] usage = own.certificate().getKeyUsage();
        if (own.certificate().getBasicConstraints() < 0 || (usage != null && !usage[5])) {
            throw new TlsException(
                    files.certificate()
                            + ": it is not the certificate of an authority; culvert tls authority"
                            + " makes one");
        }
        return new Authority(own);
    }

    KeyedCertificate certificate() {
        return own;
    }

    /**
     * A certificate of a server.
     *
     * @param keys of the server
     * @throws TlsException if it cannot be, which says that the authority's key does not work
     */
    KeyedCertificate issue(Draft draft, KeyPair keys, Instant now) throws TlsException {
        Instant notAfter = earliest(now.plus(VALIDITY), draft.notAfter(), own.notAfter());
        Instant notBefore = now.minus(BACKDATED);
        Instant ownBegin = own.certificate().getNotBefore().toInstant();
        if (notBefore.isBefore(ownBegin)) {
            notBefore = ownBegin;
        }
        X500Name issuer =
                X500Name.getInstance(own.certificate().getSubjectX500Principal().getEncoded());
        X509v3CertificateBuilder builder =
                new JcaX509v3CertificateBuilder(
                        issuer,
                        serial(),
                        Date.from(notBefore),
                        Date.from(notAfter),
                        subject(draft.names().getFirst()),
                        keys.getPublic());
        try {
            JcaX509ExtensionUtils ids = new JcaX509ExtensionUtils();
            builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(false))
                    .addExtension(Extension.keyUsage, true, new KeyUsage(KeyUsage.digitalSignature))
                    .addExtension(
                            Extension.extendedKeyUsage,
                            false,
                            new ExtendedKeyUsage(KeyPurposeId.id_kp_serverAuth))
                    .addExtension(
                            Extension.subjectAlternativeName,
                            false,
                            new GeneralNames(draft.names().toArray(GeneralName[]::new)))
                    .addExtension(
                            Extension.subjectKeyIdentifier,
                            false,
                            ids.createSubjectKeyIdentifier(keys.getPublic()))
                    .addExtension(
                            Extension.authorityKeyIdentifier,
                            false,
                            ids.createAuthorityKeyIdentifier(own.certificate()));
            List<X509Certificate> whole = new ArrayList<>();
            whole.add(signed(builder, own));
            whole.addAll(chain);
            return KeyedCertificate.of("a minted certificate", whole, keys.getPrivate());
        } catch (GeneralSecurityException | OperatorCreationException | IOException e) {
            throw new TlsException(
                    own.source() + ": nothing can be signed with its key: " + e.getMessage(), e);
        }
    }

    /** Signs with a key, which has to be that of the issuer. */
    static X509Certificate signed(X509v3CertificateBuilder builder, KeyedCertificate with)
            throws OperatorCreationException, GeneralSecurityException {
        return signed(builder, with.kind(), with.key());
    }

    /** Signs with a key, which has to be that of the issuer. */
    static X509Certificate signed(X509v3CertificateBuilder builder, KeyKind kind, PrivateKey key)
            throws OperatorCreationException, GeneralSecurityException {
        String algorithm =
                switch (kind) {
                    case RSA -> "SHA256withRSA";
                    case P256 -> "SHA256withECDSA";
                    case P384 -> "SHA384withECDSA";
                    case P521 -> "SHA512withECDSA";
                };
        return new JcaX509CertificateConverter()
                .getCertificate(builder.build(new JcaContentSignerBuilder(algorithm).build(key)));
    }

    private BigInteger serial() {
        // Never zero, and of one length.
        return new BigInteger(SERIAL_BITS - 1, random).setBit(SERIAL_BITS - 1);
    }

    private static X500Name subject(GeneralName name) {
        String text = name.getName().toString();
        if (name.getTagNo() != GeneralName.dNSName || text.length() > LONGEST_COMMON_NAME) {
            text = "server";
        }
        return new X500NameBuilder(BCStyle.INSTANCE).addRDN(BCStyle.CN, text).build();
    }

    private static Instant earliest(Instant... moments) {
        Instant earliest = moments[0];
        for (Instant each : moments) {
            earliest = each.isBefore(earliest) ? each : earliest;
        }
        return earliest;
    }
}
