package io.culvert.abuse;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowLimits;
import io.culvert.flow.FlowListener;
import io.culvert.flow.FlowTable;
import io.culvert.flow.FlowTimers;
import io.culvert.flow.Tenant;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.nat.Filtering;
import io.culvert.nat.Mapping;
import io.culvert.nat.MappingSettings;
import io.culvert.nat.MappingTable;
import io.culvert.nat.PortBlockListener;
import io.culvert.nat.PortRange;
import io.culvert.nat.SlotPool;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.List;
import java.util.Random;

/**
 * Row 3: late packets of an old flow at a slot that somebody else has by now. Ten thousand owners
 * in turn of one outside port, and of one slot in the namespace, on a clock of the test's; replies
 * of former owners come late by any time, and none reaches a new one.
 */
@Tag("abuse")
class RecycledSlotTest {
    private static final int TURNS = 10_000;
    private static final long SECOND = 1_000_000_000L;
    private static final long NAMESPACE_REST = 65 * SECOND;
    private static final FlowDecision FORWARD = new FlowDecision.Forward("all", "tunnels");

    private final Random random = new Random(3);
    private long now;

    /** Each owner is another host with another server; a reply is from that server. */
    @ParameterizedTest
    @ValueSource(strings = {"198.51.100.1", "2001:db8:5::1"})
    void bringsNoLateReplyToTheNextOwnerOfAnOutsidePort(String address) {
        IpAddress outside = IpAddress.parse(address);
        MappingTable table = table(outside, 2, Filtering.ADDRESS_AND_PORT_DEPENDENT);
        int port = -1;
        int late = 0;
        int atNobody = 0;
        for (int turn = 0; turn < TURNS; turn++) {
            Mapping mapping = claim(table, outside, turn);
            assertNotNull(mapping, "turn " + turn);
            port = port < 0 ? mapping.outsidePort() : port;
            assertEquals(port, mapping.outsidePort(), "the one even port there is");
            assertSame(mapping, table.find(IpProtocol.UDP, outside.high(), outside.low(), port));
            // Of all the former owners' servers some.
            for (int i = 0; i < 10 && turn > 0; i++) {
                late++;
                IpAddress former = server(outside, random.nextInt(turn));
                assertFalse(table.accepts(mapping, former.high(), former.low()));
            }
            now += random.nextLong(SECOND);
            IpAddress server = server(outside, turn);
            table.release(mapping, server.high(), server.low(), now);
            // As long as it rests it is nobody's, and nobody gets it.
            for (long after : new long[] {0, random.nextLong(120 * SECOND), 120 * SECOND - 1}) {
                late++;
                assertNull(table.find(IpProtocol.UDP, outside.high(), outside.low(), port));
                long then = now;
                now += after;
                assertNull(claim(table, outside, turn + 1), "given away " + after + " ns later");
                atNobody++;
                now = then;
            }
            now += 120 * SECOND;
        }
        System.out.printf(
                "row  3: %s: one port with %d owners, %d late replies, 0 to a new owner;"
                        + " %d attempts to have it while it rested, 0 successful%n",
                address, TURNS, late, atNobody);
    }

    /** Other filtering would let others in by design: what counts is that nobody is there. */
    @Test
    void aPortThatRestsIsNobodysWhateverTheFiltering() {
        for (Filtering filtering : Filtering.values()) {
            IpAddress outside = IpAddress.parse("198.51.100.1");
            MappingTable table = table(outside, 2, filtering);
            for (int turn = 0; turn < TURNS; turn++) {
                Mapping mapping = claim(table, outside, turn);
                IpAddress server = server(outside, turn);
                table.release(mapping, server.high(), server.low(), now);
                assertFalse(table.accepts(mapping, server.high(), server.low()));
                assertNull(
                        table.find(
                                IpProtocol.UDP,
                                outside.high(),
                                outside.low(),
                                mapping.outsidePort()));
                now += 120 * SECOND;
            }
        }
    }

    @Test
    void bringsNoLateReplyToTheNextOwnerOfASlotInTheNamespace() {
        FlowTable flows =
                new FlowTable(
                        1,
                        FlowLimits.DEFAULT,
                        FlowTimers.DEFAULT,
                        () -> now,
                        FlowListener.NONE,
                        flow -> {});
        Tenant tenant = new Tenant(1, "acme");
        SlotPool pool = new SlotPool(1, NAMESPACE_REST);
        int late = 0;
        for (int turn = 0; turn < TURNS; turn++) {
            Flow flow = flow(flows, tenant, turn);
            assertEquals(0, pool.claim(flow, now));
            assertSame(flow, pool.flow(0));
            now += random.nextLong(SECOND);
            pool.release(0, now);
            flows.close(flow, Reason.FINISHED);
            Flow next = flow(flows, tenant, turn + 1_000_000);
            for (long after : new long[] {0, random.nextLong(NAMESPACE_REST), NAMESPACE_REST - 1}) {
                late++;
                assertEquals(-1, pool.claim(next, now + after));
                assertNull(pool.flow(0), "a late reply's owner");
            }
            flows.close(next, Reason.SLOTS_EXHAUSTED);
            now += NAMESPACE_REST;
        }
        System.out.printf(
                "row  3: one slot with %d owners, %d late replies, 0 to a new owner%n",
                TURNS, late);
    }

    private static Flow flow(FlowTable flows, Tenant tenant, int number) {
        FlowKey key = new FlowKey().set(1, IpProtocol.TCP, 1, number, 1_000, 2, 2, 80);
        FlowTable.Opening opening = flows.open(key, tenant, 0, FORWARD);
        return assertInstanceOf(FlowTable.Opening.Opened.class, opening).flow();
    }

    /** UDP keeps parity, so of two ports there is one for even inside ports. */
    private static MappingTable table(IpAddress outside, int ports, Filtering filtering) {
        return new MappingTable(
                new MappingSettings(
                        List.of(outside),
                        new PortRange(20_000, 20_000 + ports - 1),
                        MappingSettings.SHARED,
                        filtering,
                        Duration.ofMinutes(2)),
                PortBlockListener.NONE,
                new SecureRandom());
    }

    private Mapping claim(MappingTable table, IpAddress outside, int turn) {
        IpAddress server = server(outside, turn);
        long high = outside.isIpv4() ? 0 : 0xfd00_0001_0000_0000L;
        long low = outside.isIpv4() ? 0xffff_0a00_0000L + turn : turn + 1;
        MappingTable.Claim claim =
                table.claim(1, IpProtocol.UDP, high, low, 5_000, server.high(), server.low(), now);
        return claim instanceof MappingTable.Claim.Mapped(Mapping mapping) ? mapping : null;
    }

    private static IpAddress server(IpAddress family, int turn) {
        return family.isIpv4()
                ? new IpAddress(0, 0xffff_0b00_0000L + turn)
                : new IpAddress(0x2001_0db8_0007_0000L, turn + 1);
    }
}
