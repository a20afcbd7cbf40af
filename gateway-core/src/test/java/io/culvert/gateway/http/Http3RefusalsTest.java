package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.tls.QuicAuthority;
import io.culvert.hook.Reason;
import io.netty.channel.Channel;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.List;

/** What no honest client of HTTP/3 sends, and what it is answered with. */
@Timeout(60)
class Http3RefusalsTest {
    private static final String GOOD = ":method GET|:scheme https|:path /|:authority a";

    /** H3_MESSAGE_ERROR. */
    private static final String MALFORMED = "reset 0x10e";

    /** H3_EXCESSIVE_LOAD. */
    private static final int EXCESSIVE_LOAD = 0x107;

    @TempDir private static Path folder;

    private static QuicAuthority authority;
    private static ServerSocket server;
    private static ProxyUnderTest proxy;

    @BeforeAll
    static void begin() throws Exception {
        authority = new QuicAuthority(folder, "a");
        server = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
        proxy =
                new ProxyUnderTest(
                        HttpSettings.DEFAULT,
                        new InetSocketAddress(
                                InetAddress.getLoopbackAddress(), server.getLocalPort()));
    }

    @AfterAll
    static void end() throws IOException {
        proxy.close();
        server.close();
        authority.close();
    }

    private static Http3Client connect() throws Exception {
        Channel socket = proxy.datagrams(authority.tls());
        return Http3Client.connect(
                (InetSocketAddress) socket.localAddress(), authority.file(), "a");
    }

    /** The reason, and a head, fields divided by bars. */
    static List<Arguments> heads() {
        return List.of(
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, ":method GET|:scheme https|:authority a"),
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, ":method GET|:path /|:authority a"),
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, ":scheme https|:path /|:authority a"),
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, GOOD + "|:path /b"),
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, GOOD + "|:status 200"),
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, GOOD + "|:other 1"),
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, GOOD + "|:protocol websocket"),
                Arguments.of(
                        Reason.HTTP_PSEUDO_FIELD, ":method GET|:scheme https|:path |:authority a"),
                Arguments.of(
                        Reason.HTTP_PSEUDO_FIELD, ":method GET|:scheme https|:path a|:authority a"),
                Arguments.of(
                        Reason.HTTP_PSEUDO_FIELD,
                        ":method GET|:scheme https|:path /\r\nx: 1|:authority a"),
                Arguments.of(
                        Reason.HTTP_PSEUDO_FIELD,
                        ":method GET / HTTP/1.1|:scheme https|:path /|:authority a"),
                Arguments.of(Reason.HTTP_CONNECTION_FIELD, GOOD + "|connection close"),
                Arguments.of(Reason.HTTP_CONNECTION_FIELD, GOOD + "|keep-alive 5"),
                Arguments.of(Reason.HTTP_CONNECTION_FIELD, GOOD + "|proxy-connection close"),
                Arguments.of(Reason.HTTP_CONNECTION_FIELD, GOOD + "|transfer-encoding chunked"),
                Arguments.of(Reason.HTTP_CONNECTION_FIELD, GOOD + "|upgrade h2c"),
                Arguments.of(Reason.HTTP_CONNECTION_FIELD, GOOD + "|te trailers, deflate"),
                Arguments.of(Reason.HTTP_HOST, GOOD + "|host b"),
                Arguments.of(Reason.HTTP_SYNTAX, GOOD + "|X-Upper 1"),
                Arguments.of(Reason.HTTP_SYNTAX, GOOD + "|x 1\r\nhost: b"),
                Arguments.of(Reason.HTTP_SYNTAX, GOOD + "|x 1\nhost: b"),
                Arguments.of(Reason.HTTP_SYNTAX, GOOD + "|x 1\u0000"),
                Arguments.of(Reason.HTTP_SYNTAX, GOOD + "|x: 1"),
                Arguments.of(
                        Reason.HTTP_LENGTH_INVALID, GOOD + "|content-length 0|content-length 1"),
                Arguments.of(Reason.HTTP_LENGTH_INVALID, GOOD + "|content-length 5"),
                Arguments.of(Reason.HTTP_LENGTH_INVALID, GOOD + "|content-length 0x5"));
    }

    @ParameterizedTest
    @MethodSource("heads")
    void resetsTheStreamAndCounts(Reason reason, String head) throws Exception {
        long before = proxy.proxy.refusals(reason);
        try (Http3Client client = connect()) {
            assertEquals(MALFORMED, client.ask(head).ends());
            assertTrue(
                    client.ask(GOOD + "|x 1".repeat(100)).head().contains(":status=431"),
                    "the connection goes on");
        }
        proxy.settle();
        assertEquals(before + 1, proxy.proxy.refusals(reason));
    }

    @Test
    void answersAHeadThatIsTooLong() throws Exception {
        try (Http3Client client = connect()) {
            String head =
                    client.ask(GOOD + "|x " + "a".repeat(HttpSettings.DEFAULT.headerBytes()))
                            .head();
            assertTrue(head.contains(":status=431"), head);
        }
    }

    @Test
    void endsAConnectionWhoseHeadIsFarTooLong() throws Exception {
        try (Http3Client client = connect()) {
            client.ask(GOOD + "|x " + "a".repeat(3 * HttpSettings.DEFAULT.headerBytes()));
            assertEquals(EXCESSIVE_LOAD, client.closed());
        }
    }

    @Test
    void answersAHostThatIsNone() throws Exception {
        try (Http3Client client = connect()) {
            String head = client.ask(":method GET|:scheme https|:path /|:authority a b").head();
            assertTrue(head.contains(":status=400"), head);
            assertTrue(head.contains("culvert-reason=HTTP_HOST"), head);
        }
    }

    @Test
    void resetsAStreamWhoseBodyIsNotAsLongAsWasSaid() throws Exception {
        long before = proxy.proxy.refusals(Reason.HTTP_LENGTH_INVALID);
        try (Http3Client client = connect()) {
            assertEquals(
                    MALFORMED,
                    client.begin(
                                    ":method POST|:scheme https|:path /|:authority a|"
                                            + "content-length 5")
                            .data(new byte[4])
                            .end()
                            .ends());
        }
        proxy.settle();
        assertEquals(before + 1, proxy.proxy.refusals(Reason.HTTP_LENGTH_INVALID));
    }

    @Test
    void refusesAPortThatConnectMayNotLeadTo() throws Exception {
        try (Http3Client client = connect()) {
            String head = client.ask(":method CONNECT|:authority a:25").head();
            assertTrue(head.contains(":status=403"), head);
            assertTrue(head.contains("culvert-reason=HTTP_CONNECT"), head);
        }
    }

    @Test
    void endsAConnectionThatCancelsWhatItAsks() throws Exception {
        try (Http3Client client = connect()) {
            for (int i = 0; i < 200 && !client.isClosed(); i++) {
                client.cancel(GOOD);
            }
            assertEquals(EXCESSIVE_LOAD, client.closed());
        }
        proxy.settle();
        assertEquals(1, proxy.proxy.refusals(Reason.HTTP_RESET_FLOOD));
    }
}
