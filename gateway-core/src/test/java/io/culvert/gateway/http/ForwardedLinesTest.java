package io.culvert.gateway.http;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.upstream.ClientFacts;
import io.culvert.gateway.upstream.Protocol;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.util.Optional;

/** What servers are told of the client, whatever the client says of itself. */
@SuppressWarnings("StringConcatToTextBlock") // The line ends are what matters.
class ForwardedLinesTest {
    private static HttpSettings settings(ForwardedFields forwarded, boolean via) {
        HttpSettings usual = HttpSettings.DEFAULT;
        return new HttpSettings(
                usual.headerTimeout(),
                usual.requestTimeout(),
                usual.idleTimeout(),
                usual.streamTimeout(),
                usual.responseTimeout(),
                usual.upstreamIdleTimeout(),
                usual.upstreamIdle(),
                usual.headerBytes(),
                usual.headerCount(),
                usual.bodyBytes(),
                usual.streams(),
                usual.streamWindow(),
                usual.connectionWindow(),
                via,
                forwarded,
                usual.connectPorts(),
                usual.accessLog(),
                usual.http3(),
                usual.advertisesHttp3(),
                usual.minimumRate());
    }

    private static HttpFlow of(String client) throws UnknownHostException {
        InetSocketAddress address = new InetSocketAddress(InetAddress.getByName(client), 1);
        ClientFacts facts = new ClientFacts("acme", address, address, Optional.empty());
        return new HttpFlow("1", facts, Optional.empty(), null, null);
    }

    private static RequestHead request() {
        RequestHead head = new RequestHead();
        head.clear();
        head.scheme = "https";
        head.authority = "a.test:8443";
        head.fields.add("X-Forwarded-For", "1.1.1.1");
        head.fields.add("x-forwarded-for", "1.1.1.2");
        head.fields.add("X-Forwarded-Proto", "http");
        head.fields.add("X-Forwarded-Host", "b.test");
        head.fields.add("Forwarded", "for=1.1.1.1");
        head.fields.add("Via", "1.0 other");
        return head;
    }

    private static String lines(Fields fields) {
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < fields.count(); i++) {
            if (fields.isLive(i)) {
                lines.append(fields.name(i)).append(": ").append(fields.value(i)).append('|');
            }
        }
        return lines.toString();
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '~',
            textBlock =
                    """
                    NONE ~ 192.0.2.1 ~ X-Forwarded-For: 1.1.1.1|x-forwarded-for: 1.1.1.2|X-Forwarded-Proto: http|\
                    X-Forwarded-Host: b.test|Forwarded: for=1.1.1.1|Via: 1.0 other|
                    X_FORWARDED ~ 192.0.2.1 ~ Via: 1.0 other|x-forwarded-for: 192.0.2.1|\
                    x-forwarded-proto: https|x-forwarded-host: a.test:8443|
                    X_FORWARDED ~ 2001:db8::1 ~ Via: 1.0 other|\
                    x-forwarded-for: 2001:db8:0:0:0:0:0:1|x-forwarded-proto: https|x-forwarded-host: a.test:8443|
                    FORWARDED ~ 192.0.2.1 ~ Via: 1.0 other|\
                    forwarded: for=192.0.2.1;host="a.test:8443";proto=https|
                    FORWARDED ~ 2001:db8::1 ~ Via: 1.0 other|\
                    forwarded: for="[2001:db8:0:0:0:0:0:1]";host="a.test:8443";proto=https|
                    """)
    void tellsServersWhoTheClientIs(ForwardedFields forwarded, String client, String expected)
            throws UnknownHostException {
        RequestHead request = request();
        ForwardedLines.add(request, 1, of(client), settings(forwarded, false));
        assertEquals(expected, lines(request.fields));
    }

    /** RFC 9110 section 7.6.3. */
    @ParameterizedTest
    @CsvSource({"1, 0, 1.0 culvert", "1, 1, 1.1 culvert", "2, 1, 2 culvert", "3, 1, 3 culvert"})
    void namesItselfAndTheVersionByWhichAMessageCameToIt(int version, int minor, String expected)
            throws UnknownHostException {
        RequestHead request = request();
        request.minorVersion = minor;
        HttpSettings settings = settings(ForwardedFields.NONE, true);
        ForwardedLines.add(request, version, of("192.0.2.1"), settings);
        String lines = lines(request.fields);
        assertTrue(lines.endsWith("Via: 1.0 other|via: " + expected + "|"), lines);
        ResponseHead response = response();
        response.version = version;
        response.minorVersion = minor;
        ForwardedLines.add(response, settings);
        assertEquals("via: " + expected + "|", lines(response.fields));
    }

    private static ResponseHead response() {
        ResponseHead head = new ResponseHead();
        head.clear();
        return head;
    }

    @Test
    void saysNothingOfItselfWhereItIsNotTo() throws UnknownHostException {
        HttpSettings settings = settings(ForwardedFields.NONE, false);
        RequestHead request = request();
        ForwardedLines.add(request, 1, of("192.0.2.1"), settings);
        assertTrue(lines(request.fields).endsWith("Via: 1.0 other|"), lines(request.fields));
        ResponseHead response = response();
        ForwardedLines.add(response, settings);
        assertEquals("", lines(response.fields));
    }

    /** Two proxies, with HTTP/2 between them. */
    @Test
    void eachOfTwoSaysWhatItHasHeard() throws Exception {
        try (HookedProxy proxy = new HookedProxy(Protocol.HTTP2);
                Script client = proxy.connect()) {
            client.send("GET /a HTTP/1.0\r\nHost: a\r\n\r\n");
            try (Script origin = proxy.accept()) {
                assertEquals(
                        "GET /a HTTP/1.1\r\nHost: a\r\nvia: 1.0 culvert\r\nvia: 2 culvert\r\n\r\n",
                        origin.head());
                origin.send("HTTP/1.0 204 No Content\r\n\r\n");
                assertEquals(
                        "HTTP/1.1 204 \r\nvia: 1.0 culvert\r\nvia: 2 culvert\r\n"
                                + "Connection: close\r\n\r\n",
                        client.head());
            }
        }
    }
}
