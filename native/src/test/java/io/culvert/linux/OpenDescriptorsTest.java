package io.culvert.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.US_ASCII;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.util.Set;

final class OpenDescriptorsTest {
    @Test
    void tellsWhichSocketWasOpenedSince() throws IOException {
        OpenDescriptors before = OpenDescriptors.now();
        try (Fd socket = Sockets.udp(false)) {
            Set<String> since = OpenDescriptors.now().since(before);
            assertEquals(1, since.size());
            assertTrue(since.iterator().next().startsWith(socket.number() + " socket:["));
        }
        assertEquals(Set.of(), OpenDescriptors.now().since(before));
    }

    @Test
    void takesNoNoticeOfWhatWasClosedSince() throws IOException {
        Fd socket = Sockets.udp(false);
        OpenDescriptors before = OpenDescriptors.now();
        socket.close();
        assertEquals(Set.of(), OpenDescriptors.now().since(before));
    }

    @Test
    void readsTheLimitThatTheShellSetForAProcess() throws IOException, InterruptedException {
        Process shell = new ProcessBuilder("sh", "-c", "ulimit -n").start();
        String said = new String(shell.getInputStream().readAllBytes(), US_ASCII).trim();
        assertEquals(0, shell.waitFor());
        long expected = said.equals("unlimited") ? Long.MAX_VALUE : Long.parseLong(said);
        assertEquals(expected, OpenDescriptors.limit());
    }

    @Test
    void aNumberTakenAgainIsAnotherDescriptor() throws IOException {
        Fd first = Sockets.udp(false);
        OpenDescriptors before = OpenDescriptors.now();
        first.close();
        try (Fd _ = Sockets.udp(false)) {
            assertEquals(1, OpenDescriptors.now().since(before).size());
        }
    }
}
