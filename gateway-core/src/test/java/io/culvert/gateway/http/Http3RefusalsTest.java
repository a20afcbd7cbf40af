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
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.stream.Stream;

/** What no honest client of HTTP/3 sends, and what it is answered with. */
@Timeout(60)
class Http3RefusalsTest {
    private static final String GOOD = MalformedHeads.good("https");

    /** H3_MESSAGE_ERROR. */
    private static final String MALFORMED = "reset 0x10e";

    /** H3_EXCESSIVE_LOAD. */
    private static final int EXCESSIVE_LOAD = 0x107;

    @TempDir private static Path folder;

    private static QuicAuthority authority;
    private static final ScriptedProxy BEHIND = new ScriptedProxy();
    private static final ProxyUnderTest PROXY = BEHIND.proxy();

    @BeforeAll
    static void begin() throws Exception {
        authority = new QuicAuthority(folder, "a");
    }

    @AfterAll
    static void end() throws IOException {
        BEHIND.close();
        authority.close();
    }

    private static Http3Client connect() throws Exception {
        Channel socket = PROXY.datagrams(authority.tls());
        return Http3Client.connect(
                (InetSocketAddress) socket.localAddress(), authority.file(), "a");
    }

    static Stream<Arguments> heads() {
        return Stream.concat(
                MalformedHeads.of("https"),
                Stream.of(Arguments.of(Reason.HTTP_HOST, GOOD + "|host b")));
    }

    @ParameterizedTest
    @MethodSource("heads")
    void resetsTheStreamAndCounts(Reason reason, String head) throws Exception {
        long before = PROXY.proxy.refusals(reason);
        try (Http3Client client = connect()) {
            assertEquals(MALFORMED, client.ask(head).ends());
            assertTrue(
                    client.ask(GOOD + "|x 1".repeat(100)).head().contains(":status=431"),
                    "the connection goes on");
        }
        PROXY.settle();
        assertEquals(before + 1, PROXY.proxy.refusals(reason));
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
        long before = PROXY.proxy.refusals(Reason.HTTP_LENGTH_INVALID);
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
        PROXY.settle();
        assertEquals(before + 1, PROXY.proxy.refusals(Reason.HTTP_LENGTH_INVALID));
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
        PROXY.settle();
        assertEquals(1, PROXY.proxy.refusals(Reason.HTTP_RESET_FLOOD));
    }
}
