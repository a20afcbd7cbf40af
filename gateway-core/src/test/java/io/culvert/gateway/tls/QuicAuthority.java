package io.culvert.gateway.tls;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The TLS of a test's QUIC, with certificates of an authority made for it. */
public final class QuicAuthority implements AutoCloseable {
    private final TestAuthority authority;
    private final Tls tls;

    /**
     * @param names of certificates, one each
     */
    public QuicAuthority(Path directory, String... names) throws Exception {
        authority = new TestAuthority(directory);
        List<CertificateFiles> files = new ArrayList<>();
        for (String name : names) {
            files.add(authority.issue(name, "EC", name));
        }
        TlsSettings none = TlsSettings.NONE;
        tls =
                Tls.open(
                        new TlsSettings(
                                files,
                                Optional.empty(),
                                false,
                                Optional.empty(),
                                none.handshakeTimeout(),
                                none.expiryWarning(),
                                TlsSettings.Engine.JDK));
    }

    /** What ends it. */
    public Tls tls() {
        return tls;
    }

    /** The authority's certificate. */
    public Path file() {
        return authority.file();
    }

    /** Replaces a name's certificate, and has it read. */
    public void renew(String name, String algorithm) throws Exception {
        authority.issue(name, algorithm, name);
        tls.look();
        tls.look();
    }

    @Override
    public void close() {
        tls.close();
    }
}
