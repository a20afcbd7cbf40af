package io.culvert.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.linux.Fd;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.Sockets;
import io.culvert.linux.Syscall;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.stream.Collectors;

@Timeout(60)
class HostListenerTest {
    private static final String FOUR = "127.0.0.1";
    private static final String SIX = "::1";

    private final List<Taken> taken = new CopyOnWriteArrayList<>();
    private final List<Socket> clients = new ArrayList<>();
    private Loop loop;
    private InetSocketAddress address;

    private record Taken(int socket, InetSocketAddress peer, InetSocketAddress local) {}

    @BeforeEach
    void start() throws Exception {
        loop = new Loop();
    }

    @AfterEach
    void stop() throws Exception {
        for (Socket each : clients) {
            each.close();
        }
        taken.forEach(each -> Syscall.close(each.socket()));
        loop.close();
        assertEquals(List.of(), loop.failures);
    }

    private HostListener listener(String on) throws IOException {
        InetAddress at = InetAddress.ofLiteral(on);
        Fd socket = Sockets.tcp(on.equals(SIX));
        Sockets.bind(socket, new SocketAddressBuffer().set(new InetSocketAddress(at, 0)));
        Sockets.listen(socket, HostListener.BACKLOG);
        SocketAddressBuffer bound = new SocketAddressBuffer().prepare();
        assertEquals(
                0, Syscall.getsockname(socket.number(), bound.address(), bound.lengthAddress()));
        address = bound.toInetSocketAddress();
        return new HostListener(
                socket,
                (connection, peer, local) ->
                        taken.add(
                                new Taken(
                                        connection,
                                        peer.toInetSocketAddress(),
                                        local.toInetSocketAddress())));
    }

    private void connect(int count) throws IOException {
        for (int i = 0; i < count; i++) {
            clients.add(new Socket(address.getAddress(), address.getPort()));
        }
    }

    /** Whoever connected, as it sees itself. */
    private Set<InetSocketAddress> connected() {
        return clients.stream()
                .map(each -> (InetSocketAddress) each.getLocalSocketAddress())
                .collect(Collectors.toSet());
    }

    private Set<InetSocketAddress> seen() {
        return taken.stream().map(Taken::peer).collect(Collectors.toSet());
    }

    @ParameterizedTest
    @ValueSource(strings = {FOUR, SIX})
    void whoConnectsIsTakenWithBothAddresses(String on) throws Exception {
        HostListener listener = listener(on);
        connect(3);
        loop.run(() -> listener.start(loop.poller));
        connect(200);

        loop.await(() -> taken.size() == 203);
        assertEquals(connected(), seen());
        assertEquals(Set.of(address), taken.stream().map(Taken::local).collect(Collectors.toSet()));
        loop.run(listener::close);
    }

    @ParameterizedTest
    @ValueSource(strings = {FOUR, SIX})
    void whoWaitsIsTakenBeforeItCloses(String on) throws Exception {
        HostListener listener = listener(on);
        loop.run(
                () -> {
                    listener.start(loop.poller);
                    // The loop is busy meanwhile, and takes nobody.
                    connect(100);
                    assertEquals(List.of(), taken);
                    listener.close();
                });

        assertEquals(connected(), seen());
        assertThrows(IOException.class, () -> connect(1));
    }

    @ParameterizedTest
    @ValueSource(strings = {FOUR, SIX})
    void nothingIsPausedThatHasRoom(String on) throws Exception {
        HostListener listener = listener(on);
        loop.run(() -> listener.start(loop.poller));
        connect(1);
        loop.await(() -> taken.size() == 1);
        loop.run(
                () -> {
                    assertFalse(listener.isPaused());
                    listener.resume();
                });
        connect(1);
        loop.await(() -> taken.size() == 2);
        assertTrue(taken.stream().allMatch(each -> each.socket() > 0));
        loop.run(listener::close);
    }
}
