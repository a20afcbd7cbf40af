package io.culvert.gateway.tls;

import org.bouncycastle.asn1.ASN1ObjectIdentifier;
import org.bouncycastle.asn1.pkcs.PrivateKeyInfo;
import org.bouncycastle.asn1.x9.X9ObjectIdentifiers;
import org.bouncycastle.cert.X509CertificateHolder;
import org.bouncycastle.cert.jcajce.JcaX509CertificateConverter;
import org.bouncycastle.openssl.PEMEncryptedKeyPair;
import org.bouncycastle.openssl.PEMKeyPair;
import org.bouncycastle.openssl.PEMParser;
import org.bouncycastle.pkcs.PKCS8EncryptedPrivateKeyInfo;

import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.List;

/**
 * What is in a file of PEM (RFC 7468). Nothing that is said of a file quotes it: it may hold a key.
 */
final class Pem {
    /** A bundle of all public authorities has a quarter of that. */
    private static final int LARGEST = 1 << 20;

    private final Path file;
    private final List<Object> blocks = new ArrayList<>();

    private Pem(Path file) {
        this.file = file;
    }

    /** Reads a file that may hold certificates and keys. */
    static Pem read(Path file) throws TlsException {
        Pem pem = new Pem(file);
        try (PEMParser parser = new PEMParser(new StringReader(text(file)))) {
            for (Object block = parser.readObject(); block != null; block = parser.readObject()) {
                pem.blocks.add(block);
            }
        } catch (IOException | RuntimeException broken) {
            // What the parser says may quote what it has read.
            throw broken instanceof TlsException said
                    ? said
                    : new TlsException(file + ": a block of PEM in it is broken");
        }
        return pem;
    }

    private static String text(Path file) throws TlsException {
        try (var in = Files.newInputStream(file)) {
            byte[] bytes = in.readNBytes(LARGEST + 1);
            if (bytes.length > LARGEST) {
                throw new TlsException(file + ": the file is larger than 1 MiB");
            }
            return new String(bytes, StandardCharsets.ISO_8859_1);
        } catch (NoSuchFileException e) {
            throw new TlsException(file + ": there is no such file", e);
        } catch (AccessDeniedException e) {
            throw new TlsException(file + ": the gateway may not read the file", e);
        } catch (TlsException e) {
            throw e;
        } catch (IOException e) {
            throw new TlsException(file + ": the file cannot be read: " + e.getMessage(), e);
        }
    }

    /** The certificates, in their order; at least one. */
    List<X509Certificate> certificates() throws TlsException {
        List<X509Certificate> certificates = new ArrayList<>();
        JcaX509CertificateConverter converter = new JcaX509CertificateConverter();
        for (Object block : blocks) {
            if (block instanceof X509CertificateHolder holder) {
                try {
                    certificates.add(converter.getCertificate(holder));
                } catch (CertificateException broken) {
                    throw new TlsException(file + ": a certificate in it is broken", broken);
                }
            }
        }
        if (certificates.isEmpty()) {
            throw new TlsException(file + ": there is no certificate in it (PEM is expected)");
        }
        return certificates;
    }

    /** The one private key. */
    PrivateKey privateKey() throws TlsException {
        List<PrivateKeyInfo> keys = new ArrayList<>();
        for (Object block : blocks) {
            switch (block) {
                case PEMKeyPair pair -> keys.add(pair.getPrivateKeyInfo());
                case PrivateKeyInfo key -> keys.add(key);
                case PEMEncryptedKeyPair _, PKCS8EncryptedPrivateKeyInfo _ ->
                        throw new TlsException(
                                file
                                        + ": the key is encrypted, and nobody could be asked for"
                                        + " its password; openssl pkey -in FILE decrypts it");
                default -> {}
            }
        }
        if (keys.size() != 1) {
            throw new TlsException(
                    keys.isEmpty()
                            ? file + ": there is no private key in it (PEM is expected)"
                            : file + ": there are several private keys in it");
        }
        PrivateKeyInfo only = keys.getFirst();
        ASN1ObjectIdentifier kind = only.getPrivateKeyAlgorithm().getAlgorithm();
        String algorithm = kind.equals(X9ObjectIdentifiers.id_ecPublicKey) ? "EC" : "RSA";
        try {
            return KeyFactory.getInstance(algorithm)
                    .generatePrivate(new PKCS8EncodedKeySpec(only.getEncoded()));
        } catch (IOException | GeneralSecurityException unknown) {
            throw new TlsException(file + ": its key is of a kind that is not known here");
        }
    }
}
