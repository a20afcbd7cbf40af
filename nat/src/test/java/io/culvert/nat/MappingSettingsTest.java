package io.culvert.nat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.wire.IpAddress;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.time.Duration;
import java.util.List;

class MappingSettingsTest {
    private static final IpAddress ADDRESS = IpAddress.parse("198.51.100.7");
    private static final PortRange PORTS = new PortRange(20_000, 29_999);

    private static MappingSettings settings(
            List<IpAddress> addresses, PortRange ports, int portsPerTenant, Duration holdDown) {
        return new MappingSettings(
                addresses, ports, portsPerTenant, Filtering.ADDRESS_DEPENDENT, holdDown);
    }

    private static void assertRefused(
            List<IpAddress> addresses, PortRange ports, int portsPerTenant, Duration holdDown) {
        assertThrows(
                IllegalArgumentException.class,
                () -> settings(addresses, ports, portsPerTenant, holdDown));
    }

    @Test
    void refuseWhatCannotWork() {
        List<IpAddress> one = List.of(ADDRESS);

        assertRefused(List.of(), PORTS, 0, Duration.ZERO);
        assertRefused(List.of(ADDRESS, ADDRESS), PORTS, 0, Duration.ZERO);
        assertRefused(List.of(IpAddress.parse("224.0.0.1")), PORTS, 0, Duration.ZERO);
        assertRefused(List.of(IpAddress.parse("::")), PORTS, 0, Duration.ZERO);
        assertRefused(one, new PortRange(5, 5), 0, Duration.ZERO);
        assertRefused(one, PORTS, -1, Duration.ZERO);
        assertRefused(one, PORTS, 1, Duration.ZERO);
        assertRefused(one, PORTS, 10_001, Duration.ZERO);
        assertRefused(one, PORTS, 0, Duration.ofNanos(-1));
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 2, 10_000})
    void takeAnyQuotaThatHasBothParities(int portsPerTenant) {
        assertEquals(
                portsPerTenant,
                settings(List.of(ADDRESS), PORTS, portsPerTenant, Duration.ZERO).portsPerTenant());
    }

    /** RFC 6888 REQ-8. */
    @Test
    @Tag("rfc6888-req-8")
    void restPortsForTwoMinutesByDefault() {
        assertEquals(120, MappingSettings.HOLD_DOWN.toSeconds());
    }

    @ParameterizedTest
    @CsvSource({"0, 5", "-1, 5", "6, 5", "1, 65536"})
    void aRangeOfPortsIsOfPorts(int first, int last) {
        assertThrows(IllegalArgumentException.class, () -> new PortRange(first, last));
    }

    @Test
    void aRangeKnowsWhatItHas() {
        assertEquals(10_000, PORTS.size());
        assertTrue(PORTS.contains(20_000) && PORTS.contains(29_999));
        assertFalse(PORTS.contains(19_999) || PORTS.contains(30_000));
        assertEquals("20000-29999", PORTS.toString());
        assertEquals(
                new PortRange(29_000, 29_999), PORTS.intersection(new PortRange(29_000, 40_000)));
        assertEquals(new PortRange(20_000, 20_000), PORTS.intersection(new PortRange(1, 20_000)));
        assertNull(PORTS.intersection(new PortRange(1, 19_999)));
        assertNull(PORTS.intersection(new PortRange(30_000, 30_001)));
    }
}
