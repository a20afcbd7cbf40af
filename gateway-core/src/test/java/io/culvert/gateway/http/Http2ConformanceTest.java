package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;

import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.stream.Stream;

/**
 * What h2spec asks of a server, case by case: RFC 9113 from its section 3 to its section 8, and RFC
 * 7541, each on a connection of its own with the whole proxy behind it.
 */
@Timeout(60)
class Http2ConformanceTest {
    private static Origin origin;
    private static ProxyUnderTest proxy;

    @BeforeAll
    static void begin() throws IOException {
        origin = new Origin();
        proxy = new ProxyUnderTest(HttpSettings.DEFAULT, origin.address());
    }

    @AfterAll
    static void end() throws IOException {
        proxy.close();
        origin.close();
    }

    static Stream<Http2Case> cases() {
        return Stream.of(
                        Http2StreamCases.all(),
                        Http2FrameCases.all(),
                        Http2WindowCases.all(),
                        Http2MessageCases.all(),
                        HpackCases.all())
                .flatMap(List::stream);
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("cases")
    void behavesAsTheSectionSays(Http2Case one) throws IOException {
        long before = proxy.proxy.refusals(Reason.HTTP_FRAME);
        try (FrameScript client = FrameScript.connect(proxy.address())) {
            one.client().run(client);
            one.outcome().check(client);
        }
        if (one.outcome() instanceof Http2Case.ConnectionError) {
            assertEquals(before + 1, proxy.proxy.refusals(Reason.HTTP_FRAME), "it is counted");
        }
    }

    /** Section 3.4: what the server sends first is SETTINGS, and no acknowledgment. */
    @Test
    void answersThePrefaceWithItsOwnSettings() throws IOException {
        try (FrameScript client = FrameScript.silent(proxy.address())) {
            client.preface();
            client.frame(4, 0, 0, new byte[0]);
            assertEquals("SETTINGS 0", client.read());
            assertEquals("SETTINGS 0 ACK", client.next("SETTINGS", "GOAWAY"));
        }
    }

    /** Section 3.4: GOAWAY may be left out, since the peer does not speak HTTP/2. */
    @Test
    void endsAConnectionWithAnotherPreface() throws IOException {
        try (FrameScript client = FrameScript.silent(proxy.address())) {
            client.write("PRI * HTTP/2.0\r\n\r\nXX\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
            client.frame(4, 0, 0, new byte[0]);
            client.awaitEnd();
        }
    }

    /** Section 3.4: the first frame is SETTINGS, whatever else is right in its place. */
    @Test
    void endsAConnectionThatDoesNotBeginWithSettings() throws IOException {
        try (FrameScript client = FrameScript.silent(proxy.address())) {
            client.preface();
            client.ping(1);
            String told = client.until("GOAWAY");
            assertTrue(told.equals("GOAWAY 0 PROTOCOL_ERROR"), told);
            client.awaitEnd();
        }
    }
}
