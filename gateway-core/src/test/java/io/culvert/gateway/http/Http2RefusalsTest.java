package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.List;

/** Frames of HTTP/2 that no honest client sends, and what they are answered with. */
class Http2RefusalsTest {
    private static final String GOOD = ":method GET|:scheme http|:path /|:authority a";

    private static ServerSocket server;
    private static ProxyUnderTest proxy;

    @BeforeAll
    static void begin() throws IOException {
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
    }

    /** The reason, and a head, fields divided by bars. */
    static List<Arguments> heads() {
        return List.of(
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, ":method GET|:scheme http|:authority a"),
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, ":method GET|:path /|:authority a"),
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, ":scheme http|:path /|:authority a"),
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, GOOD + "|:path /b"),
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, GOOD + "|:method GET"),
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, GOOD + "|:scheme http"),
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, GOOD + "|:authority a"),
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, GOOD + "|:status 200"),
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, GOOD + "|:other 1"),
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, "x 1|" + GOOD),
                Arguments.of(
                        Reason.HTTP_PSEUDO_FIELD, ":method GET|:scheme http|:path |:authority a"),
                Arguments.of(
                        Reason.HTTP_PSEUDO_FIELD, ":method GET|:scheme http|:path a|:authority a"),
                Arguments.of(
                        Reason.HTTP_PSEUDO_FIELD,
                        ":method GET|:scheme http|:path /\r\nx: 1|:authority a"),
                Arguments.of(
                        Reason.HTTP_PSEUDO_FIELD,
                        ":method GET / HTTP/1.1|:scheme http|:path /|:authority a"),
                Arguments.of(Reason.HTTP_PSEUDO_FIELD, GOOD + "|:protocol websocket"),
                Arguments.of(Reason.HTTP_CONNECTION_FIELD, GOOD + "|connection close"),
                Arguments.of(Reason.HTTP_CONNECTION_FIELD, GOOD + "|keep-alive 5"),
                Arguments.of(Reason.HTTP_CONNECTION_FIELD, GOOD + "|proxy-connection close"),
                Arguments.of(Reason.HTTP_CONNECTION_FIELD, GOOD + "|transfer-encoding chunked"),
                Arguments.of(Reason.HTTP_CONNECTION_FIELD, GOOD + "|upgrade h2c"),
                Arguments.of(Reason.HTTP_CONNECTION_FIELD, GOOD + "|te trailers, deflate"),
                Arguments.of(Reason.HTTP_SYNTAX, GOOD + "|X-Upper 1"),
                Arguments.of(Reason.HTTP_SYNTAX, GOOD + "|x 1\r\nhost: b"),
                Arguments.of(Reason.HTTP_SYNTAX, GOOD + "|x 1\nhost: b"),
                Arguments.of(Reason.HTTP_SYNTAX, GOOD + "|x 1\u0000"),
                Arguments.of(Reason.HTTP_SYNTAX, GOOD + "|x: 1"),
                Arguments.of(Reason.HTTP_SYNTAX, GOOD + "|x  1"),
                Arguments.of(
                        Reason.HTTP_LENGTH_INVALID, GOOD + "|content-length 0|content-length 1"),
                Arguments.of(Reason.HTTP_LENGTH_INVALID, GOOD + "|content-length 5"),
                Arguments.of(Reason.HTTP_LENGTH_INVALID, GOOD + "|content-length 0x5"));
    }

    @ParameterizedTest
    @MethodSource("heads")
    void resetsTheStreamAndCounts(Reason reason, String head) throws IOException {
        long before = proxy.proxy.refusals(reason);
        try (FrameScript client = FrameScript.connect(proxy.address())) {
            client.headers(1, true, head);
            assertEquals("RST_STREAM 1 PROTOCOL_ERROR", client.until("RST_STREAM"));
            client.ping(7);
            assertEquals("PING 0 ACK 7", client.until("PING"), "the connection goes on");
        }
        assertEquals(before + 1, proxy.proxy.refusals(reason));
    }

    @Test
    void answersAHeadThatIsTooLong() throws IOException {
        try (FrameScript client = FrameScript.connect(proxy.address())) {
            client.headers(1, true, GOOD + "|x 1".repeat(100));
            assertTrue(client.until("HEADERS").contains(":status=431"));
        }
    }

    @Test
    void answersAHostThatIsNone() throws IOException {
        try (FrameScript client = FrameScript.connect(proxy.address())) {
            client.headers(1, true, GOOD + "|host b");
            String answer = client.until("HEADERS");
            assertTrue(answer.contains(":status=400"), answer);
            assertTrue(answer.contains("culvert-reason=HTTP_HOST"), answer);
        }
    }

    @Test
    void resetsAStreamWhoseBodyIsNotAsLongAsWasSaid() throws IOException {
        long before = proxy.proxy.refusals(Reason.HTTP_LENGTH_INVALID);
        try (FrameScript client = FrameScript.connect(proxy.address())) {
            client.headers(
                    1, false, ":method POST|:scheme http|:path /|:authority a|content-length 5");
            client.data(1, true, "1234");
            assertEquals("RST_STREAM 1 PROTOCOL_ERROR", client.until("RST_STREAM"));
        }
        assertEquals(before + 1, proxy.proxy.refusals(Reason.HTTP_LENGTH_INVALID));
    }

    @Test
    void endsAConnectionThatCancelsWhatItAsks() throws IOException {
        try (FrameScript client = FrameScript.connect(proxy.address())) {
            client.floods(
                    i -> {
                        client.headers(2 * i + 1, true, GOOD);
                        client.reset(2 * i + 1);
                    });
            assertCalmed(client.until("GOAWAY"));
        }
        assertEquals(1, proxy.proxy.refusals(Reason.HTTP_RESET_FLOOD));
    }

    @Test
    void endsAConnectionThatFloodsPings() throws IOException {
        long before = proxy.proxy.refusals(Reason.HTTP_FRAME_FLOOD);
        try (FrameScript client = FrameScript.connect(proxy.address())) {
            client.floods(client::ping);
            assertCalmed(client.until("GOAWAY"));
        }
        assertEquals(before + 1, proxy.proxy.refusals(Reason.HTTP_FRAME_FLOOD));
    }

    @Test
    void endsAConnectionThatFloodsSettings() throws IOException {
        long before = proxy.proxy.refusals(Reason.HTTP_FRAME_FLOOD);
        try (FrameScript client = FrameScript.connect(proxy.address())) {
            client.floods(_ -> client.frame(4, 0, 0, new byte[0]));
            assertCalmed(client.until("GOAWAY"));
        }
        assertEquals(before + 1, proxy.proxy.refusals(Reason.HTTP_FRAME_FLOOD));
    }

    @Test
    void endsAConnectionThatFloodsContinuations() throws IOException {
        try (FrameScript client = FrameScript.connect(proxy.address())) {
            client.frame(1, 1, 1, FrameScript.block(GOOD));
            client.floods(_ -> client.frame(9, 0, 1, new byte[0]));
            assertTrue(client.until("GOAWAY").contains("GOAWAY"));
        }
    }

    /**
     * A socket that is closed before all of a flood was read answers with a reset, which may take
     * the GOAWAY from the client (RFC 1122 section 4.2.2.13). The count says why it was closed.
     */
    private static void assertCalmed(String end) {
        assertTrue(end.contains("ENHANCE_YOUR_CALM") || end.startsWith("none, but"), end);
    }
}
