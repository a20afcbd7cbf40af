package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.linux.Link;
import io.culvert.linux.Namespaces;
import io.culvert.linux.Rtnetlink;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;

class NetworkNamespaceTest {
    private static final String PORTS = "net.ipv4.ip_local_port_range";
    private static final Path PORTS_FILE = Path.of("/proc/sys/net/ipv4/ip_local_port_range");

    @Test
    void hasNothingButLoopbackWhichIsUp() throws IOException {
        try (NetworkNamespace namespace = NetworkNamespace.anonymous("test");
                Rtnetlink rtnetlink = namespace.call(Rtnetlink::new)) {
            List<Link> links = rtnetlink.links();
            assertEquals(1, links.size());
            assertEquals("lo", links.getFirst().name());
            assertTrue(links.getFirst().up());
        }
    }

    @Test
    void leavesEveryOtherThreadWhereItIs() throws IOException {
        Path here = namespaceOfThisThread();
        try (NetworkNamespace namespace = NetworkNamespace.anonymous("test");
                NetworkNamespace current = NetworkNamespace.current("here")) {
            assertFalse(here.equals(namespace.call(NetworkNamespaceTest::namespaceOfThisThread)));
            assertEquals(here, namespaceOfThisThread());
            assertEquals(here, current.call(NetworkNamespaceTest::namespaceOfThisThread));
        }
    }

    @Test
    void joinsANamespaceByItsFile() throws IOException {
        try (NetworkNamespace namespace = NetworkNamespace.anonymous("test")) {
            Path file = Path.of("/proc/self/fd/" + namespace.handle().number());
            try (NetworkNamespace joined = NetworkNamespace.named(file)) {
                assertEquals(
                        namespace.call(NetworkNamespaceTest::namespaceOfThisThread),
                        joined.call(NetworkNamespaceTest::namespaceOfThisThread));
            }
        }
    }

    @Test
    void saysWhichNamespaceIsMissing() {
        IOException missing =
                assertThrows(
                        IOException.class,
                        () -> NetworkNamespace.named(Path.of("/run/netns/no-such")));
        assertEquals(
                "network namespace /run/netns/no-such: no such file or directory (ENOENT)",
                missing.getMessage());
    }

    @Test
    void bringsExceptionsBackToTheCaller() throws IOException {
        IOException checked = new IOException("checked");
        IllegalStateException unchecked = new IllegalStateException("unchecked");
        try (NetworkNamespace namespace = NetworkNamespace.anonymous("test")) {
            assertSame(checked, thrownBy(namespace, checked));
            assertSame(unchecked, thrownBy(namespace, unchecked));
        }
    }

    @Test
    void letsATaskAskForAnother() throws IOException {
        try (NetworkNamespace namespace = NetworkNamespace.anonymous("test")) {
            assertEquals(1, namespace.call(() -> namespace.call(() -> 1)));
        }
    }

    @Test
    void finishesTheTaskOfAnInterruptedCallerAndKeepsTheInterrupt() throws IOException {
        try (NetworkNamespace namespace = NetworkNamespace.anonymous("test")) {
            Thread.currentThread().interrupt();
            assertEquals(1, namespace.call(() -> 1));
            assertTrue(Thread.interrupted());
        }
    }

    @Test
    void refusesTasksOnceClosed() throws IOException {
        NetworkNamespace namespace = NetworkNamespace.anonymous("test");
        namespace.close();
        namespace.close();
        assertThrows(IOException.class, () -> namespace.call(() -> 1));
        assertFalse(namespace.handle().isOpen());
    }

    @Test
    void setsParametersOfItsNamespaceAlone() throws IOException {
        String here = ports();
        try (NetworkNamespace namespace = NetworkNamespace.anonymous("test")) {
            namespace.sysctl(PORTS, "2000 3000");
            assertEquals("2000\t3000", namespace.call(NetworkNamespaceTest::ports));
            assertEquals(here, ports());
            namespace.sysctl("net/ipv4/conf/lo/rp_filter", "2");
        }
    }

    @Test
    void saysWhichParameterIsUnknownOrRefused() throws IOException {
        try (NetworkNamespace namespace = NetworkNamespace.anonymous("test")) {
            assertEquals(
                    "sysctl net.ipv4.no_such: this kernel has none",
                    assertThrows(IOException.class, () -> namespace.sysctl("net.ipv4.no_such", "1"))
                            .getMessage());
            assertEquals(
                    "sysctl " + PORTS + " = many: Invalid argument",
                    assertThrows(IOException.class, () -> namespace.sysctl(PORTS, "many"))
                            .getMessage());
            assertThrows(
                    IllegalArgumentException.class, () -> namespace.sysctl("kernel.hostname", "x"));
            assertThrows(
                    IllegalArgumentException.class,
                    () -> namespace.sysctl("net/../kernel/hostname", "x"));
        }
    }

    @Test
    void showsChildProcessesOtherFiles(@TempDir Path directory) throws IOException {
        Path original = Files.writeString(directory.resolve("original"), "original");
        Path replacement = Files.writeString(directory.resolve("replacement"), "replacement");
        try (NetworkNamespace namespace = NetworkNamespace.anonymousWithMounts("test")) {
            String seen =
                    namespace.call(
                            () -> {
                                Namespaces.bindMount(replacement, original);
                                Process cat =
                                        new ProcessBuilder("cat", original.toString()).start();
                                return new String(
                                        cat.getInputStream().readAllBytes(),
                                        StandardCharsets.UTF_8);
                            });
            assertEquals("replacement", seen);
            assertEquals("original", Files.readString(original));
        }
    }

    @Test
    void doesThereWhatNobodyWaitsForAndGoesOnAfterAFailure() throws Exception {
        NetworkNamespace namespace = NetworkNamespace.anonymous("test");
        try (namespace) {
            Path there = namespace.call(NetworkNamespaceTest::namespaceOfThisThread);
            CompletableFuture<Path> seen = new CompletableFuture<>();
            namespace.execute(
                    () -> {
                        throw new IllegalStateException("lost");
                    });
            namespace.execute(
                    () -> {
                        try {
                            seen.complete(namespaceOfThisThread());
                        } catch (IOException e) {
                            seen.completeExceptionally(e);
                        }
                    });
            assertEquals(there, seen.get(20, TimeUnit.SECONDS));
        }
        assertThrows(RejectedExecutionException.class, () -> namespace.execute(() -> {}));
    }

    private static Throwable thrownBy(NetworkNamespace namespace, Exception e) {
        return assertThrows(
                e.getClass(),
                () ->
                        namespace.call(
                                () -> {
                                    if (e instanceof IOException checked) {
                                        throw checked;
                                    }
                                    throw (RuntimeException) e;
                                }));
    }

    /** Not Files.readString, which reads this file of no size byte by byte, and it ends at one. */
    private static String ports() throws IOException {
        try (BufferedReader reader = Files.newBufferedReader(PORTS_FILE)) {
            return reader.readLine();
        }
    }

    private static Path namespaceOfThisThread() throws IOException {
        return Files.readSymbolicLink(Path.of("/proc/thread-self/ns/net"));
    }
}
