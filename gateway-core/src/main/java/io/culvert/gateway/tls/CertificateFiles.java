package io.culvert.gateway.tls;

import java.nio.file.Path;
import java.util.List;

/**
 * A certificate and its key, each a file of PEM.
 *
 * @param certificate the certificate, and behind it those that lead to its authority
 * @param key of PKCS #8, PKCS #1 or SEC 1, not encrypted; may be the same file
 */
public record CertificateFiles(Path certificate, Path key) {
    List<Path> files() {
        return List.of(certificate, key);
    }
}
