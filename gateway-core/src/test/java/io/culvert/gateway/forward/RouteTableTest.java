package io.culvert.gateway.forward;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import io.culvert.wire.IpAddress;
import io.culvert.wire.Prefix;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;

final class RouteTableTest {
    private static RouteTable<String> table(String... prefixes) {
        Map<Prefix, String> routes = new HashMap<>();
        for (String prefix : prefixes) {
            routes.put(Prefix.parse(prefix), prefix);
        }
        return new RouteTable<>(routes);
    }

    private static String find(RouteTable<String> table, String address) {
        IpAddress parsed = IpAddress.parse(address);
        return table.find(parsed.high(), parsed.low());
    }

    @Test
    @Tag("rfc1812-5.2.4.3")
    void theLongestPrefixThatHoldsTheAddressDecides() {
        RouteTable<String> table =
                table("10.0.0.0/8", "10.1.0.0/16", "10.1.2.0/24", "10.1.2.3", "0.0.0.0/0");
        assertEquals("10.1.2.3", find(table, "10.1.2.3"));
        assertEquals("10.1.2.0/24", find(table, "10.1.2.4"));
        assertEquals("10.1.0.0/16", find(table, "10.1.3.4"));
        assertEquals("10.0.0.0/8", find(table, "10.2.3.4"));
        assertEquals("0.0.0.0/0", find(table, "192.0.2.1"));
    }

    @Test
    void theSameHoldsForIpv6() {
        RouteTable<String> table = table("2001:db8::/32", "2001:db8:1::/48", "2001:db8:1::1");
        assertEquals("2001:db8:1::1", find(table, "2001:db8:1::1"));
        assertEquals("2001:db8:1::/48", find(table, "2001:db8:1::2"));
        assertEquals("2001:db8::/32", find(table, "2001:db8:2::2"));
        assertNull(find(table, "2001:db9::1"));
    }

    @Test
    void theFamiliesDoNotMeet() {
        assertNull(find(table("::/0"), "10.0.0.1"));
        assertNull(find(table("0.0.0.0/0"), "2001:db8::1"));
    }

    @Test
    void anEmptyTableLeadsNowhere() {
        assertNull(find(table(), "10.0.0.1"));
    }

    @Test
    @Tag("rfc1812-5.2.4.3")
    void agreesWithLookingAtEveryPrefix() {
        SplittableRandom random = new SplittableRandom(7);
        Map<Prefix, Integer> routes = new HashMap<>();
        for (int i = 0; i < 500; i++) {
            int length = random.nextInt(33);
            int mask = length == 0 ? 0 : -1 << (32 - length);
            int network = ((random.nextInt() & 0x0303_0303) | 0x0a00_0000) & mask;
            routes.put(new Prefix(IpAddress.ofIpv4(network), length), i);
        }
        RouteTable<Integer> table = new RouteTable<>(routes);
        for (int i = 0; i < 20_000; i++) {
            IpAddress address = IpAddress.ofIpv4((random.nextInt() & 0x0303_0303) | 0x0a00_0000);
            Integer expected =
                    routes.entrySet().stream()
                            .filter(route -> route.getKey().contains(address))
                            .max((a, b) -> a.getKey().length() - b.getKey().length())
                            .map(Map.Entry::getValue)
                            .orElse(null);
            assertEquals(expected, table.find(address.high(), address.low()), address::toString);
        }
    }
}
