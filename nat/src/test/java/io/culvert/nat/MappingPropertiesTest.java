package io.culvert.nat;

import static io.culvert.nat.TestMappings.HOLD_DOWN;
import static io.culvert.nat.TestMappings.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;

/** What holds after any claims and releases, against a model that keeps everything in maps. */
class MappingPropertiesTest {
    private static final int[] PROTOCOLS = {
        IpProtocol.TCP, IpProtocol.UDP, IpProtocol.ICMP, IpProtocol.GRE
    };
    private static final int STEPS = 60_000;

    /** Inside or outside endpoint, with the remote address where the protocol has no ports. */
    private record Endpoint(int tenant, int protocol, String address, int port, String external) {}

    private record OpenFlow(Endpoint inside, Mapping mapping, String external) {}

    private final Random random = new Random(6888);
    private final List<OpenFlow> flows = new ArrayList<>();

    /** Who has an outside endpoint, and until when, once nobody uses it. */
    private final Map<Endpoint, Endpoint> owners = new HashMap<>();

    private final Map<Endpoint, Long> releasedAt = new HashMap<>();
    private final Map<Endpoint, Integer> uses = new HashMap<>();

    private static Endpoint outside(Mapping mapping, String external) {
        boolean ports = MappingTable.hasPorts(mapping.protocol(), false);
        return new Endpoint(
                0,
                mapping.protocol(),
                TestMappings.outside(mapping),
                mapping.outsidePort(),
                ports ? "" : external);
    }

    private void forgetRested(long now) {
        releasedAt
                .entrySet()
                .removeIf(
                        entry -> {
                            boolean over = now - entry.getValue() >= HOLD_DOWN;
                            if (over) {
                                owners.remove(entry.getKey());
                            }
                            return over;
                        });
    }

    private int refusals;

    private void open(TestMappings mappings) {
        int protocol = PROTOCOLS[random.nextInt(PROTOCOLS.length)];
        boolean ports = MappingTable.hasPorts(protocol, false);
        int tenant = 1 + random.nextInt(3);
        String address = "10.50.0." + (1 + random.nextInt(3));
        int port = ports ? random.nextInt(60) : 0;
        String external = "203.0.113." + random.nextInt(5);
        Endpoint inside = new Endpoint(tenant, protocol, address, port, ports ? "" : external);
        MappingTable.Claim claim = mappings.attempt(tenant, protocol, address, port, external);
        if (!(claim instanceof MappingTable.Claim.Mapped(Mapping mapping))) {
            refusals++;
            assertTrue(!owners.containsValue(inside), "refused what it had");
            return;
        }
        Endpoint outside = outside(mapping, external);
        Endpoint owner = owners.putIfAbsent(outside, inside);
        assertTrue(owner == null || owner.equals(inside), "two on one outside endpoint");
        releasedAt.remove(outside);
        uses.merge(outside, 1, Integer::sum);
        if (protocol == IpProtocol.UDP) {
            assertEquals(port & 1, mapping.outsidePort() & 1);
        }
        flows.add(new OpenFlow(inside, mapping, external));
    }

    private void close(TestMappings mappings) {
        if (flows.isEmpty()) {
            return;
        }
        OpenFlow flow = flows.remove(random.nextInt(flows.size()));
        mappings.release(flow.mapping, flow.external);
        Endpoint outside = outside(flow.mapping, flow.external);
        if (uses.merge(outside, -1, Integer::sum) == 0) {
            uses.remove(outside);
            releasedAt.put(outside, mappings.now());
        }
    }

    private void assertAllAsTheModelSays(TestMappings mappings) {
        Map<String, Set<String>> addressesOfHosts = new HashMap<>();
        for (OpenFlow flow : flows) {
            Mapping found =
                    flow.mapping.protocol() == IpProtocol.GRE
                            ? mappings.findPortless(
                                    IpProtocol.GRE,
                                    TestMappings.outside(flow.mapping),
                                    flow.external)
                            : mappings.atOutsideOf(flow.mapping);
            assertSame(flow.mapping, found);
            assertEquals(flow.inside.tenant, found.tenant());
            assertEquals(flow.inside.port, found.insidePort());
            if (flow.mapping.protocol() != IpProtocol.GRE) {
                addressesOfHosts
                        .computeIfAbsent(
                                flow.inside.tenant + flow.inside.address, _ -> new HashSet<>())
                        .add(TestMappings.outside(flow.mapping));
            }
        }
        addressesOfHosts.forEach((host, addresses) -> assertEquals(1, addresses.size(), host));
        for (Endpoint outside : releasedAt.keySet()) {
            if (outside.protocol != IpProtocol.GRE) {
                IpAddress address = IpAddress.parse(outside.address);
                assertNull(
                        mappings.table()
                                .find(
                                        outside.protocol,
                                        address.high(),
                                        address.low(),
                                        outside.port));
            }
        }
        assertEquals(uses.size(), mappings.table().mappings());
    }

