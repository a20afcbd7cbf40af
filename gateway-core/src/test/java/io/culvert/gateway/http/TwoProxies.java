package io.culvert.gateway.http;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import io.culvert.gateway.upstream.Protocol;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import java.util.concurrent.Executors;

/**
 * A server with {@code /big}, {@code /echo} and {@code /fields}, which says what fields it was
 * sent, and a proxy for each protocol towards servers.
 *
 * <pre>
 *   two ──HTTP/2──► one ──HTTP/1──► server
 * </pre>
 */
final class TwoProxies implements AutoCloseable {
    private final HttpServer server;
    private final ProxyUnderTest one;
    private final ProxyUnderTest two;

    /**
     * @param size of what is big, from which {@link #bytes} is made
     */
    TwoProxies(int size) {
        byte[] big = bytes(size);
        try {
            server =
                    HttpServer.create(
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.createContext("/big", exchange -> answer(exchange, big));
        server.createContext(
                "/echo",
                exchange -> {
                    exchange.sendResponseHeaders(200, 0);
                    exchange.getRequestBody().transferTo(exchange.getResponseBody());
                    exchange.close();
                });
        server.createContext("/fields", TwoProxies::fields);
        server.start();
        one = proxy(server.getAddress(), Protocol.HTTP1);
        two = proxy(one.address(), Protocol.HTTP2);
    }

    /** The same ones for each length. */
    static byte[] bytes(int size) {
        byte[] bytes = new byte[size];
        new Random(1).nextBytes(bytes);
        return bytes;
    }

    private static ProxyUnderTest proxy(InetSocketAddress server, Protocol protocol) {
        return new ProxyUnderTest(HttpSettings.DEFAULT, server, protocol, 2, 0, System::nanoTime);
    }

    private static void fields(HttpExchange exchange) throws IOException {
        StringBuilder text = new StringBuilder(exchange.getRequestMethod() + "\n");
        exchange.getRequestHeaders()
                .forEach(
                        (name, values) ->
                                text.append(name).append(": ").append(values).append('\n'));
        answer(exchange, text.toString().getBytes(StandardCharsets.UTF_8));
    }

    private static void answer(HttpExchange exchange, byte[] body) throws IOException {
        exchange.getResponseHeaders().add("X-Served", "yes");
        boolean head = exchange.getRequestMethod().equals("HEAD");
        exchange.sendResponseHeaders(200, head ? -1 : body.length);
        if (!head) {
            exchange.getResponseBody().write(body);
        }
        exchange.close();
    }

    /** The one that speaks that with its server. */
    ProxyUnderTest towards(Protocol protocol) {
        return protocol == Protocol.HTTP1 ? one : two;
    }

    @Override
    public void close() {
        two.close();
        one.close();
        server.stop(0);
    }
}
