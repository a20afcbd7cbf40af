package io.culvert.nat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Test;

/** That it foretells each claim is asserted wherever a test claims: {@link TestMappings}. */
class MappingPreviewTest {
    private final TestMappings mappings =
            new TestMappings(
                    TestMappings.settings(new PortRange(20_000, 20_999), 500, "198.51.100.7"));

    private MappingTable.Preview preview(int tenant) {
        IpAddress from = IpAddress.parse("10.0.0.1");
        IpAddress to = IpAddress.parse("203.0.113.1");
        return mappings.table()
                .preview(
                        tenant,
                        IpProtocol.UDP,
                        from.high(),
                        from.low(),
                        4_000,
                        to.high(),
                        to.low(),
                        mappings.now());
    }

    @Test
    void takesNeitherAPortNorABlock() {
        for (int tenant = 1; tenant < 1_000; tenant++) {
            assertEquals(
                    new MappingTable.Preview.New(IpAddress.parse("198.51.100.7")), preview(tenant));
        }
        assertEquals(0, mappings.table().mappings());
        assertEquals(0, mappings.blockEvents().size());
        assertEquals(
                0,
                mappings.table().usage().stream()
                        .mapToInt(one -> one.used() + one.resting())
                        .sum());
    }

    @Test
    void leavesAMappingAtRest() {
        Mapping mapping = mappings.claim(1, IpProtocol.UDP, "10.0.0.1", 4_000, "203.0.113.1");
        mappings.release(mapping, "203.0.113.1");
        assertEquals(new MappingTable.Preview.Known(mapping), preview(1));
        assertEquals(1, mappings.table().resting());
        mappings.advance(TestMappings.HOLD_DOWN);
        assertInstanceOf(MappingTable.Preview.New.class, preview(1));
    }
}
