package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** What is kept for a server, and that nothing is for one that there is nothing of. */
class KeptConnectionsTest {
    private static final String GET = "GET / HTTP/1.1\r\nHost: a\r\n\r\n";

    private static void becomes(BooleanSupplier condition) {
        long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(15);
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() - end < 0, "it stays as it is");
            LockSupport.parkNanos(1_000_000);
        }
    }

    private static ProxyUnderTest proxy(ServerSocket server) {
        return new ProxyUnderTest(
                HttpSettings.DEFAULT,
                new InetSocketAddress(InetAddress.getLoopbackAddress(), server.getLocalPort()));
    }

    @Test
    void nothingIsKeptForAServerThatRefuses() throws IOException {
        ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        try (ProxyUnderTest proxy = proxy(server)) {
            server.close();
            try (Script client = Script.connect(proxy.address())) {
                client.send(GET);
                assertTrue(client.head().startsWith("HTTP/1.1 502 "));
                becomes(() -> proxy.proxy.pool().places() == 0);
            }
        }
    }

    @Test
    void nothingIsKeptForAServerThatKeepsNoConnection() throws IOException {
        try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                ProxyUnderTest proxy = proxy(server);
                Script client = Script.connect(proxy.address())) {
            client.send(GET);
            try (Script origin = new Script(server.accept())) {
                String _ = origin.head();
                origin.send("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
                assertTrue(client.head().startsWith("HTTP/1.1 204 "));
            }
            becomes(() -> proxy.proxy.pool().places() == 0);
            assertEquals(0, proxy.proxy.idle());
        }
    }

    @Test
    void aConnectionIsKeptUntilItsServerClosesIt() throws IOException {
        try (ServerSocket server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                ProxyUnderTest proxy = proxy(server);
                Script client = Script.connect(proxy.address())) {
            client.send(GET);
            try (Script origin = new Script(server.accept())) {
                String _ = origin.head();
                origin.send("HTTP/1.1 204 No Content\r\n\r\n");
                assertTrue(client.head().startsWith("HTTP/1.1 204 "));
                assertEquals(1, proxy.proxy.idle());
                assertEquals(1, proxy.proxy.pool().places());
            }
            becomes(() -> proxy.proxy.pool().places() == 0);
            assertEquals(0, proxy.proxy.idle());
        }
    }
}
