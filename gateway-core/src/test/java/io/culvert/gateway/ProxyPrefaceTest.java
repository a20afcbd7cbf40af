package io.culvert.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.nat.Endpoints;
import io.culvert.wire.IpAddress;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Random;

/** HAProxy's {@code doc/proxy-protocol.txt}, sections 2.1 and 2.2. */
class ProxyPrefaceTest {
    private static final String SIGNATURE = "0d0a0d0a000d0a515549540a";
    private static final String IPV4 = SIGNATURE + "2111000c" + "c0000207c63364091f9001bb";
    private static final Endpoints OWN = ends("10.0.0.1", 1, "10.0.0.2", 2);

    private static Endpoints ends(String source, int port, String destination, int to) {
        IpAddress from = IpAddress.parse(source);
        IpAddress at = IpAddress.parse(destination);
        return new Endpoints(from.high(), from.low(), port, at.high(), at.low(), to);
    }

    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static byte[] hex(String text) {
        return HexFormat.of().parseHex(text);
    }

    private static int length(byte[] bytes) {
        return ProxyPreface.length(ByteBuffer.wrap(bytes));
    }

    /** What the header says that is all of the bytes. */
    private static Endpoints read(byte[] bytes) {
        assertEquals(bytes.length, length(bytes));
        return ProxyPreface.read(bytes, OWN);
    }

    /** Nothing is known before the last byte, and nothing that follows changes it. */
    private static void endsWhereItEnds(byte[] header) {
        for (int i = 0; i < header.length; i++) {
            assertEquals(ProxyPreface.MORE, length(Arrays.copyOf(header, i)), "at " + i);
        }
        byte[] more = Arrays.copyOf(header, header.length + 20);
        Arrays.fill(more, header.length, more.length, (byte) '\n');
        assertEquals(header.length, length(more));
    }

    @Test
    void aLineNamesBothEnds() {
        byte[] header = ascii("PROXY TCP4 192.0.2.7 198.51.100.9 8080 443\r\n");
        endsWhereItEnds(header);
        assertEquals(ends("192.0.2.7", 8080, "198.51.100.9", 443), read(header));
        assertEquals(
                ends("2001:db8::7", 1, "2001:db8::9", 65_535),
                read(ascii("PROXY TCP6 2001:db8::7 2001:db8::9 1 65535\r\n")));
    }

    @Test
    void aBinaryHeaderNamesBothEndsAndWhatElseItSaysIsPassedOver() {
        byte[] header = hex(IPV4);
        endsWhereItEnds(header);
        assertEquals(ends("192.0.2.7", 8080, "198.51.100.9", 443), read(header));
        // A type of an application's, and one of TLS with others inside.
        String more = "e00003616263" + "200008" + "0100000000210000";
        byte[] long4 = hex(SIGNATURE + "2111001d" + IPV4.substring(32) + more);
        endsWhereItEnds(long4);
        assertEquals(ends("192.0.2.7", 8080, "198.51.100.9", 443), read(long4));
        assertEquals(
                ends("2001:db8::7", 8080, "2001:db8::9", 443),
                read(
                        hex(
                                SIGNATURE
                                        + "21210024"
                                        + "20010db8000000000000000000000007"
                                        + "20010db8000000000000000000000009"
                                        + "1f9001bb")));
    }

    /** As the gateway's own sender has it, where client and target are of two families. */
    @Test
    void anIpv4AddressInMappedFormIsOneOfIpv4() {
        assertEquals(
                ends("192.0.2.7", 1, "2001:db8::9", 2),
                read(ascii("PROXY TCP6 ::ffff:192.0.2.7 2001:db8::9 1 2\r\n")));
    }

    @ParameterizedTest
    @CsvSource({
        // LOCAL, with and without something behind it.
        "20000000, ''",
        "20000003, 040000",
        "2011000c, c0000207c63364091f9001bb",
        // No family, UDP, and Unix.
        "21000000, ''",
        "2112000c, c0000207c63364091f9001bb"
    })
    void whatNamesNobodyMeansWhoIsThere(String fixed, String rest) {
        byte[] header = hex(SIGNATURE + fixed + rest);
        endsWhereItEnds(header);
        assertEquals(OWN, read(header));
    }

    @Test
    void anUnknownLineMeansWhoIsThere() {
        assertEquals(OWN, read(ascii("PROXY UNKNOWN\r\n")));
        assertEquals(OWN, read(ascii("PROXY UNKNOWN ffff::1 whatever 65535 65535\r\n")));
        assertEquals(OWN, read(hex(SIGNATURE + "213100d8" + "61".repeat(216))));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "PROXY TCP4 192.0.2.7 198.51.100.9 8080\r\n",
                "PROXY TCP4 192.0.2.7 198.51.100.9 8080 65536\r\n",
                "PROXY TCP4 192.0.2.7 198.51.100.9 -1 443\r\n",
                "PROXY TCP4 2001:db8::7 198.51.100.9 8080 443\r\n",
                "PROXY TCP4 192.0.2.256 198.51.100.9 8080 443\r\n",
                "PROXY TCP6 192.0.2.7 198.51.100.9 8080 443\r\n",
                "PROXY TCP5 192.0.2.7 198.51.100.9 8080 443\r\n",
                "PROXY \r\n"
            })
    void aLineThatIsNotAsItHasToBeIsNone(String line) {
        assertNull(read(ascii(line)));
    }

    @ParameterizedTest
    @CsvSource({
        // Another command, family and protocol; an address that is cut; a TLV that is.
        "2211000c, c0000207c63364091f9001bb",
        "2141000c, c0000207c63364091f9001bb",
        "2113000c, c0000207c63364091f9001bb",
        "21110008, c0000207c6336409",
        "21110011, c0000207c63364091f9001bbe000ff6161"
    })
    void aBinaryHeaderThatIsNotAsItHasToBeIsNone(String fixed, String rest) {
        assertNull(read(hex(SIGNATURE + fixed + rest)));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "GET / HTTP/1.1",
                "PROXX",
                "proxy tcp4",
                "PROXY TCP4 192.0.2.7\n",
                "\r\n\r\n\0\r\nQUIX",
                // Version 3, and version 1 in binary.
                "\r\n\r\n\0\r\nQUIT\n1\u0011\0\0",
                "\r\n\r\n\0\r\nQUIT\n\u0011\u0011\0\0",
                // Longer than any that is read.
                "\r\n\r\n\0\r\nQUIT\n!\u0011\u00ff\u00ff"
            })
    void whatBeginsOtherwiseIsNone(String text) {
        assertEquals(ProxyPreface.NONE, length(ascii(text)));
    }

    @Test
    void aLineWithoutAnEndIsNone() {
        byte[] most = ascii("PROXY UNKNOWN " + "x".repeat(92));
        assertEquals(ProxyPreface.MORE, length(most));
        assertEquals(ProxyPreface.NONE, length(ascii("PROXY UNKNOWN " + "x".repeat(93))));
    }

    @Test
    void anyBytesWhateverHaveAnAnswer() {
        Random random = new Random(4_711);
        int read = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] bytes =
                    random.nextBoolean()
                            ? hex(IPV4 + "040001ff")
                            : ascii("PROXY TCP4 192.0.2.7 198.51.100.9 8080 443\r\n1234");
            for (int j = random.nextInt(3); j > 0; j--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            int length = length(bytes);
            assertTrue(length >= ProxyPreface.NONE && length <= bytes.length);
            if (length > 0 && ProxyPreface.read(Arrays.copyOf(bytes, length), OWN) != null) {
                read++;
            }
        }
        assertTrue(read > 5_000, "" + read);
    }
}
