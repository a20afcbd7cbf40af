package io.culvert.gateway.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.stream.Stream;

class TlsAuthorityCommandTest {
    @TempDir Path directory;

    private final StringWriter out = new StringWriter();
    private final StringWriter err = new StringWriter();

    private int run(String... arguments) {
        return Culvert.commandLine()
                .setOut(new PrintWriter(out))
                .setErr(new PrintWriter(err))
                .execute(arguments);
    }

    private static String openssl(String... arguments) throws Exception {
        String[] command = new String[arguments.length + 1];
        command[0] = "openssl";
        System.arraycopy(arguments, 0, command, 1, arguments.length);
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        return new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    }

    @Test
    void makesAnAuthorityThatOpensslKnowsAsOne() throws Exception {
        Path made = directory.resolve("new");
        assertEquals(
                0,
                run("tls", "authority", "--out", made.toString(), "--name", "Acme"),
                err::toString);
        Path certificate = made.resolve("authority.pem");
        Path key = made.resolve("authority.key");
        assertTrue(out.toString().contains("Clients have to trust " + certificate), out::toString);
        assertEquals(
                "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(key)));
        String text = openssl("x509", "-noout", "-text", "-in", certificate.toString());
        assertTrue(text.contains("Subject: CN = Acme"), text);
        assertTrue(text.contains("CA:TRUE, pathlen:0"), text);
        assertTrue(text.contains("Certificate Sign, CRL Sign"), text);
        assertEquals(
                openssl("x509", "-noout", "-pubkey", "-in", certificate.toString()),
                openssl("pkey", "-pubout", "-in", key.toString()));
        assertTrue(
                openssl("verify", "-CAfile", certificate.toString(), certificate.toString())
                        .contains("OK"));
    }

    @Test
    void leavesWhatIsThereAlone() throws Exception {
        Files.writeString(directory.resolve("authority.key"), "precious");
        assertEquals(1, run("tls", "authority", "--out", directory.toString()));
        assertTrue(err.toString().contains("there is such a file"), err::toString);
        assertEquals("precious", Files.readString(directory.resolve("authority.key")));
        try (Stream<Path> files = Files.list(directory)) {
            assertEquals(1, files.count());
        }
    }

    @Test
    void saysWhatItCannotMake() {
        assertEquals(2, run("tls", "authority", "--out", directory.toString(), "--days", "0"));
        assertEquals(2, run("tls", "authority", "--out", directory.toString(), "--name", " "));
        assertEquals(2, run("tls", "authority"));
    }
}
