package io.culvert.gateway.tls;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.file.Path;
import java.time.InstantSource;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A private key is not used on a loop: while nobody does the tasks, no handshake ends. */
class OffLoopTest {
    @TempDir Path directory;

    @ParameterizedTest
    @CsvSource({"BORINGSSL, EC", "BORINGSSL, RSA", "JDK, EC", "JDK, RSA"})
    void waitsForWhoSignsAndTheLoopGoesOn(TlsSettings.Engine engine, String algorithm)
            throws Exception {
        TestAuthority authority = new TestAuthority(directory);
        CertificateFiles site = authority.issue("site", algorithm, "a.example");
        BlockingQueue<Runnable> tasks = new LinkedBlockingQueue<>();
        TlsFigures figures = new TlsFigures();
        ServerGeneration generation =
                ServerGeneration.load(
                        TlsSite.settings(engine, site),
                        new Mint.Shop(
                                TlsEngine.of(engine), tasks::add, InstantSource.system(), figures),
                        new TicketKeys(),
                        settings -> {
                            throw new AssertionError("nothing is inspected");
                        });
        LiveServerTls tls = new LiveServerTls(generation, tasks::add, figures);
        try (TlsSite server = new TlsSite(tls::terminate)) {
            Process client =
                    new ProcessBuilder(
                                    "openssl",
                                    "s_client",
                                    "-connect",
                                    "127.0.0.1:" + server.port(),
                                    "-brief")
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                            .start();
            try {
                Runnable task = tasks.poll(15, TimeUnit.SECONDS);
                assertTrue(task != null, "the engine had no task");
                assertEquals(
                        "goes on", server.loops.submit(() -> "goes on").get(15, TimeUnit.SECONDS));
                assertEquals(0, server.handshakes.size());
                while (server.handshakes.isEmpty()) {
                    if (task != null) {
                        task.run();
                    }
                    task = tasks.poll(10, TimeUnit.MILLISECONDS);
                }
                assertEquals("done", server.handshakes.peek());
            } finally {
                client.destroyForcibly();
            }
        } finally {
            generation.release();
        }
    }
}
