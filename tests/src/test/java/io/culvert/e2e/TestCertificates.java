package io.culvert.e2e;

import io.culvert.gateway.tls.CertificateFiles;
import io.culvert.gateway.tls.NewAuthority;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;

/** An authority made for one test, and what it issues, as files of PEM. */
final class TestCertificates {
    private static final Duration VALIDITY = Duration.ofDays(30);

    private final Path directory;
    private final CertificateFiles authority;

    private TestCertificates(Path directory, CertificateFiles authority) {
        this.directory = directory;
        this.authority = authority;
    }

    /** A new authority, in a directory of its own. */
    static TestCertificates in(Path directory, String name) throws IOException {
        return new TestCertificates(directory, NewAuthority.make(directory, name, VALIDITY));
    }

    CertificateFiles authority() {
        return authority;
    }

    /** Whom clients have to trust. */
    String trusted() {
        return authority.certificate().toString();
    }

    /** A certificate of a server with that name, and with a key of its own. */
    CertificateFiles issue(Host on, String name) throws Exception {
        CertificateFiles files =
                new CertificateFiles(
                        directory.resolve(name + ".pem"), directory.resolve(name + ".key"));
        Tool.OPENSSL.succeeds(
                on,
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:P-256",
                "-nodes",
                "-days",
                Long.toString(VALIDITY.toDays() - 1),
                "-subj",
                "/CN=" + name,
                "-addext",
                "subjectAltName=DNS:" + name,
                "-addext",
                "basicConstraints=critical,CA:FALSE",
                "-CA",
                authority.certificate().toString(),
                "-CAkey",
                authority.key().toString(),
                "-keyout",
                files.key().toString(),
                "-out",
                files.certificate().toString());
        return files;
    }
}
