package io.culvert.gateway.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.EnumSource.Mode;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Debian's testssl.sh finds nothing above low in what is the default; it takes minutes. */
@Tag("abuse")
class TestSslTest {
    private static final Pattern FINDING =
            Pattern.compile(
                    "\"([^\"]*)\",\"[^\"]*\",\"[^\"]*\",\"(MEDIUM|HIGH|CRITICAL|FATAL|WARN)\","
                            + "\"([^\"]*)\"");

    @TempDir Path directory;

    /** What is wrong with the page that the test serves, or with names made for it. */
    private static boolean isOfTheSite(String id) {
        return id.startsWith("HTTP_")
                || id.equals("security_headers")
                // What testssl.sh says of the openssl that it runs with.
                || id.equals("engine_problem")
                // It may leave before a ticket has come, which is behind the handshake (RFC 8446,
                // section 4.6.1), and then has none to show; TlsReloadTest waits for it.
                || id.equals("sessionresumption_ticket")
                || id.startsWith("DNS_CAArecord")
                // No list of revoked ones is named in a certificate made for a test.
                || id.startsWith("cert_revocation")
                || id.startsWith("cert_crlDistributionPoints")
                || id.startsWith("cert_ocspURL");
    }

    @ParameterizedTest
    @EnumSource(mode = Mode.EXCLUDE, names = "AUTO")
    void findsNothingAboveLow(TlsSettings.Engine engine) throws Exception {
        TestAuthority authority = new TestAuthority(directory);
        CertificateFiles elliptic = authority.issue("elliptic", "EC", "localhost");
        CertificateFiles rsa = authority.issue("rsa", "RSA", "localhost");
        Path report = directory.resolve("report.csv");
        try (Tls tls = Tls.open(TlsSite.settings(engine, elliptic, rsa));
                TlsSite site = new TlsSite(tls.server()::terminate)) {
            Process testssl =
                    new ProcessBuilder(
                                    "testssl",
                                    "--quiet",
                                    "--color",
                                    "0",
                                    "--warnings",
                                    "batch",
                                    "--ip",
                                    "127.0.0.1",
                                    "--add-ca",
                                    authority.file().toString(),
                                    "--csvfile",
                                    report.toString(),
                                    "localhost:" + site.port())
                            .redirectErrorStream(true)
                            .redirectOutput(directory.resolve("output").toFile())
                            .start();
            try {
                int status = testssl.waitFor();
                assertTrue(status < 242, () -> "it ended with " + status + ": " + output());
            } finally {
                testssl.destroyForcibly();
            }
        }
        List<String> findings = new ArrayList<>();
        Matcher finding = FINDING.matcher(Files.readString(report));
        while (finding.find()) {
            if (!isOfTheSite(finding.group(1))) {
                findings.add(finding.group(2) + " " + finding.group(1) + ": " + finding.group(3));
            }
        }
        assertEquals(List.of(), findings);
        assertTrue(Files.readString(report).contains("\"TLS1_3\""), "it has not looked");
    }

    private String output() {
        try {
            return Files.readString(directory.resolve("output"));
        } catch (IOException e) {
            return e.toString();
        }
    }
}
