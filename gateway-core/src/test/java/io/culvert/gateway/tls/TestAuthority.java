package io.culvert.gateway.tls;

import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.ExtendedKeyUsage;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.GeneralName;
import org.bouncycastle.asn1.x509.GeneralNames;
import org.bouncycastle.asn1.x509.KeyPurposeId;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.openssl.jcajce.JcaPEMWriter;
import org.bouncycastle.operator.jcajce.JcaContentSignerBuilder;
import org.bouncycastle.util.io.pem.PemObject;

import java.io.IOException;
import java.io.StringWriter;
import java.math.BigInteger;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/** An authority made for one test, and certificates of it as files of PEM. */
final class TestAuthority {
    private static final AtomicLong SERIALS = new AtomicLong(1000);

    private final Path directory;
    private final KeyPair keys = keys("EC");
    private final X509Certificate certificate;

    TestAuthority(Path directory) throws Exception {
        this(directory, "Test Authority");
    }

    TestAuthority(Path directory, String name) throws Exception {
        this.directory = directory;
        X500Name own = new X500Name("CN=" + name);
        X509v3CertificateBuilder builder =
                builder(own, own, keys, Instant.now().plus(Duration.ofDays(3650)));
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0));
        certificate = sign(builder);
        write(file(), certificate);
        write(key(), keys.getPrivate());
    }

    /** The authority's own certificate. */
    Path file() {
        return directory.resolve(label() + ".pem");
    }

    Path key() {
        return directory.resolve(label() + ".key");
    }

    private String label() {
        return certificate.getSubjectX500Principal().getName().replaceAll("[^A-Za-z]", "-");
    }

    CertificateFiles files() {
        return new CertificateFiles(file(), key());
    }

    static KeyPair keys(String algorithm) throws GeneralSecurityException {
        KeyPairGenerator generator = KeyPairGenerator.getInstance(algorithm);
        if (algorithm.equals("EC")) {
            generator.initialize(new ECGenParameterSpec("secp256r1"));
        } else {
            generator.initialize(2048);
        }
        return generator.generateKeyPair();
    }

    /**
     * A certificate with names, good for a year.
     *
     * @param label of its files
     * @param algorithm {@code EC} or {@code RSA}
     */
    CertificateFiles issue(String label, String algorithm, String... names) throws Exception {
        return issue(label, algorithm, Instant.now().plus(Duration.ofDays(365)), names);
    }

    CertificateFiles issue(String label, String algorithm, Instant notAfter, String... names)
            throws Exception {
        KeyPair own = keys(algorithm);
        X509v3CertificateBuilder builder =
                builder(
                        new X500Name("CN=Test Authority"),
                        new X500Name("O=Acme,CN=" + label),
                        own,
                        notAfter);
        GeneralName[] all =
                List.of(names).stream()
                        .map(
                                name ->
                                        new GeneralName(
                                                name.matches("[0-9.]+|.*:.*")
                                                        ? GeneralName.iPAddress
                                                        : GeneralName.dNSName,
                                                name))
                        .toArray(GeneralName[]::new);
        if (all.length > 0) {
            builder.addExtension(Extension.subjectAlternativeName, false, new GeneralNames(all));
        }
        builder.addExtension(
                Extension.extendedKeyUsage,
                false,
                new ExtendedKeyUsage(
                        new KeyPurposeId[] {
                            KeyPurposeId.id_kp_serverAuth, KeyPurposeId.id_kp_clientAuth
                        }));
        CertificateFiles files =
                new CertificateFiles(
                        directory.resolve(label + ".pem"), directory.resolve(label + ".key"));
        write(files.certificate(), sign(builder));
        write(files.key(), own.getPrivate());
        return files;
    }

    private X509v3CertificateBuilder builder(
            X500Name issuer, X500Name subject, KeyPair of, Instant notAfter) {
        Instant now = Instant.now();
        Instant begin = notAfter.isBefore(now) ? notAfter : now;
        return new JcaX509v3CertificateBuilder(
                certificate == null
                        ? issuer
                        : X500Name.getInstance(certificate.getSubjectX500Principal().getEncoded()),
                BigInteger.valueOf(SERIALS.incrementAndGet()),
                Date.from(begin.minus(Duration.ofDays(1))),
                Date.from(notAfter),
                subject,
                of.getPublic());
    }

    private X509Certificate sign(X509v3CertificateBuilder builder) throws Exception {
        return new JcaX509CertificateConverter()
                .getCertificate(
                        builder.build(
                                new JcaContentSignerBuilder("SHA256withECDSA")
                                        .build(keys.getPrivate())));
    }

    static void write(Path file, Object block) throws IOException {
        StringWriter text = new StringWriter();
        try (JcaPEMWriter pem = new JcaPEMWriter(text)) {
            pem.writeObject(
                    block instanceof PrivateKey key
                            ? new PemObject("PRIVATE KEY", key.getEncoded())
                            : block);
        }
        // As a program replaces a certificate: under another name first.
        Path fresh = file.resolveSibling(file.getFileName() + ".new");
        Files.writeString(fresh, text.toString());
        Files.setPosixFilePermissions(fresh, PosixFilePermissions.fromString("rw-------"));
        Files.move(
                fresh, file, StandardCopyOption.REPLACE_EXISTING, StandardCopyOption.ATOMIC_MOVE);
    }
}
