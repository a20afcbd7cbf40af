package io.culvert.nat;

import static io.culvert.nat.TestMappings.HOLD_DOWN;
import static io.culvert.nat.TestMappings.outside;
import static io.culvert.nat.TestMappings.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Ports in blocks, one tenant's each: RFC 6888 REQ-4. */
class PortsPerTenantTest {
    private static final int TCP = IpProtocol.TCP;
    private static final int UDP = IpProtocol.UDP;
    private static final String CLIENT = "10.50.0.2";
    private static final String SERVER = "203.0.113.7";

    /** Six blocks of 16, and four ports that are in none. */
    private final TestMappings mappings =
            new TestMappings(settings(new PortRange(20_000, 20_099), 16, "198.51.100.7"));

    private List<Mapping> fill(int tenant, int protocol, int ports) {
        List<Mapping> filled = new ArrayList<>();
        for (int i = 0; i < ports; i++) {
            filled.add(mappings.claim(tenant, protocol, CLIENT, 40_000 + i, SERVER));
        }
        return filled;
    }

    @ParameterizedTest
    @ValueSource(ints = {TCP, UDP, IpProtocol.ICMP})
    @Tag("rfc6888-req-4")
    @Tag("rfc6888-req-4-a")
    void aTenantHasAsManyOfEachProtocolAsItMay(int protocol) {
        fill(1, TCP, 16);
        fill(1, UDP, 16);
        fill(1, IpProtocol.ICMP, 16);

        assertEquals(Reason.TENANT_PORTS, mappings.refusal(1, protocol, CLIENT, 50_000, SERVER));
        assertEquals(Reason.TENANT_PORTS, mappings.refusal(1, protocol, "10.9.9.9", 1, SERVER));
    }

    @Test
    void aTenantsPortsAreNextToEachOtherAndNobodyElses() {
        Set<PortRange> ranges = new HashSet<>();
        for (int tenant = 1; tenant <= 6; tenant++) {
            List<Integer> ports =
                    fill(tenant, TCP, 16).stream().map(Mapping::outsidePort).sorted().toList();
            assertEquals(16, new HashSet<>(ports).size());
            assertEquals(15, ports.getLast() - ports.getFirst());
            assertEquals(0, (ports.getFirst() - 20_000) % 16);
            ranges.add(new PortRange(ports.getFirst(), ports.getLast()));
        }

        assertEquals(6, ranges.size());
        assertEquals(Reason.OUTSIDE_PORTS_EXHAUSTED, mappings.refusal(7, TCP, CLIENT, 1, SERVER));
    }

    /** Robustness: one tenant's excess is no other's trouble, and live mappings stay. */
    @Test
    void aTenantOverItsQuotaAffectsNobodyElse() {
        List<Mapping> live = fill(1, TCP, 16);
        for (int i = 0; i < 10_000; i++) {
            assertEquals(
                    Reason.TENANT_PORTS, mappings.refusal(1, TCP, "10.50.1." + i % 200, i, SERVER));
            if (i % 625 == 0) {
                live.add(mappings.claim(2, TCP, CLIENT, i, SERVER));
            }
        }

        assertEquals(32, live.size());
        live.forEach(mapping -> assertSame(mapping, mappings.atOutsideOf(mapping)));
    }

    @Test
    @Tag("rfc6888-req-12")
    @Tag("rfc6888-req-14")
    void aBlockGoesBackWhenItsLastMappingHasRested() {
        List<Mapping> tcp = fill(1, TCP, 2);
        List<Mapping> udp = fill(1, UDP, 1);
        PortBlock block = mappings.table().blocks().getFirst();
        assertEquals(new PortBlock(1, IpAddress.parse("198.51.100.7"), block.ports()), block);
        assertEquals(16, block.ports().size());
        assertEquals(2, mappings.table().taken(block, TCP));
        assertEquals(1, mappings.table().taken(block, UDP));
        assertEquals(0, mappings.table().taken(block, IpProtocol.GRE));

        tcp.forEach(mapping -> mappings.release(mapping, SERVER));
        mappings.advance(HOLD_DOWN);
        mappings.release(udp.getFirst(), SERVER);
        mappings.table().expire(mappings.now());
        assertEquals(List.of(block), mappings.table().blocks());
        assertEquals(0, mappings.table().taken(block, TCP));
        assertEquals(1, mappings.table().taken(block, UDP));

        mappings.advance(HOLD_DOWN - 1);
        mappings.table().expire(mappings.now());
        assertEquals(List.of(block), mappings.table().blocks());
        mappings.advance(1);
        mappings.table().expire(mappings.now());
        assertEquals(List.of(), mappings.table().blocks());
        assertEquals(
                List.of("1 has " + block.ports(), "1 had " + block.ports()),
                mappings.blockEvents());
    }

