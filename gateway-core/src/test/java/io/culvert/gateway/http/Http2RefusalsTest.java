package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;

import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.util.stream.Stream;

/** Frames of HTTP/2 that no honest client sends, and what they are answered with. */
class Http2RefusalsTest {
    private static final String GOOD = MalformedHeads.good("http");

    @AutoClose private static final ScriptedProxy BEHIND = new ScriptedProxy();
    private static final ProxyUnderTest PROXY = BEHIND.proxy();

    static Stream<Arguments> heads() {
        return Stream.concat(
                MalformedHeads.of("http"),
                Stream.of(
                        Arguments.of(Reason.HTTP_PSEUDO_FIELD, GOOD + "|:method GET"),
                        Arguments.of(Reason.HTTP_PSEUDO_FIELD, GOOD + "|:scheme http"),
                        Arguments.of(Reason.HTTP_PSEUDO_FIELD, GOOD + "|:authority a"),
                        Arguments.of(Reason.HTTP_PSEUDO_FIELD, "x 1|" + GOOD),
                        Arguments.of(Reason.HTTP_CONNECTION_FIELD, GOOD + "|te deflate"),
                        Arguments.of(Reason.HTTP_SYNTAX, GOOD + "|x  1")));
    }

    @ParameterizedTest
    @MethodSource("heads")
    void resetsTheStreamAndCounts(Reason reason, String head) throws IOException {
        long before = PROXY.proxy.refusals(reason);
        try (FrameScript client = FrameScript.connect(PROXY.address())) {
            client.headers(1, true, head);
            assertEquals("RST_STREAM 1 PROTOCOL_ERROR", client.until("RST_STREAM"));
            client.ping(7);
            assertEquals("PING 0 ACK 7", client.until("PING"), "the connection goes on");
        }
        assertEquals(before + 1, PROXY.proxy.refusals(reason));
    }

    @Test
    void answersAHeadThatIsTooLong() throws IOException {
        try (FrameScript client = FrameScript.connect(PROXY.address())) {
            client.headers(1, true, GOOD + "|x 1".repeat(100));
            assertTrue(client.until("HEADERS").contains(":status=431"));
        }
    }

    @Test
    void answersAHostThatIsNone() throws IOException {
        try (FrameScript client = FrameScript.connect(PROXY.address())) {
            client.headers(1, true, GOOD + "|host b");
            String answer = client.until("HEADERS");
            assertTrue(answer.contains(":status=400"), answer);
            assertTrue(answer.contains("culvert-reason=HTTP_HOST"), answer);
        }
    }

    @Test
    void resetsAStreamWhoseBodyIsNotAsLongAsWasSaid() throws IOException {
        long before = PROXY.proxy.refusals(Reason.HTTP_LENGTH_INVALID);
        try (FrameScript client = FrameScript.connect(PROXY.address())) {
            client.headers(
                    1, false, ":method POST|:scheme http|:path /|:authority a|content-length 5");
            client.data(1, true, "1234");
            assertEquals("RST_STREAM 1 PROTOCOL_ERROR", client.until("RST_STREAM"));
        }
        assertEquals(before + 1, PROXY.proxy.refusals(Reason.HTTP_LENGTH_INVALID));
    }

    @Test
    void endsAConnectionThatCancelsWhatItAsks() throws IOException {
        try (FrameScript client = FrameScript.connect(PROXY.address())) {
            client.floods(
                    i -> {
                        client.headers(2 * i + 1, true, GOOD);
                        client.reset(2 * i + 1);
                    });
            assertCalmed(client.until("GOAWAY"));
        }
        assertEquals(1, PROXY.proxy.refusals(Reason.HTTP_RESET_FLOOD));
    }

    @Test
    void endsAConnectionThatFloodsPings() throws IOException {
        long before = PROXY.proxy.refusals(Reason.HTTP_FRAME_FLOOD);
        try (FrameScript client = FrameScript.connect(PROXY.address())) {
            client.floods(client::ping);
            assertCalmed(client.until("GOAWAY"));
        }
        assertEquals(before + 1, PROXY.proxy.refusals(Reason.HTTP_FRAME_FLOOD));
    }

    @Test
    void endsAConnectionThatFloodsSettings() throws IOException {
        long before = PROXY.proxy.refusals(Reason.HTTP_FRAME_FLOOD);
        try (FrameScript client = FrameScript.connect(PROXY.address())) {
            client.floods(_ -> client.frame(4, 0, 0, new byte[0]));
            assertCalmed(client.until("GOAWAY"));
        }
        assertEquals(before + 1, PROXY.proxy.refusals(Reason.HTTP_FRAME_FLOOD));
    }

    @Test
    void endsAConnectionThatFloodsContinuations() throws IOException {
        try (FrameScript client = FrameScript.connect(PROXY.address())) {
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
