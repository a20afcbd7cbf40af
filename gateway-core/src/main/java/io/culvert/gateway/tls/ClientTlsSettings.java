package io.culvert.gateway.tls;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * How TLS is begun towards a server.
 *
 * @param name that is sent and verified; empty for the one that was dialed
 * @param authorities a file of PEM with the certificates that are trusted; empty for the system's
 * @param verify whether the server's certificate has to be of a trusted authority and for the name
 * @param certificate with which the gateway says who it is, where the server asks
 */
public record ClientTlsSettings(
        Optional<String> name,
        Optional<Path> authorities,
        boolean verify,
        Optional<CertificateFiles> certificate) {
    /** The system's authorities, the name that was dialed, no certificate of our own. */
    public static final ClientTlsSettings DEFAULT =
            new ClientTlsSettings(Optional.empty(), Optional.empty(), true, Optional.empty());

    /** Every file that is named. */
    List<Path> files() {
        List<Path> files = new ArrayList<>();
        authorities.ifPresent(files::add);
        certificate.ifPresent(one -> files.addAll(one.files()));
        return files;
    }
}
