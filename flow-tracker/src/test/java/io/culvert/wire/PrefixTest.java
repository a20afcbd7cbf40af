package io.culvert.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class PrefixTest {
    @ParameterizedTest
    @CsvSource({
        "10.0.0.0/8, 10.0.0.0, 10.255.255.255, 9.255.255.255, 11.0.0.0",
        "192.0.2.128/25, 192.0.2.128, 192.0.2.255, 192.0.2.127, 192.0.3.128",
        "192.0.2.1/32, 192.0.2.1, 192.0.2.1, 192.0.2.0, 192.0.2.2",
        "128.0.0.0/1, 128.0.0.0, 255.255.255.255, 127.255.255.255, 8000::",
        "2001:db8::/32, 2001:db8::, 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff, 2001:db7::, 2001:db9::",
        "2001:db8::/64, 2001:db8::1, 2001:db8::ffff:ffff:ffff:ffff, 2001:db8:0:1::, 2001:db8:1::",
        "2001:db8::/65, 2001:db8::1, 2001:db8::7fff:ffff:ffff:ffff, 2001:db8::8000:0:0:0, ::",
        "2001:db8::1/128, 2001:db8::1, 2001:db8::1, 2001:db8::, 2001:db8::2",
    })
    void containsFromItsFirstToItsLastAddress(
            String text, String first, String last, String below, String above) {
        Prefix prefix = Prefix.parse(text);

        assertTrue(prefix.contains(IpAddress.parse(first)));
        assertTrue(prefix.contains(IpAddress.parse(last)));
        assertFalse(prefix.contains(IpAddress.parse(below)));
        assertFalse(prefix.contains(IpAddress.parse(above)));
        assertEquals(text, prefix.toString());
    }

    @Test
    void keepsTheFamiliesApart() {
        assertTrue(Prefix.parse("0.0.0.0/0").contains(IpAddress.parse("192.0.2.1")));
        assertFalse(Prefix.parse("0.0.0.0/0").contains(IpAddress.parse("::1")));
        assertTrue(Prefix.parse("::/0").contains(IpAddress.parse("2001:db8::1")));
        assertFalse(Prefix.parse("::/0").contains(IpAddress.parse("192.0.2.1")));
    }

    @Test
    void takesABareAddressForOneHost() {
        assertEquals(Prefix.parse("192.0.2.1/32"), Prefix.parse("192.0.2.1"));
        assertEquals(Prefix.parse("2001:db8::1/128"), Prefix.parse("2001:db8::1"));
    }

    @ParameterizedTest
    @CsvSource({
        "10.1.2.3/8, 10.0.0.0/8",
        "192.0.2.129/25, 192.0.2.128/25",
        "1.2.3.4/0, 0.0.0.0/0",
        "2001:db8::1/64, 2001:db8::/64",
        "2001:db8::3/127, 2001:db8::2/127",
    })
    void namesThePrefixThatMayHaveBeenMeantWhereHostBitsAreSet(String text, String meant) {
        Exception e = assertThrows(IllegalArgumentException.class, () -> Prefix.parse(text));

        assertEquals(text + " has host bits set; write " + meant, e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "/",
                "10.0.0.0/",
                "10.0.0.0/33",
                "10.0.0.0/-1",
                "10.0.0.0/08",
                "::/129",
                "::/x",
                "10.0.0.0/8/8",
                "name/8",
                "/8"
            })
    void refusesWhatIsNoPrefix(String text) {
        assertThrows(IllegalArgumentException.class, () -> Prefix.parse(text));
    }
}
