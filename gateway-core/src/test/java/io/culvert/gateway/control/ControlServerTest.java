package io.culvert.gateway.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowListener;
import io.culvert.gateway.ClientNamespace;
import io.culvert.gateway.Gateway;

import jnr.unixsocket.UnixServerSocketChannel;
import jnr.unixsocket.UnixSocketAddress;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;

@Timeout(60)
class ControlServerTest {
    private static ClientNamespace client;
    private static Gateway gateway;

    @TempDir private Path directory;

    @BeforeAll
    static void start() throws IOException {
        client = ClientNamespace.open();
        gateway =
                Gateway.start(
                        client.configuration(Optional.empty()),
                        client.surroundings(),
                        FlowListener.NONE);
    }

    @AfterAll
    static void stop() {
        gateway.close();
        client.close();
    }

    private Path path() {
        return directory.resolve("control.sock");
    }

    @Test
    void answersWhatItKnows() throws IOException {
        try (ControlServer _ = ControlServer.open(path(), gateway)) {
            assertEquals(List.of(), ControlClient.ask(path(), "flows"));
            List<String> status = ControlClient.ask(path(), "status");
            assertEquals(1, status.size());
            assertTrue(status.getFirst().contains("\"flows\":0"), status::toString);
        }
    }

    @Test
    void saysThatItDoesNotKnowARequest() throws IOException {
        try (ControlServer _ = ControlServer.open(path(), gateway)) {
            assertEquals(
                    List.of("{\"error\":\"unknown request\"}"),
                    ControlClient.ask(path(), "make coffee"));
            assertEquals(List.of(), ControlClient.ask(path(), "flows"));
        }
    }

    @Test
    void isItsOwnersAlone() throws IOException {
        try (ControlServer _ = ControlServer.open(path(), gateway)) {
            assertEquals("rw-------", mode(path()));
        }
    }

    @Test
    void aDirectoryThatIsMissingIsMadeForTheOwnerAlone() throws IOException {
        Path path = directory.resolve("deep/control.sock");
        try (ControlServer _ = ControlServer.open(path, gateway)) {
            assertEquals("rwx------", mode(path.getParent()));
        }
    }

    private static String mode(Path path) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
    }

    @Test
    void takesThePlaceOfAGatewayThatDied() throws IOException {
        try (UnixServerSocketChannel dead = UnixServerSocketChannel.open()) {
            dead.socket().bind(new UnixSocketAddress(path().toFile()));
        }
        assertTrue(Files.exists(path()));
        try (ControlServer _ = ControlServer.open(path(), gateway)) {
            assertEquals(List.of(), ControlClient.ask(path(), "flows"));
        }
    }

    @Test
    void leavesAGatewayThatLivesItsPlace() throws IOException {
        try (ControlServer _ = ControlServer.open(path(), gateway)) {
            IOException refused =
                    assertThrows(IOException.class, () -> ControlServer.open(path(), gateway));
            assertTrue(refused.getMessage().startsWith("another gateway answers"));
            assertEquals(List.of(), ControlClient.ask(path(), "flows"));
        }
    }

    @Test
    void neverRemovesAFileThatIsNoSocket() throws IOException {
        Files.writeString(path(), "onramps: []");

        IOException refused =
                assertThrows(IOException.class, () -> ControlServer.open(path(), gateway));

        assertTrue(refused.getMessage().contains("taken by something else"));
        assertEquals("onramps: []", Files.readString(path()));
    }

    @Test
    void closingRemovesTheSocketAndEndsTheThread() throws IOException {
        ControlServer.open(path(), gateway).close();

        assertFalse(Files.exists(path()));
        long start = System.nanoTime();
        while (threads() > 0 && System.nanoTime() - start < 10_000_000_000L) {
            Thread.onSpinWait();
        }
        assertEquals(0, threads());
    }

    private static long threads() {
        return Thread.getAllStackTraces().keySet().stream()
                .filter(thread -> thread.getName().equals("control"))
                .count();
    }
}
