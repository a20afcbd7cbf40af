package io.culvert.gateway.detect;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/** What streams begin with in plain text. */
class FirstBytesTest {
    private final FirstBytes first = new FirstBytes();

    private Progress read(String text) {
        return first.read(ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1)));
    }

    private void isRequest(String host, String path, String text) {
        assertEquals(Progress.KNOWN, read(text));
        assertEquals(Application.HTTP1, first.facts().application());
        assertEquals(host, first.facts().host());
        assertEquals(path, first.facts().path());
    }

    @Test
    void nothingIsNothingYet() {
        assertEquals(Progress.MORE, read(""));
        assertEquals(Facts.NONE, first.facts());
    }

    @Test
    void aRequestIsKnownByItsHostAndPath() {
        isRequest(
                "www.example.org",
                "/a/b",
                "GET /a/b?c=d HTTP/1.1\r\nUser-Agent: x\r\nhOST: WWW.Example.org:8080\r\n\r\n");
        assertEquals("GET", first.facts().method());
        assertEquals(0x0101, first.facts().version());
        assertEquals("http1 method=GET host=www.example.org path=/a/b", first.facts().text());
    }

    @Test
    void everyBeginningOfARequestAsksForMore() {
        String whole = "OPTIONS http://a.example/ HTTP/1.0\r\nHost: b.example\r\n\r\n";
        for (int i = 0; i < whole.length(); i++) {
            assertEquals(Progress.MORE, read(whole.substring(0, i)), "after " + i);
        }
        isRequest("a.example", "/", whole);
    }

    @Test
    void aRequestThatEndsEarlyIsOneAllTheSame() {
        assertEquals(Progress.MORE, read("GET /x HTTP/1.1\r\nHost: a.example\r\n"));
        assertEquals(Application.HTTP1, first.facts().application());
        // Another Host might follow.
        assertEquals("", first.facts().host());
        assertEquals("/x", first.facts().path());
    }

    @Test
    void aHeadThatIsTooLongNamesNoHost() {
        String long16 = "GET /x HTTP/1.1\r\nHost: a.example\r\nA: " + "a".repeat(FirstBytes.MOST);
        isRequest("", "/x", long16);
        assertEquals(Progress.OTHER, read("GET /" + "x".repeat(FirstBytes.MOST)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "Host: a.example\r\nHost: b.example\r\n",
                "Host: a.example\r\nhost: a.example\r\n",
                "Host : a.example\r\n",
                "Host: a.example\r\n b.example\r\n",
                " Host: a.example\r\n",
                "Host: a.example\r\nno field\r\n",
                "Host: a.example/b\r\n",
                "Host: a..example\r\n",
                "Host: a.example:80:80\r\n",
                "Host: [::1\r\n",
                "Host:\r\n",
                ""
            })
    void whatDoesNotNameOneHostNamesNone(String fields) {
        isRequest("", "/", "GET / HTTP/1.1\r\n" + fields + "\r\n");
    }

    @ParameterizedTest
    @CsvSource({
        "a.example,a.example",
        "A.EXAMPLE.,a.example",
        "a_b.example:,a_b.example",
        "192.0.2.1:80,192.0.2.1",
        "[2001:DB8::1]:443,2001:db8::1",
        "[::ffff:192.0.2.1],::ffff:192.0.2.1"
    })
    void aHostIsANameOrAnAddress(String value, String host) {
        isRequest(host, "/", "GET / HTTP/1.1\r\nHost: \t" + value + " \r\n\r\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "\r\n\r\nGET / HTTP/1.1\r\nHost: a.example\r\n\r\n",
                "GET / HTTP/1.1\nHost: a.example\n\n",
                "GET   /   HTTP/1.1\r\nHost:a.example\r\n\r\n",
                "GET / HTTP/1.1 \r\nHost: a.example\r\n\r\n",
                "GET http://a.example HTTP/1.1\r\nHost: b.example\r\n\r\n",
                "GET http://user@a.example/?q HTTP/1.1\r\nHost: b.example\r\n\r\n",
                "get / HTTP/1.9\r\nHost: a.example\r\n\r\n"
            })
    void whatLenientServersTakeIsKnown(String request) {
        isRequest("a.example", "/", request);
    }

    @Test
    void aTunnelIsAskedForByAuthority() {
        isRequest("a.example", "", "CONNECT a.example:443 HTTP/1.1\r\nHost: b.example\r\n\r\n");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "EHLO mail.example.org\r\n",
                "USER anonymous\r\n",
                "GET key\r\n",
                "*1\r\n$4\r\nPING\r\n",
                "a1 LOGIN user password\r\n",
                "GET / HTTP/2.0\r\n",
                "GET / HTTPS/1.1\r\n",
                "GET / HTTP/1.x\r\n",
                "GET / HTTP/1.1x\r\n",
                "GET\t/ HTTP/1.1\r\n",
                "GET / HTTP/1.1\rX",
                "\rGET / HTTP/1.1\r\n",
                "GET /\u0001 HTTP/1.1\r\n",
                "METHODOFMORETHANTHIRTYTWOCHARACTERS / HTTP/1.1\r\n",
                "SSH-\r\n",
                "SSH--",
                "SSH-2.0",
                "\u0000",
                "\u0016\u0004",
                "\u0014\u0003\u0001"
            })
    void otherTextIsNothingKnown(String text) {
        Progress progress = read(text + "\u0000");
        assertEquals(Progress.OTHER, progress);
        assertEquals(Facts.NONE, first.facts());
    }

    @Test
    void aPrefaceIsHttp2AndNothingLess() {
        String preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        for (int i = 1; i < preface.length(); i++) {
            assertEquals(Progress.MORE, read(preface.substring(0, i)));
        }
        assertEquals(Progress.KNOWN, read(preface + "\u0000\u0000"));
        assertEquals(Application.HTTP2, first.facts().application());
        assertEquals(Progress.OTHER, read("PRI * HTTP/2.0\r\n\r\nSN"));
        isRequest("", "/", "PRI / HTTP/1.1\r\n\r\n");
    }

    @Test
    void anIdentificationIsSsh() {
        assertEquals(Progress.MORE, read("SSH-2.0"));
        assertEquals(Progress.KNOWN, read("SSH-2.0-"));
        assertEquals(Application.SSH, first.facts().application());
        assertEquals(Progress.KNOWN, read("SSH-1.99-OpenSSH_3\r\n"));
        assertEquals(Progress.OTHER, read("SSH-" + "1".repeat(300)));
    }

    @Test
    void theViewsBoundsAndOrderCount() {
        byte[] bytes = "xxxGET / HTTP/1.1\r\n\r\nyyy".getBytes(StandardCharsets.ISO_8859_1);
        ByteBuffer view = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        view.position(3).limit(bytes.length - 3);
        assertEquals(Progress.KNOWN, first.read(view));
        assertEquals(3, view.position());
        assertEquals(bytes.length - 3, view.limit());
        view.limit(bytes.length - 4);
        assertEquals(Progress.MORE, first.read(view));
    }
}
