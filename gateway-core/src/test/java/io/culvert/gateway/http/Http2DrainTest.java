package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.upstream.Protocol;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;

/** Connections of HTTP/2 end with what is on them, and bound what is on its way on them. */
@SuppressWarnings("StringConcatToTextBlock") // The line ends are what matters.
class Http2DrainTest {
    /** RFC 9113 section 6.9.2: of a client that says nothing else. */
    private static final int WINDOW = 65_535;

    private static final String GET = ":method GET|:scheme http|:authority a|:path /a";

    private ServerSocket server;
    private Optional<ProxyUnderTest> inner = Optional.empty();
    private ProxyUnderTest proxy;

    @BeforeEach
    void listen() throws IOException {
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        server.setSoTimeout(30_000);
    }

    private void begin(Protocol protocol) {
        InetSocketAddress address = (InetSocketAddress) server.getLocalSocketAddress();
        if (protocol == Protocol.HTTP2) {
            inner = Optional.of(new ProxyUnderTest(HttpSettings.DEFAULT, address));
        }
        proxy =
                new ProxyUnderTest(
                        HttpSettings.DEFAULT,
                        inner.map(ProxyUnderTest::address).orElse(address),
                        protocol,
                        1,
                        0,
                        System::nanoTime);
    }

    @AfterEach
    void end() throws IOException {
        proxy.close();
        inner.ifPresent(ProxyUnderTest::close);
        server.close();
        assertEquals(0, proxy.live.get(), "every pick was released");
    }

    @Test
    void aDrainSaysGoawayAndLetsWhatRunsFinish() throws Exception {
        begin(Protocol.HTTP1);
        try (FrameScript client = FrameScript.connect(proxy.address())) {
            client.headers(1, true, GET);
            try (Script origin = new Script(server.accept())) {
                origin.head();
                proxy.proxy.drain();
                assertEquals("GOAWAY 0 NO_ERROR", client.until("GOAWAY"));
                origin.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
                String head = client.until("HEADERS 1");
                assertTrue(head.contains(":status=200 "), head);
                assertEquals("DATA 1 ok", client.until("DATA 1").replace("END ", ""));
                assertTrue(client.until("none").startsWith("none, but"), "the connection ends");
            }
        }
    }

    @ParameterizedTest
    @EnumSource(
            value = Protocol.class,
            names = {"HTTP1", "HTTP2"})
    void aServerIsStoppedWhileItsClientReadsNothing(Protocol protocol) throws Exception {
        begin(protocol);
        int size = 4_000_000;
        try (FrameScript client = FrameScript.connect(proxy.address())) {
            client.headers(1, true, GET);
            try (Script origin = new Script(server.accept())) {
                origin.head();
                CompletableFuture<Void> sent =
                        CompletableFuture.runAsync(
                                () -> {
                                    try {
                                        origin.send(
                                                "HTTP/1.1 200 OK\r\nContent-Length: "
                                                        + size
                                                        + "\r\n\r\n");
                                        origin.send(new byte[size]);
                                    } catch (IOException e) {
                                        throw new AssertionError(e);
                                    }
                                });
                int got = 0;
                while (got < WINDOW) {
                    got += length(client.until("DATA 1"));
                }
                assertEquals(WINDOW, got);
                proxy.settle();
                inner.ifPresent(ProxyUnderTest::settle);
                proxy.settle();
                int held = proxy.serverBytesRead.get() - got;
                // A buffer that was being read, one that waits, and a server's own window.
                assertTrue(held < 400_000, () -> held + " bytes are in the gateway");

                client.windowUpdate(0, size);
                client.windowUpdate(1, size);
                while (got < size) {
                    got += length(client.until("DATA 1"));
                }
                assertEquals(size, got);
                sent.join();
            }
        }
    }

    private static int length(String frame) {
        return frame.substring("DATA 1 ".length()).replace("END ", "").length();
    }
}
