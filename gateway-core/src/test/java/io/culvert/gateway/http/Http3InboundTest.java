package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;

import io.culvert.gateway.tls.QuicAuthority;
import io.culvert.gateway.upstream.Protocol;
import io.netty.channel.Channel;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Executors;

/** A client of HTTP/3, the proxy, and servers of HTTP/1.1 and HTTP/2. */
@Timeout(60)
class Http3InboundTest {
    private static final String NAME = "www.example.org";
    private static final String GET = ":method GET|:scheme https|:authority www.example.org|:path ";
    private static final String POST =
            ":method POST|:scheme https|:authority www.example.org|:path ";
    private static final byte[] BIG = new byte[5_000_001];

    @TempDir private static Path folder;

    private static QuicAuthority authority;
    private static HttpServer origin;
    private static ProxyUnderTest one;
    private static ProxyUnderTest two;

    @BeforeAll
    static void begin() throws Exception {
        new Random(1).nextBytes(BIG);
        authority = new QuicAuthority(folder, NAME);
        origin = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 50);
        origin.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        origin.createContext("/big", exchange -> answer(exchange, BIG));
        origin.createContext(
                "/echo",
                exchange -> {
                    exchange.sendResponseHeaders(200, 0);
                    exchange.getRequestBody().transferTo(exchange.getResponseBody());
                    exchange.close();
                });
        origin.createContext(
                "/fields",
                exchange -> {
                    StringBuilder text = new StringBuilder(exchange.getRequestMethod() + "\n");
                    exchange.getRequestHeaders()
                            .forEach(
                                    (name, values) ->
                                            text.append(name)
                                                    .append(": ")
                                                    .append(values)
                                                    .append('\n'));
                    answer(exchange, text.toString().getBytes(StandardCharsets.UTF_8));
                });
        origin.start();
        one = proxy(origin.getAddress(), Protocol.HTTP1);
        two = proxy(one.address(), Protocol.HTTP2);
    }

    private static ProxyUnderTest proxy(InetSocketAddress server, Protocol protocol) {
        return new ProxyUnderTest(HttpSettings.DEFAULT, server, protocol, 2, 0, System::nanoTime);
    }

    private static void answer(HttpExchange exchange, byte[] body) throws IOException {
        exchange.getResponseHeaders().add("X-Served", "yes");
        exchange.sendResponseHeaders(200, body.length);
        exchange.getResponseBody().write(body);
        exchange.close();
    }

    @AfterAll
    static void end() {
        two.close();
        one.close();
        origin.stop(0);
        authority.close();
    }

    private static ProxyUnderTest before(Protocol protocol) {
        return protocol == Protocol.HTTP1 ? one : two;
    }

    private static Http3Client connect(ProxyUnderTest proxy) throws Exception {
        Channel socket = proxy.datagrams(authority.tls());
        return Http3Client.connect(
                (InetSocketAddress) socket.localAddress(), authority.file(), NAME);
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP1", "HTTP2"})
    void aRequestWithoutABodyGoesOnWithoutOne(Protocol protocol) throws Exception {
        ProxyUnderTest proxy = before(protocol);
        long before = proxy.proxy.requests(3, 2);
        try (Http3Client client = connect(proxy)) {
            Http3Client.Call call = client.ask(GET + "/fields|x-mine 1|cookie a=1|cookie b=2");
            String text = call.text();
            assertTrue(text.startsWith("GET\n"), text);
            assertTrue(text.contains("X-mine: [1]\n"), text);
            assertTrue(text.contains("Cookie: [a=1; b=2]\n"), text);
            assertTrue(text.contains("Host: [www.example.org]\n"), text);
            assertTrue(!text.contains("Transfer-encoding"), text);
            assertTrue(call.head().contains(":status=200\n"), call.head());
            assertTrue(call.head().contains("x-served=yes\n"), call.head());
        }
        assertEquals(before + 1, proxy.proxy.requests(3, 2));
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP1", "HTTP2"})
    void bodiesPassBothWaysOnSeveralStreamsAtOnce(Protocol protocol) throws Exception {
        try (Http3Client client = connect(before(protocol))) {
            List<Http3Client.Call> calls = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                calls.add(
                        client.begin(POST + "/echo|content-length " + BIG.length).data(BIG).end());
                calls.add(client.ask(GET + "/big"));
            }
            for (Http3Client.Call call : calls) {
                assertArrayEquals(BIG, call.body());
            }
        }
    }
}
