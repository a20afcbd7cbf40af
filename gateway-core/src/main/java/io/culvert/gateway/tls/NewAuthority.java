package io.culvert.gateway.tls;

import org.bouncycastle.asn1.x500.X500Name;
import org.bouncycastle.asn1.x500.X500NameBuilder;
import org.bouncycastle.asn1.x500.style.BCStyle;
import org.bouncycastle.asn1.x509.BasicConstraints;
import org.bouncycastle.asn1.x509.Extension;
import org.bouncycastle.asn1.x509.KeyUsage;
import org.bouncycastle.cert.X509v3CertificateBuilder;
import org.bouncycastle.cert.jcajce.JcaX509ExtensionUtils;
import org.bouncycastle.cert.jcajce.JcaX509v3CertificateBuilder;
import org.bouncycastle.operator.OperatorCreationException;

import java.io.IOException;
import java.math.BigInteger;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.security.spec.ECGenParameterSpec;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.Date;
import java.util.EnumSet;
import java.util.Set;

/** Makes an authority for inspection: an elliptic key, and a certificate that it signs itself. */
public final class NewAuthority {
    /** Clocks that are behind believe it, too. */
    private static final Duration BACKDATED = Duration.ofDays(1);

    private static final int SERIAL_BITS = 128;
    private static final int LINE = 64;

    private NewAuthority() {}

    /**
     * Makes one in a directory, as {@code authority.pem} and {@code authority.key}.
     *
     * @param name what people read when they look at it
     * @throws IOException with a sentence; also if one of the files is there
     */
    public static CertificateFiles make(Path directory, String name, Duration validity)
            throws IOException {
        CertificateFiles files =
                new CertificateFiles(
                        directory.resolve("authority.pem"), directory.resolve("authority.key"));
        for (Path file : files.files()) {
            if (Files.exists(file)) {
                throw new TlsException(file + ": there is such a file, which is left as it is");
            }
        }
        Files.createDirectories(directory);
        try {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("EC");
            generator.initialize(new ECGenParameterSpec("secp256r1"));
            KeyPair keys = generator.generateKeyPair();
            // The key first: a certificate without it looks as if all were well.
            write(files.key(), "PRIVATE KEY", keys.getPrivate().getEncoded(), "rw-------");
            write(
                    files.certificate(),
                    "CERTIFICATE",
                    certificate(name, keys, Instant.now(), validity).getEncoded(),
                    "rw-r--r--");
        } catch (GeneralSecurityException | OperatorCreationException e) {
            throw new TlsException("no authority can be made: " + e.getMessage(), e);
        }
        return files;
    }

    private static X509Certificate certificate(
            String name, KeyPair keys, Instant now, Duration validity)
            throws GeneralSecurityException, OperatorCreationException, IOException {
        X500Name own = new X500NameBuilder(BCStyle.INSTANCE).addRDN(BCStyle.CN, name).build();
        X509v3CertificateBuilder builder =
                new JcaX509v3CertificateBuilder(
                        own,
                        new BigInteger(SERIAL_BITS - 1, new SecureRandom()).setBit(SERIAL_BITS - 1),
                        Date.from(now.minus(BACKDATED)),
                        Date.from(now.plus(validity)),
                        own,
                        keys.getPublic());
        builder.addExtension(Extension.basicConstraints, true, new BasicConstraints(0))
                .addExtension(
                        Extension.keyUsage,
                        true,
                        new KeyUsage(KeyUsage.keyCertSign | KeyUsage.cRLSign))
                .addExtension(
                        Extension.subjectKeyIdentifier,
                        false,
                        new JcaX509ExtensionUtils().createSubjectKeyIdentifier(keys.getPublic()));
        return Authority.signed(builder, KeyKind.P256, keys.getPrivate());
    }

    /** As nobody else may read it from its first byte on. */
    private static void write(Path file, String title, byte[] contents, String mode)
            throws IOException {
        Base64.Encoder encoder =
                Base64.getMimeEncoder(LINE, "\n".getBytes(StandardCharsets.US_ASCII));
        String text =
                "-----BEGIN %s-----\n%s\n-----END %s-----\n"
                        .formatted(title, encoder.encodeToString(contents), title);
        Set<StandardOpenOption> fresh =
                EnumSet.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
        try (var out =
                Files.newByteChannel(
                        file,
                        fresh,
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString(mode)))) {
            var bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.US_ASCII));
            while (bytes.hasRemaining()) {
                var _ = out.write(bytes);
            }
        } catch (FileAlreadyExistsException e) {
            throw new TlsException(file + ": there is such a file, which is left as it is", e);
        }
    }
}
