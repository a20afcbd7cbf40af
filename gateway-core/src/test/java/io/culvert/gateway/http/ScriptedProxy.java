package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.culvert.gateway.upstream.Protocol;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * A proxy in front of a server that the test plays itself; a test closes it at its end by {@code
 * AutoClose}.
 *
 * <pre>
 *   connect() ──► proxy() ──────────────────────────► accept()
 *   connect() ──► proxy() ──HTTP/2──► translator ───► accept()   where translated
 * </pre>
 */
final class ScriptedProxy implements AutoCloseable {
    private final ServerSocket server;
    private final Optional<ProxyUnderTest> translator;
    private final ProxyUnderTest proxy;

    private ScriptedProxy(
            HttpSettings settings,
            Protocol protocol,
            boolean translated,
            int workers,
            LongSupplier clock) {
        try {
            server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
            server.setSoTimeout(30_000);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        InetSocketAddress address = (InetSocketAddress) server.getLocalSocketAddress();
        translator =
                translated
                        ? Optional.of(new ProxyUnderTest(HttpSettings.DEFAULT, address))
                        : Optional.empty();
        proxy =
                new ProxyUnderTest(
                        settings,
                        translator.map(ProxyUnderTest::address).orElse(address),
                        protocol,
                        workers,
                        0,
                        clock);
    }

    /** The server speaks HTTP/1. */
    ScriptedProxy() {
        this(HttpSettings.DEFAULT, System::nanoTime);
    }

    /** The same with settings and a clock of the test's. */
    ScriptedProxy(HttpSettings settings, LongSupplier clock) {
        this(settings, Protocol.HTTP1, false, 1, clock);
    }

    /** The server speaks that. */
    static ScriptedProxy before(Protocol protocol) {
        return new ScriptedProxy(HttpSettings.DEFAULT, protocol, false, 1, System::nanoTime);
    }

    /** The proxy speaks that, and the server HTTP/1 all the same: another proxy translates. */
    static ScriptedProxy speaking(Protocol protocol) {
        return new ScriptedProxy(
                HttpSettings.DEFAULT, protocol, protocol == Protocol.HTTP2, 1, System::nanoTime);
    }

    /** With so many loops. */
    static ScriptedProxy ofWorkers(int workers) {
        return new ScriptedProxy(
                HttpSettings.DEFAULT, Protocol.HTTP1, false, workers, System::nanoTime);
    }

    ProxyUnderTest proxy() {
        return proxy;
    }

    /** The server's, which may be closed, so that connections are refused. */
    ServerSocket server() {
        return server;
    }

    /** A client's end of a new connection. */
    Script connect() throws IOException {
        return Script.connect(proxy.address());
    }

    /** The server's end of the next connection. */
    Script accept() throws IOException {
        return new Script(server.accept());
    }

    /** As {@link ProxyUnderTest#settle}, of both. */
    void settle() {
        proxy.settle();
        translator.ifPresent(ProxyUnderTest::settle);
        proxy.settle();
    }

    @Override
    public void close() throws IOException {
        proxy.close();
        translator.ifPresent(ProxyUnderTest::close);
        server.close();
        assertEquals(0, proxy.live.get(), "every pick was released");
    }
}
