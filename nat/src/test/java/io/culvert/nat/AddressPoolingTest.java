package io.culvert.nat;

import static io.culvert.nat.TestMappings.HOLD_DOWN;
import static io.culvert.nat.TestMappings.outside;
import static io.culvert.nat.TestMappings.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.culvert.hook.Reason;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.util.HashSet;
import java.util.Set;

/** Of several outside addresses, which one a host appears from. */
class AddressPoolingTest {
    private static final int TCP = IpProtocol.TCP;
    private static final int UDP = IpProtocol.UDP;
    private static final int ICMP = IpProtocol.ICMP;
    private static final String CLIENT = "10.50.0.2";
    private static final String SERVER = "203.0.113.7";

    private final TestMappings mappings =
            new TestMappings(
                    settings(
                            new PortRange(20_000, 20_009),
                            "198.51.100.7",
                            "198.51.100.8",
                            "198.51.100.9",
                            "2001:db8::7"));

    /** RFC 4787 REQ-2, RFC 6888 REQ-2. */
    @Test
    @Tag("rfc4787-req-2")
    @Tag("rfc6888-req-2")
    @Tag("rfc6888-req-3")
    void aHostHasOneForAllItsMappings() {
        for (int host = 1; host <= 6; host++) {
            String inside = "10.0.0." + host;
            Set<String> outsides = new HashSet<>();
            for (int i = 0; i < 4; i++) {
                outsides.add(outside(mappings.claim(1, TCP, inside, i, SERVER)));
                outsides.add(outside(mappings.claim(1, UDP, inside, i, SERVER)));
                outsides.add(outside(mappings.claim(1, ICMP, inside, i, SERVER)));
                outsides.add(
                        outside(mappings.claim(1, IpProtocol.GRE, inside, 0, "192.0.2." + host)));
            }
            assertEquals(1, outsides.size(), outsides::toString);
        }
    }

    @Test
    void anotherHostGetsTheLeastUsedOne() {
        Set<String> outsides = new HashSet<>();
        for (int host = 1; host <= 3; host++) {
            outsides.add(outside(mappings.claim(1, TCP, "10.0.0." + host, 1, SERVER)));
        }

        assertEquals(3, outsides.size());
    }

    /** RFC 7857 section 4. */
    @Test
    @Tag("rfc7857-4")
    void aHostThatHasUsedItsOneUpIsRefused() {
        for (int i = 0; i < 10; i++) {
            mappings.claim(1, TCP, CLIENT, i, SERVER);
        }

        assertEquals(Reason.OUTSIDE_PORTS_EXHAUSTED, mappings.refusal(1, TCP, CLIENT, 10, SERVER));
        mappings.claim(1, TCP, "10.50.0.3", 10, SERVER);
    }

    @Test
    void theOneThatAHostHadIsItsOwnUntilTheLastMappingHasRested() {
        Mapping mapping = mappings.claim(1, TCP, CLIENT, 1, SERVER);
        mappings.release(mapping, SERVER);
        mappings.advance(HOLD_DOWN - 1);
        for (int i = 0; i < 9; i++) {
            mappings.claim(1, UDP, "10.50.0.3", 2 * (i % 5) + i / 5, SERVER);
        }

        Mapping other = mappings.claim(1, UDP, CLIENT, 7, SERVER);
        assertEquals(outside(mapping), outside(other));

        mappings.release(other, SERVER);
        mappings.advance(HOLD_DOWN);
        Mapping next = mappings.claim(1, UDP, CLIENT, 7, SERVER);
        assertNotEquals(outside(mapping), outside(next), "another one is less used");
    }

    @Test
    void aSecondTenantsHostOfTheSameAddressIsAnotherHost() {
        String one = outside(mappings.claim(1, TCP, CLIENT, 1, SERVER));

        assertNotEquals(one, outside(mappings.claim(2, TCP, CLIENT, 1, SERVER)));
    }
}
