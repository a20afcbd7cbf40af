package io.culvert.gateway.tls;

import java.nio.file.Path;
import java.util.Optional;

/** Says of files and names, before they are used, whether they could be. */
public final class TlsFileCheck {
    private TlsFileCheck() {}

    /**
     * A certificate and its key.
     *
     * @throws TlsException with a sentence, if they are no such thing
     */
    public static void certificate(CertificateFiles files) throws TlsException {
        var _ = KeyedCertificate.load(files);
    }

    /**
     * The certificate and key of an authority.
     *
     * @throws TlsException with a sentence, if they are no such thing
     */
    public static void authority(CertificateFiles files) throws TlsException {
        var _ = Authority.load(files);
    }

    /**
     * Certificates that are trusted.
     *
     * @throws TlsException with a sentence, if there are none
     */
    public static void authorities(Path file) throws TlsException {
        var _ = Pem.read(file).certificates();
    }

    /** A sentence, where others than its owner may read a key. */
    public static Optional<String> mode(Path key) {
        return KeyedCertificate.isOpenToOthers(key)
                ? Optional.of(
                        "others than its owner may read the private key %s; chmod 600 it"
                                .formatted(key))
                : Optional.empty();
    }

    /**
     * A name, or one with a star for its first label, as {@link TlsSettings.Inspect} has it.
     *
     * @throws IllegalArgumentException with a sentence, if it is no such thing
     */
    public static String pattern(String text) {
        return ServerName.pattern(text)
                .orElseThrow(
                        () ->
                                new IllegalArgumentException(
                                        "\"%s\" is no name such as example.org or *.example.org"
                                                .formatted(text)));
    }
}
