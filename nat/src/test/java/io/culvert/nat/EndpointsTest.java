package io.culvert.nat;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class EndpointsTest {
    private final Endpoints sides = Packets.endpoints("10.50.0.2", 40_000, "203.0.113.7", 443);

    @Test
    void turnsIntoTheOtherSidesView() {
        assertEquals(Packets.endpoints("203.0.113.7", 443, "10.50.0.2", 40_000), sides.reversed());
        assertEquals(sides, sides.reversed().reversed());
    }

    @Test
    void sumsItsAddressesAsAPseudoHeaderDoes() {
        // 0a32 + 0002 + cb00 + 7107 = 1463b
        assertEquals(0x463c, sides.sumOfAddresses());
    }

    @Test
    void sumsItsPorts() {
        assertEquals(40_443, sides.sumOfPorts());
        assertEquals(
                0xffff, Packets.endpoints("10.0.0.1", 65_535, "10.0.0.2", 65_535).sumOfPorts());
    }
}
