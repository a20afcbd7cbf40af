package io.culvert.nat;

import static io.culvert.nat.TestMappings.HOLD_DOWN;
import static io.culvert.nat.TestMappings.outside;
import static io.culvert.nat.TestMappings.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.Map;

/** Protocols without ports are mapped by address, towards one remote address at a time. */
class PortlessMappingTest {
    private static final int GRE = IpProtocol.GRE;
    private static final String CLIENT = "10.50.0.2";
    private static final String OTHER_CLIENT = "10.50.0.3";
    private static final String SERVER = "203.0.113.7";
    private static final String OUTSIDE = "198.51.100.7";

    private final TestMappings mappings = new TestMappings(settings());

    private TestMappings ofTwoAddresses() {
        return new TestMappings(settings(new PortRange(20_000, 29_999), OUTSIDE, "198.51.100.8"));
    }

    @ParameterizedTest
    @CsvSource({
        "47, 10.50.0.2, 203.0.113.7, 198.51.100.7",
        "50, 10.50.0.2, 203.0.113.7, 198.51.100.7",
        "132, 10.50.0.2, 203.0.113.7, 198.51.100.7",
        "253, 10.50.0.2, 203.0.113.7, 198.51.100.7",
        "58, 10.50.0.2, 203.0.113.7, 198.51.100.7",
        "47, fd00::2, 2001:db8:1::7, 2001:db8::7",
        "1, fd00::2, 2001:db8:1::7, 2001:db8::7",
    })
    void leadBackByTheRemoteAddress(int protocol, String inside, String external, String outside) {
        Mapping mapping = mappings.claim(1, protocol, inside, 0, external);

        assertEquals(outside, outside(mapping));
        assertEquals(0, mapping.outsidePort());
        assertSame(mapping, mappings.findPortless(protocol, outside, external));
        assertNull(mappings.findPortless(protocol + 1, outside, external));
        assertNull(mappings.findPortless(protocol, outside, outside));
        assertNull(mappings.findPortless(protocol, external, outside));
        assertNull(mappings.atOutsideOf(mapping));
    }

    @Test
    void portsInsideMakeNoDifference() {
        assertSame(
                mappings.claim(1, IpProtocol.SCTP, CLIENT, 1, SERVER),
                mappings.claim(1, IpProtocol.SCTP, CLIENT, 2, SERVER));
    }

    @Test
    void twoHostsMayTalkToTwoRemoteAddresses() {
        Mapping one = mappings.claim(1, GRE, CLIENT, 0, SERVER);
        Mapping two = mappings.claim(2, GRE, OTHER_CLIENT, 0, "203.0.113.8");

        assertNotSame(one, two);
        assertEquals(outside(one), outside(two));
        assertSame(one, mappings.findPortless(GRE, OUTSIDE, SERVER));
        assertSame(two, mappings.findPortless(GRE, OUTSIDE, "203.0.113.8"));
    }

    @Test
    void ofTwoProtocolsAreTwo() {
        mappings.claim(1, GRE, CLIENT, 0, SERVER);

        mappings.claim(2, IpProtocol.ESP, CLIENT, 0, SERVER);
    }

    @Test
    void aSecondHostThatWantsTheSameRemoteAddressGetsAnotherOutsideOne() {
        TestMappings two = ofTwoAddresses();
        Mapping first = two.claim(1, GRE, CLIENT, 0, SERVER);
        Mapping second = two.claim(2, GRE, CLIENT, 0, SERVER);

        assertNotEquals(outside(first), outside(second));
        assertEquals(Reason.OUTSIDE_PORTS_EXHAUSTED, two.refusal(3, GRE, CLIENT, 0, SERVER));
        assertEquals(1, two.findPortless(GRE, outside(first), SERVER).tenant());
        assertEquals(2, two.findPortless(GRE, outside(second), SERVER).tenant());
    }

    /** It is the other owner's of the address. */
    @Test
    void doesNotAppearFromASharedAddress() {
        IpAddress shared = IpAddress.parse("198.51.100.7");
        IpAddress standIn = IpAddress.parse("192.0.0.32");
        TestMappings one =
                new TestMappings(
                        settings(new PortRange(20_000, 20_009), "198.51.100.7")
                                .withStandIns(Map.of(shared, standIn)));
        TestMappings two =
                new TestMappings(
                        settings(new PortRange(20_000, 20_009), "198.51.100.7", "198.51.100.8")
                                .withStandIns(Map.of(shared, standIn)));

        assertEquals(Reason.OUTSIDE_PORTS_EXHAUSTED, one.refusal(1, GRE, CLIENT, 0, SERVER));
        assertEquals("192.0.0.32", outside(one.claim(1, IpProtocol.TCP, CLIENT, 1, SERVER)));
        assertEquals("198.51.100.8", outside(two.claim(1, GRE, CLIENT, 0, SERVER)));
    }

    /** RFC 4787 REQ-2 holds for what has ports, though a tunnel had to go elsewhere. */
    @Test
    void aMappingThatHadToGoElsewhereLeavesTheHostsAddressAsItWas() {
        TestMappings two = ofTwoAddresses();
        String own = outside(two.claim(1, IpProtocol.TCP, CLIENT, 1, SERVER));
        String others = outside(two.claim(2, IpProtocol.TCP, CLIENT, 1, SERVER));
        assertNotEquals(own, others);
        two.claim(1, GRE, CLIENT, 0, SERVER);
        // The third host is on one of the two, and its tunnel on what is left.
        Mapping third = two.claim(3, IpProtocol.TCP, CLIENT, 1, SERVER);
        Mapping tunnel = two.claim(3, GRE, CLIENT, 0, SERVER);
        assertEquals(others, outside(tunnel));

        two.release(tunnel, SERVER);
        two.advance(HOLD_DOWN);
        Mapping again = two.claim(3, IpProtocol.TCP, CLIENT, 2, SERVER);

        assertEquals(outside(third), outside(again));
    }

    @Test
    void restsLikeAnyOther() {
        Mapping mapping = mappings.claim(1, GRE, CLIENT, 0, SERVER);
        mappings.release(mapping, SERVER);

        mappings.advance(HOLD_DOWN - 1);
        assertNull(mappings.findPortless(GRE, OUTSIDE, SERVER));
        assertEquals(Reason.OUTSIDE_PORTS_EXHAUSTED, mappings.refusal(2, GRE, CLIENT, 0, SERVER));
        assertSame(mapping, mappings.claim(1, GRE, CLIENT, 0, SERVER));

        mappings.release(mapping, SERVER);
        mappings.advance(HOLD_DOWN);
        Mapping next = mappings.claim(2, GRE, CLIENT, 0, SERVER);
        assertSame(next, mappings.findPortless(GRE, OUTSIDE, SERVER));
    }

    @Test
    void isFilteredByAddressAlone() {
        TestMappings strict = new TestMappings(settings(Filtering.ADDRESS_DEPENDENT));
        Mapping mapping = strict.claim(1, GRE, CLIENT, 0, SERVER);

        assertTrue(strict.accepts(mapping, SERVER));
        assertFalse(strict.accepts(mapping, "203.0.113.8"));
    }
}
