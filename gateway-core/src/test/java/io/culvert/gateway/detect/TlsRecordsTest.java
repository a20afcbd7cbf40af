package io.culvert.gateway.detect;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.List;

class TlsRecordsTest {
    private final FirstBytes first = new FirstBytes();

    private Progress read(byte[] bytes) {
        return first.read(ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN));
    }

    private static Hello usual() {
        return new Hello()
                // RFC 8701: reserved values everywhere.
                .extension(0x2a2a, new byte[0])
                .serverName("WWW.Example.org")
                .alpn("\u008a\u008a", "h2", "http/1.1")
                .versions(0x7a7a, 0x0303, 0x0304);
    }

    private void isUsual() {
        assertEquals(
                Facts.hello(Application.TLS, "www.example.org", List.of("h2", "http/1.1"), 0x0304),
                first.facts());
    }

    @Test
    void aHelloIsKnownByWhatItAsksFor() {
        assertEquals(Progress.KNOWN, read(usual().record()));
        isUsual();
        assertEquals("tls sni=www.example.org alpn=h2,http/1.1", first.facts().text());
    }

    @Test
    void everyBeginningOfAHelloAsksForMore() {
        byte[] whole = usual().record();
        for (int i = 0; i < whole.length; i++) {
            assertEquals(Progress.MORE, read(Arrays.copyOf(whole, i)), "after " + i);
            assertEquals(
                    i > 5 ? Application.TLS : Application.UNKNOWN, first.facts().application());
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 40, 100})
    void aHelloMayComeInManyRecords(int fragment) {
        byte[] message = usual().message();
        ByteArrayOutputStream records = new ByteArrayOutputStream();
        for (int at = 0; at < message.length; at += fragment) {
            int end = Math.min(message.length, at + fragment);
            assertEquals(Progress.MORE, read(records.toByteArray()));
            records.writeBytes(Hello.record(Arrays.copyOfRange(message, at, end)));
        }
        // What follows, such as early data, does not matter.
        records.writeBytes(Hello.bytes(20, 3, 3, 0, 1, 1));
        assertEquals(Progress.KNOWN, read(records.toByteArray()));
        isUsual();
    }

    @Test
    void recordsOfAnotherKindDoNotComeBetween() {
        byte[] message = usual().message();
        byte[] half = Hello.record(Arrays.copyOf(message, 60));
        assertEquals(Progress.OTHER, read(Hello.bytes(half, 23, 3, 3, 0, 1, 1)));
        assertEquals(Progress.OTHER, read(Hello.bytes(half, 22, 3, 3, 0, 0)));
        assertEquals(Progress.OTHER, read(Hello.bytes(22, 3, 1, 0x40, 1)));
        assertEquals(Progress.OTHER, read(Hello.record(Hello.bytes(2, 0, 0, 4))));
    }

    @Test
    void aHelloLongerThanIsLookedAtIsTlsOfUnknownName() {
        Hello longest = usual().extension(21, new byte[FirstBytes.MOST]);
        byte[] message = longest.message();
        byte[] records =
                Hello.bytes(
                        Hello.record(Arrays.copyOf(message, 1 << 14)),
                        Hello.record(Arrays.copyOfRange(message, 1 << 14, message.length)));
        assertEquals(Progress.KNOWN, read(records));
        assertEquals(Facts.of(Application.TLS, 0), first.facts());
    }

    @Test
    void withoutExtensionsNothingIsAskedFor() {
        byte[] body =
                Hello.bytes(3, 1, new byte[32], 0, Hello.sized(2, new byte[2]), 1, new byte[1]);
        assertEquals(Progress.KNOWN, read(Hello.record(Hello.bytes(1, Hello.sized(3, body)))));
        assertEquals(Facts.of(Application.TLS, 0x0301), first.facts());
    }

    @ParameterizedTest
    @CsvSource({
        "example.org., example.org",
        "xn--bcher-kva.example, xn--bcher-kva.example",
        "192.0.2.1, ''",
        "2001:db8::1, ''",
        "a b.example, ''",
        "a..example, ''",
        ".example, ''",
        "a\0.example, ''"
    })
    void aServerNameIsAName(String sent, String name) {
        assertEquals(Progress.KNOWN, read(new Hello().serverName(sent).record()));
        assertEquals(name, first.facts().serverName());
    }

    @Test
    void namesHaveLimits() {
        String label = "a".repeat(63);
        String longest = String.join(".", label, label, label, "a".repeat(61));
        assertEquals(Progress.KNOWN, read(new Hello().serverName(longest).record()));
        assertEquals(longest, first.facts().serverName());
        for (String tooLong : List.of(longest + "a", label + "a.example")) {
            assertEquals(Progress.KNOWN, read(new Hello().serverName(tooLong).record()));
            assertEquals("", first.facts().serverName());
        }
    }

    @Test
    void whatDoesNotAddUpIsNoHello() {
        byte[] name = Hello.bytes(0, Hello.sized(2, Hello.bytes("a.example")));
        List<Hello> wrong =
                List.of(
                        new Hello().serverName("a.example").serverName("b.example"),
                        new Hello().alpn("h2").alpn("h2"),
                        new Hello().versions(0x0304).versions(0x0304),
                        new Hello().extension(0, Hello.sized(2, Hello.bytes(name, name))),
                        new Hello().extension(0, new byte[0]),
                        new Hello().extension(0, Hello.bytes(0, 9, 0, 0, 20, "a.example")),
                        new Hello().extension(0, Hello.sized(2, Hello.bytes(0, 0, 0))),
                        new Hello().extension(16, Hello.sized(2, Hello.bytes(0))),
                        new Hello().extension(16, Hello.sized(2, Hello.bytes(3, "h2"))),
                        new Hello().extension(16, Hello.bytes(0, 4, 2, "h2")),
                        new Hello().extension(43, Hello.bytes(3, 3, 4, 3)),
                        new Hello().extension(43, Hello.bytes(0)),
                        new Hello().extension(13, Hello.bytes(0, 1, 4)),
                        new Hello().sessionId(33));
        for (Hello hello : wrong) {
            assertEquals(Progress.OTHER, read(hello.record()), "no " + wrong.indexOf(hello));
            assertEquals(Facts.NONE, first.facts());
        }
        byte[] longer = Hello.bytes(1, Hello.sized(3, new byte[60]));
        assertEquals(Progress.OTHER, read(Hello.record(longer)));
        byte[] message = new Hello().serverName("a.example").message();
        // The message's length one too long for its extensions, then one too short.
        message[3]++;
        assertEquals(Progress.OTHER, read(Hello.record(Hello.bytes(message, 0))));
        message[3] = (byte) (message[3] - 2);
        assertEquals(Progress.OTHER, read(Hello.record(message)));
    }

    @Test
    void suitesAndSignaturesAreThereForWhoEndsTls() {
        ClientHello hello = new ClientHello();
        Hello offering = new Hello().extension(13, Hello.sized(2, Hello.bytes(4, 3, 8, 4)));
        assertEquals(Progress.KNOWN, hello.read(ByteBuffer.wrap(offering.message())));
        assertArrayEquals(new int[] {0x1301, 0x1302}, hello.cipherSuites());
        assertArrayEquals(new int[] {0x0403, 0x0804}, hello.signatureSchemes());
    }
}
