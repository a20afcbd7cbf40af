package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.tls.QuicAuthority;
import io.culvert.gateway.upstream.Protocol;
import io.netty.channel.Channel;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** A client of HTTP/3, the proxy, and servers of HTTP/1.1 and HTTP/2. */
@Timeout(60)
class Http3InboundTest {
    private static final String NAME = "www.example.org";
    private static final String GET = ":method GET|:scheme https|:authority www.example.org|:path ";
    private static final String POST =
            ":method POST|:scheme https|:authority www.example.org|:path ";
    private static final byte[] BIG = TwoProxies.bytes(5_000_001);

    @TempDir private static Path folder;

    private static QuicAuthority authority;
    private static final TwoProxies PROXIES = new TwoProxies(BIG.length);

    @BeforeAll
    static void begin() throws Exception {
        authority = new QuicAuthority(folder, NAME);
    }

    @AfterAll
    static void end() {
        PROXIES.close();
        authority.close();
    }

    private static Http3Client connect(ProxyUnderTest proxy) throws Exception {
        Channel socket = proxy.datagrams(authority.tls());
        return Http3Client.connect(
                (InetSocketAddress) socket.localAddress(), authority.file(), NAME);
    }

    @ParameterizedTest
    @EnumSource(names = {"HTTP1", "HTTP2"})
    void aRequestWithoutABodyGoesOnWithoutOne(Protocol protocol) throws Exception {
        ProxyUnderTest proxy = PROXIES.towards(protocol);
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
        try (Http3Client client = connect(PROXIES.towards(protocol))) {
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