    /** RFC 4787 REQ-1 to REQ-4, RFC 5382 REQ-7, RFC 6888 REQ-8. */
    @ParameterizedTest
    @CsvSource({"0", "8"})
    @Tag("rfc4787-req-3")
    @Tag("rfc5382-req-7")
    @Tag("rfc4787-req-11")
    void noOutsideEndpointEverHasTwoOwnersOrComesBackTooSoon(int portsPerTenant) {
        TestMappings mappings =
                new TestMappings(
                        settings(
                                new PortRange(20_001, 20_050),
                                portsPerTenant,
                                "198.51.100.7",
                                "198.51.100.8"));
        for (int step = 0; step < STEPS; step++) {
            mappings.advance(random.nextLong(HOLD_DOWN / 20));
            mappings.table().expire(mappings.now());
            forgetRested(mappings.now());
            // More of the one for a while, then of the other, so that it fills and empties.
            if (random.nextInt(100) < (step / 3_000 % 2 == 0 ? 65 : 35)) {
                open(mappings);
            } else {
                close(mappings);
            }
            if (step % 50 == 0) {
                assertAllAsTheModelSays(mappings);
            }
        }
        assertTrue(refusals > 100, "hardly anything was refused: " + refusals);
    }

    /** RFC 6888 REQ-8: a delayed reply reaches neither its old owner nor the new one. */
    @Test
    void noDelayedReplyReachesTheNextOwnerOfAPort() {
        TestMappings mappings =
                new TestMappings(settings(new PortRange(20_000, 20_001), "198.51.100.7"));
        // The other port of the two is taken, so there is but one to recycle.
        mappings.claim(9, IpProtocol.TCP, "10.0.0.9", 9, "203.0.113.7");
        int delivered = 0;
        Set<Integer> ports = new HashSet<>();
        for (int i = 0; i < 10_000; i++) {
            int tenant = i % 7;
            Mapping mapping =
                    mappings.claim(
                            tenant,
                            IpProtocol.TCP,
                            "10.50.0." + i % 200,
                            i % 60_000,
                            "203.0.113.7");
            ports.add(mapping.outsidePort());
            assertSame(mapping, mappings.atOutsideOf(mapping));
            mappings.release(mapping, "203.0.113.7");
            // Replies come as late as the hold-down covers, while others try for the port.
            for (int late = 0; late < 4; late++) {
                mappings.advance(random.nextLong(HOLD_DOWN / 4));
                delivered += mappings.atOutsideOf(mapping) == null ? 0 : 1;
                assertEquals(
                        Reason.OUTSIDE_PORTS_EXHAUSTED,
                        mappings.refusal(
                                tenant + 1, IpProtocol.TCP, "10.60.0.1", 1, "203.0.113.7"));
            }
            mappings.advance(HOLD_DOWN);
        }

        assertEquals(0, delivered);
        assertEquals(1, ports.size());
    }

    @Test
    void recoversFromExhaustionToTheLastPortAgainAndAgain() {
        TestMappings mappings =
                new TestMappings(settings(new PortRange(20_000, 20_999), "198.51.100.7"));
        for (int round = 0; round < 10; round++) {
            List<Mapping> all = new ArrayList<>();
            for (int i = 0; i < 1_000; i++) {
                all.add(mappings.claim(round, IpProtocol.UDP, "10.0.0.1", i, "203.0.113.7"));
            }
            assertEquals(
                    Reason.OUTSIDE_PORTS_EXHAUSTED,
                    mappings.refusal(99, IpProtocol.UDP, "10.0.0.1", 1, "203.0.113.7"));
            assertEquals(1_000, all.stream().map(Mapping::outsidePort).distinct().count());
            all.forEach(mapping -> mappings.release(mapping, "203.0.113.7"));
            mappings.advance(HOLD_DOWN);
        }
    }

    @Test
    void aRestedPortsNextMappingIsAnother() {
        TestMappings mappings =
                new TestMappings(settings(new PortRange(20_000, 20_001), "198.51.100.7"));
        Mapping before = mappings.claim(1, IpProtocol.UDP, "10.0.0.1", 2, "203.0.113.7");
        mappings.release(before, "203.0.113.7");
        mappings.advance(HOLD_DOWN);
        Mapping after = mappings.claim(2, IpProtocol.UDP, "10.0.0.1", 2, "203.0.113.7");

        assertEquals(before.outsidePort(), after.outsidePort());
        assertNotSame(before, after);
        assertSame(after, mappings.atOutsideOf(before));
    }
}
