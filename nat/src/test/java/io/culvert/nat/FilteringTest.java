package io.culvert.nat;

import static io.culvert.nat.TestMappings.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** RFC 4787 section 5, REQ-8; RFC 5382 REQ-3. */
class FilteringTest {
    private static final int UDP = IpProtocol.UDP;
    private static final String CLIENT = "10.50.0.2";
    private static final String SERVER = "203.0.113.7";
    private static final String OTHER = "203.0.113.8";

    @ParameterizedTest
    @CsvSource({
        "ENDPOINT_INDEPENDENT, true, true",
        "ADDRESS_DEPENDENT, true, false",
        "ADDRESS_AND_PORT_DEPENDENT, false, false",
    })
    @Tag("rfc4787-req-8")
    @Tag("rfc4787-req-8-a")
    @Tag("rfc5382-req-3")
    @Tag("rfc5382-req-3-a")
    @Tag("rfc6888-req-7")
    void decidesWhoMayOpenAFlowFromOutside(Filtering filtering, boolean known, boolean unknown) {
        TestMappings mappings = new TestMappings(settings(filtering));
        Mapping four = mappings.claim(1, UDP, CLIENT, 40_000, SERVER);
        Mapping six = mappings.claim(1, UDP, "fd00::2", 40_000, "2001:db8:1::7");

        assertEquals(known, mappings.accepts(four, SERVER));
        assertEquals(unknown, mappings.accepts(four, OTHER));
        assertEquals(known, mappings.accepts(six, "2001:db8:1::7"));
        assertEquals(unknown, mappings.accepts(six, "2001:db8:1::8"));
        assertEquals(unknown, mappings.accepts(six, SERVER));
    }

    @ParameterizedTest
    @EnumSource
    void letsNobodyInThroughAMappingThatRests(Filtering filtering) {
        TestMappings mappings = new TestMappings(settings(filtering));
        Mapping mapping = mappings.claim(1, UDP, CLIENT, 40_000, SERVER);
        mappings.release(mapping, SERVER);

        assertFalse(mappings.accepts(mapping, SERVER));
    }

    @Test
    void knowsAnAddressAsLongAsAnyFlowGoesThere() {
        TestMappings mappings = new TestMappings(settings(Filtering.ADDRESS_DEPENDENT));
        Mapping mapping = mappings.claim(1, UDP, CLIENT, 40_000, SERVER);
        mappings.claim(1, UDP, CLIENT, 40_000, OTHER);
        mappings.claim(1, UDP, CLIENT, 40_000, SERVER);

        mappings.release(mapping, SERVER);
        assertTrue(mappings.accepts(mapping, SERVER));
        mappings.release(mapping, SERVER);
        assertFalse(mappings.accepts(mapping, SERVER));
        assertTrue(mappings.accepts(mapping, OTHER));
    }

    @Test
    void forgetsWhomItTalkedToBeforeItRested() {
        TestMappings mappings = new TestMappings(settings(Filtering.ADDRESS_DEPENDENT));
        Mapping mapping = mappings.claim(1, UDP, CLIENT, 40_000, SERVER);
        mappings.release(mapping, SERVER);
        mappings.claim(1, UDP, CLIENT, 40_000, OTHER);

        assertTrue(mappings.accepts(mapping, OTHER));
        assertFalse(mappings.accepts(mapping, SERVER));
    }

    @Test
    void knowsThousandsOfAddresses() {
        TestMappings mappings = new TestMappings(settings(Filtering.ADDRESS_DEPENDENT));
        Mapping mapping = mappings.claim(1, UDP, CLIENT, 40_000, SERVER);
        for (int i = 0; i < 5_000; i++) {
            mappings.claim(1, UDP, CLIENT, 40_000, address(i));
        }
        for (int i = 0; i < 5_000; i += 2) {
            mappings.release(mapping, address(i));
        }

        for (int i = 0; i < 5_000; i++) {
            assertEquals(i % 2 == 1, mappings.accepts(mapping, address(i)));
        }
        assertFalse(mappings.accepts(mapping, address(5_000)));
    }

    private static String address(int i) {
        return "192.0." + i / 250 + "." + i % 250;
    }

    @Test
    void refusesToReleaseAFlowToAnAddressThatNoneGoesTo() {
        TestMappings mappings = new TestMappings(settings(Filtering.ADDRESS_DEPENDENT));
        Mapping mapping = mappings.claim(1, UDP, CLIENT, 40_000, SERVER);

        assertThrows(IllegalStateException.class, () -> mappings.release(mapping, OTHER));
        assertTrue(mappings.accepts(mapping, SERVER));
    }
}
