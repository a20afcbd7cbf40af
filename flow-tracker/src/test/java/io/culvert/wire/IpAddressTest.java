package io.culvert.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.Inet4Address;
import java.net.Inet6Address;

class IpAddressTest {
    @Test
    void holdsAnIpv4AddressInMappedForm() {
        assertEquals(new IpAddress(0, 0x0000_ffff_c0a8_0001L), IpAddress.parse("192.168.0.1"));
        assertEquals(IpAddress.ofIpv4(0xc0a80001), IpAddress.parse("192.168.0.1"));
        assertEquals(IpAddress.ofIpv4(0xc0a80001), IpAddress.parse("::ffff:192.168.0.1"));
        assertTrue(IpAddress.parse("192.168.0.1").isIpv4());
        assertEquals(0xc0a80001, IpAddress.parse("192.168.0.1").toIpv4());
    }

    @Test
    void holdsAnIpv6AddressInTwoLongs() {
        assertEquals(
                new IpAddress(0x2001_0db8_0000_0001L, 0x0002_0003_0004_0005L),
                IpAddress.parse("2001:db8:0:1:2:3:4:5"));
        assertFalse(IpAddress.parse("2001:db8::").isIpv4());
        assertFalse(IpAddress.parse("::c0a8:1").isIpv4());
    }

    /** RFC 5952 sections 4 and 5. */
    @ParameterizedTest
    @CsvSource({
        "0.0.0.0, 0.0.0.0",
        "255.255.255.255, 255.255.255.255",
        "::, ::",
        "0:0:0:0:0:0:0:1, ::1",
        "1:0:0:0:0:0:0:0, 1::",
        "2001:0DB8::0001, 2001:db8::1",
        "2001:db8:0:0:0:0:2:1, 2001:db8::2:1",
        "2001:db8:0:1:1:1:1:1, 2001:db8:0:1:1:1:1:1",
        "2001:0:0:1:0:0:0:1, 2001:0:0:1::1",
        "2001:db8:0:0:1:0:0:1, 2001:db8::1:0:0:1",
        "0:0:1:0:0:0:0:0, 0:0:1::",
        "64:ff9b::192.0.2.1, 64:ff9b::c000:201",
    })
    void writesTheCanonicalForm(String text, String canonical) {
        assertEquals(canonical, IpAddress.parse(text).toString());
        assertEquals(IpAddress.parse(text), IpAddress.parse(canonical));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "localhost", "a.b", "10.1", "167772161", "010.0.0.1", "1.2.3.256", "1.2.3.4.5",
                "1.2.3.4 ", "[::1]", "fe80::1%eth0", "1::2::3", "1:2:3:4:5:6:7", "12345::", ":",
                        "::1.2.3"
            })
    void refusesWhatIsNoAddressWithoutAskingAnybody(String text) {
        assertThrows(IllegalArgumentException.class, () -> IpAddress.parse(text));
    }

    @Test
    void convertsToTheJdkAndBack() {
        for (String text : new String[] {"192.0.2.1", "2001:db8::1", "::1", "fe80::1"}) {
            IpAddress address = IpAddress.parse(text);
            assertEquals(address, IpAddress.of(address.toInetAddress()));
        }
        assertInstanceOf(Inet4Address.class, IpAddress.parse("192.0.2.1").toInetAddress());
        assertInstanceOf(Inet6Address.class, IpAddress.parse("::").toInetAddress());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "1.0.0.1",
                "10.0.0.1",
                "127.0.0.1",
                "223.255.255.255",
                "::1",
                "fe80::1",
                "2001:db8::",
                "::2"
            })
    void countsTheAddressOfOneHost(String text) {
        assertTrue(IpAddress.parse(text).isOneHost());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "0.0.0.0",
                "0.1.2.3",
                "224.0.0.1",
                "239.255.255.255",
                "240.0.0.1",
                "255.255.255.255",
                "::",
                "ff02::1",
                "ff00::"
            })
    void doesNotCountTheAddressOfManyHostsOrNone(String text) {
        assertFalse(IpAddress.parse(text).isOneHost());
    }

    @Test
    void tellsLoopbackAndMulticast() {
        assertTrue(IpAddress.parse("127.255.0.1").isLoopback());
        assertTrue(IpAddress.parse("::1").isLoopback());
        assertFalse(IpAddress.parse("128.0.0.1").isLoopback());
        assertFalse(IpAddress.parse("::2").isLoopback());
        assertFalse(IpAddress.parse("1::1").isLoopback());
        assertTrue(IpAddress.parse("224.0.0.1").isMulticast());
        assertTrue(IpAddress.parse("ff02::1").isMulticast());
        assertFalse(IpAddress.parse("240.0.0.1").isMulticast());
        assertFalse(IpAddress.parse("fe80::1").isMulticast());
    }
}