    @Test
    void allBlocksCanBeHadAgain() {
        for (int round = 0; round < 20; round++) {
            List<Mapping> all = new ArrayList<>();
            for (int tenant = 0; tenant < 6; tenant++) {
                all.addAll(fill(10 * round + tenant, UDP, 16));
            }
            assertEquals(
                    Reason.OUTSIDE_PORTS_EXHAUSTED,
                    mappings.refusal(10 * round + 6, UDP, CLIENT, 1, SERVER));
            all.forEach(mapping -> mappings.release(mapping, SERVER));
            mappings.advance(HOLD_DOWN);
        }
        assertEquals(240, mappings.blockEvents().size() + 6);
    }

    @Test
    void aTenantsNextHostGoesWhereItsBlockIsAndThenElsewhere() {
        TestMappings two =
                new TestMappings(
                        settings(new PortRange(20_000, 20_099), 4, "198.51.100.7", "198.51.100.8"));
        Set<String> outsides = new HashSet<>();
        for (int host = 1; host <= 4; host++) {
            outsides.add(outside(two.claim(1, TCP, "10.0.0." + host, 1, SERVER)));
        }
        assertEquals(1, outsides.size());

        String second = outside(two.claim(1, TCP, "10.0.0.5", 1, SERVER));
        assertTrue(outsides.add(second));
        for (int i = 2; i <= 4; i++) {
            two.claim(1, TCP, "10.0.0.5", i, SERVER);
        }

        assertEquals(Reason.TENANT_PORTS, two.refusal(1, TCP, "10.0.0.6", 1, SERVER));
        assertEquals(2, two.table().blocks().size());
    }

    @Test
    void aTenantIsToldOfItsQuotaAlsoWhereNoOtherBlockIsFree() {
        TestMappings two =
                new TestMappings(
                        settings(new PortRange(20_000, 20_003), 4, "198.51.100.7", "198.51.100.8"));
        for (int i = 0; i < 4; i++) {
            two.claim(1, TCP, CLIENT, i, SERVER);
        }
        two.claim(2, TCP, CLIENT, 1, SERVER);

        assertEquals(Reason.TENANT_PORTS, two.refusal(1, TCP, "10.50.0.3", 1, SERVER));
        assertEquals(Reason.OUTSIDE_PORTS_EXHAUSTED, two.refusal(3, TCP, CLIENT, 1, SERVER));
    }

    @Test
    void aProtocolWithoutPortsNeedsNoBlock() {
        fill(1, TCP, 16);

        mappings.claim(1, IpProtocol.GRE, CLIENT, 0, SERVER);
        mappings.claim(2, IpProtocol.GRE, CLIENT, 0, "203.0.113.8");

        assertEquals(1, mappings.table().blocks().size());
    }

    @Test
    void whichBlockATenantGetsIsDrawn() {
        Set<PortRange> first = new HashSet<>();
        for (int seed = 0; seed < 60; seed++) {
            TestMappings drawn =
                    new TestMappings(
                            settings(new PortRange(20_000, 20_099), 16, "198.51.100.7"), seed);
            drawn.claim(1, TCP, CLIENT, 1, SERVER);
            first.add(drawn.table().blocks().getFirst().ports());
        }

        assertEquals(6, first.size());
    }
}
