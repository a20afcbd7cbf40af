package io.culvert.fuzz;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.Direction;
import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowLimits;
import io.culvert.flow.FlowListener;
import io.culvert.flow.FlowTable;
import io.culvert.flow.FlowTable.Opening;
import io.culvert.flow.FlowTimers;
import io.culvert.flow.TcpState;
import io.culvert.flow.TcpTracker;
import io.culvert.flow.TcpVerdict;
import io.culvert.flow.Tenant;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.nat.Filtering;
import io.culvert.nat.Mapping;
import io.culvert.nat.MappingSettings;
import io.culvert.nat.MappingTable;
import io.culvert.nat.MappingTable.Claim;
import io.culvert.nat.PortBlockListener;
import io.culvert.nat.PortRange;
import io.culvert.wire.Defect;
import io.culvert.wire.IpAddress;
import io.culvert.wire.TcpHeader;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;

/**
 * Flow table, tracker and mapping table as a gateway uses them, driven step by step, beside maps
 * that say what has to be in them.
 *
 * <p>Each TCP flow is judged twice: once more with all sequence numbers moved by a constant of each
 * side, which may change no verdict, since sequence numbers mean nothing but their differences.
 */
final class FlowMachine {
    private static final int TCP = 6;
    private static final int[] PROTOCOLS = {TCP, TCP, 17, 1};
    private static final int FLOWS = 14;
    private static final int FLOWS_OF_A_TENANT = 10;
    private static final int INITIATORS_SHIFT = 0x7fff_fff0;
    private static final int TARGETS_SHIFT = 0xdead_beef;
    private static final long LEAST_PATIENCE = Duration.ofSeconds(10).toNanos();
    private static final int MOST_STEPS_TO_EXPIRE = 10;
    private static final long LONGER_THAN_ANY_TIMER = Duration.ofHours(8).toNanos();

    private static final FlowDecision FORWARD = new FlowDecision.Forward("rule", "lan");

    private record Open(Flow flow, Flow shifted, Mapping mapping, IpAddress external) {}

    private final Map<FlowKey, Open> open = new LinkedHashMap<>();
    private final Set<Flow> closed = new HashSet<>();
    private int opened;
    private final Tenant[] tenants = {new Tenant(1, "acme"), new Tenant(2, "umbrella")};
    private final Tenant others = new Tenant(3, "others");
    private long now = Long.MAX_VALUE - Duration.ofMinutes(3).toNanos();
    private final FlowTable table =
            new FlowTable(
                    1,
                    new FlowLimits(FLOWS, FLOWS_OF_A_TENANT, 1_000_000),
                    FlowTimers.DEFAULT,
                    () -> now,
                    new FlowListener() {
                        @Override
                        public void opened(Flow flow) {
                            opened++;
                        }

                        @Override
                        public void closed(Flow flow, Reason reason) {
                            assertTrue(closed.add(flow), "closed twice");
                            if (reason == Reason.EARLY_DROP) droppedEarly(flow);
                        }
                    },
                    flow -> close(flow, Reason.FINISHED));
    private final FlowTable shiftedTable =
            new FlowTable(
                    1,
                    FlowLimits.DEFAULT,
                    FlowTimers.DEFAULT,
                    () -> 0,
                    FlowListener.NONE,
                    flow -> {});
    private final MappingTable mappings;

    FlowMachine(int settings) {
        mappings =
                new MappingTable(
                        new MappingSettings(
                                List.of(
                                        IpAddress.parse("198.51.100.7"),
                                        IpAddress.parse("198.51.100.8"),
                                        IpAddress.parse("2001:db8::7")),
                                new PortRange(20_000, 20_003),
                                (settings & 1) == 0 ? MappingSettings.SHARED : 2,
                                Filtering.values()[(settings >>> 1 & 0x7f) % 3],
                                MappingSettings.HOLD_DOWN),
                        PortBlockListener.NONE,
                        new SplittableRandom(4));
    }

    void step(byte[] step) {
        switch (step[0] & 0xff) {
            case 0 -> now += Duration.ofSeconds(1 + (step[1] & 0xff) * 4L).toNanos();
            case 1 -> {
                Open flow = open.get(key(step[1]));
                if (flow != null) close(flow.flow, Reason.FINISHED);
            }
            case 2 -> expire();
            default -> packet(step);
        }
    }

    private void expire() {
        table.expire();
        mappings.expire(now);
    }

    private static FlowKey key(int selector) {
        boolean ipv6 = (selector & 0x40) != 0;
        IpAddress inside = IpAddress.parse(ipv6 ? "fd00:1::2" : "10.1.0.2");
        IpAddress external = external(selector);
        int protocol = PROTOCOLS[selector >>> 1 & 3];
        boolean icmp = protocol == 1;
        int port = 1_000 + (selector >>> 3 & 3);
        return new FlowKey()
                .set(
                        1 + (selector & 1),
                        icmp && ipv6 ? 58 : protocol,
                        inside.high(),
                        inside.low(),
                        port,
                        external.high(),
                        external.low(),
                        icmp ? port : 80);
    }

    private static IpAddress external(int selector) {
        String last = (selector & 0x20) != 0 ? "9" : "8";
        return IpAddress.parse(((selector & 0x40) != 0 ? "2001:db8:1::" : "203.0.113.") + last);
    }

    private void packet(byte[] step) {
        FlowKey key = key(step[1]);
        boolean initiates = (step[2] & 1) == 0;
        Direction from = initiates ? Direction.FROM_INITIATOR : Direction.FROM_TARGET;
        TcpHeader tcp = key.protocol() == TCP ? segment(step, 0, 0) : null;
        Open flow = open.get(key);
        Flow found = table.find(key);
        if (found == null) {
            // Its time is over, and whatever makes the table look next closes it.
            flow = null;
        } else {
            assertSame(found, flow.flow);
        }
        if (flow != null && tcp != null && flow.flow.isReopenedBy(tcp)) {
            close(flow.flow, Reason.FINISHED);
            flow = null;
        }
        if (flow == null) {
            if (!initiates || (tcp != null && !TcpTracker.opens(tcp, true))) return;
            flow = open(key, external(step[1]));
            if (flow == null) return;
        }
        flow.flow.count(from, 1, 40 + (step[6] & 0xff), now);
        if (tcp != null) judge(flow, from, tcp, segment(step, initiates));
        table.seen(flow.flow);
    }

    private Open open(FlowKey key, IpAddress external) {
        Tenant tenant = tenants[key.tenant() - 1];
        Opening opening = table.open(key, tenant, 0, FORWARD);
        if (opening instanceof Opening.Refused(Reason reason)) {
            boolean full = table.size() == FLOWS;
            assertEquals(full ? Reason.TABLE_FULL : Reason.TENANT_LIMIT, reason);
            assertTrue(full || tenant.flows() == FLOWS_OF_A_TENANT, "refused for nothing");
            return null;
        }
        Flow flow = ((Opening.Opened) opening).flow();
        Claim claim =
                mappings.claim(
                        key.tenant(),
                        key.protocol(),
                        key.sourceHigh(),
                        key.sourceLow(),
                        key.sourcePort(),
                        external.high(),
                        external.low(),
                        now);
        if (claim instanceof Claim.Refused(Reason reason)) {
            assertTrue(
                    reason == Reason.OUTSIDE_PORTS_EXHAUSTED || reason == Reason.TENANT_PORTS,
                    reason.name());
            table.close(flow, reason);
            return null;
        }
        Flow shifted = ((Opening.Opened) shiftedTable.open(key, others, 0, FORWARD)).flow();
        flow.tracker(new TcpTracker(true));
        shifted.tracker(new TcpTracker(true));
        Open entry = new Open(flow, shifted, ((Claim.Mapped) claim).mapping(), external);
        open.put(flow.key(), entry);
        return entry;
    }

    private void judge(Open flow, Direction from, TcpHeader tcp, TcpHeader shifted) {
        TcpState before = flow.flow.tcpState();
        TcpVerdict verdict = table.judge(flow.flow, from, tcp);
        assertNotNull(verdict);
        TcpState after = flow.flow.tcpState();
        if (verdict != TcpVerdict.ACCEPT && verdict != TcpVerdict.RESTART) {
            assertEquals(before, after, "what does not count has changed the state");
        }
        if (before == TcpState.RESET && verdict != TcpVerdict.RESTART) assertEquals(before, after);
        if (verdict == TcpVerdict.ACCEPT && tcp.rst()) assertEquals(TcpState.RESET, after);
        TcpVerdict ofShifted = shiftedTable.judge(flow.shifted, from, shifted);
        assertEquals(verdict, ofShifted, "moved numbers");
        assertEquals(after, flow.shifted.tcpState(), "moved numbers");
    }

    private TcpHeader segment(byte[] step, boolean initiates) {
        return initiates
                ? segment(step, INITIATORS_SHIFT, TARGETS_SHIFT)
                : segment(step, TARGETS_SHIFT, INITIATORS_SHIFT);
    }

    /** A SYN offers to scale and to acknowledge selectively, any other acknowledges so at times. */
    private static TcpHeader segment(byte[] step, int shift, int peersShift) {
        int flags = step[3] & 0xff;
        int number = number(step[4]) + shift;
        int acknowledgment = number(step[5]) + peersShift;
        boolean syn = (flags & TcpHeader.SYN) != 0;
        int payload = step[6] & 0xff;
        int header = (step[2] & 2) == 0 ? 20 : syn ? 28 : 32;
        ByteBuffer bytes = ByteBuffer.allocate(header + payload);
        bytes.putInt(4, number).putInt(8, acknowledgment);
        bytes.put(12, (byte) (header << 2)).put(13, (byte) flags);
        bytes.putShort(14, (short) ((step[7] & 0xff) << 8));
        if (header == 28) {
            bytes.putInt(20, 0x0303_0000 | (step[2] >>> 2 & 0xf) << 8 | 1).putInt(24, 0x0402_0000);
        } else if (header == 32) {
            bytes.putShort(20, (short) 0x050a);
            bytes.putInt(22, acknowledgment + (step[2] >>> 2)).putInt(26, acknowledgment + payload);
        }
        TcpHeader tcp = new TcpHeader();
        assertEquals(Defect.NONE, tcp.wrap(bytes, 0, header + payload));
        return tcp;
    }

    /** Small numbers as they are, the others far apart. */
    private static int number(byte selector) {
        int value = selector & 0xff;
        if (value < 0x80) return value;
        int magnitude = 1 << (value & 0x1f);
        return switch (value >>> 5 & 3) {
            case 0 -> magnitude;
            case 1 -> -magnitude;
            case 2 -> magnitude + 1;
            default -> -magnitude - 1;
        };
    }

    private void close(Flow flow, Reason reason) {
        Open entry = open.remove(flow.key());
        assertSame(flow, entry.flow);
        table.close(flow, reason);
        forget(entry, reason);
        assertNotSame(flow, table.find(flow.key()));
    }

    private void forget(Open entry, Reason reason) {
        shiftedTable.close(entry.shifted, reason);
        mappings.release(entry.mapping, entry.external.high(), entry.external.low(), now);
    }

    /** Only what nobody has answered, and nobody has heard of for a while. */
    private void droppedEarly(Flow flow) {
        assertTrue(flow.key().protocol() == TCP || !flow.isReplied(), "answered");
        assertFalse(flow.tcpState().isEstablished(), "established");
        assertTrue(now - flow.lastSeenNanos() >= LEAST_PATIENCE, "heard of");
        forget(open.remove(flow.key()), Reason.EARLY_DROP);
    }

    void assertSound() {
        assertEquals(open.size(), table.size(), "flows");
        for (Tenant tenant : tenants) {
            long flows = open.keySet().stream().filter(k -> k.tenant() == tenant.id()).count();
            assertEquals(flows, tenant.flows(), tenant.name());
        }
        Map<Mapping, FlowKey> insides = new HashMap<>();
        Map<List<Object>, Mapping> outsides = new HashMap<>();
        open.forEach(
                (key, flow) -> {
                    Mapping mapping = flow.mapping;
                    assertEquals(key.tenant(), mapping.tenant());
                    assertEquals(key.sourcePort(), mapping.insidePort());
                    insides.put(mapping, key);
                    assertSame(mapping, find(mapping), "the outside port is somebody else's");
                    Mapping other = outsides.putIfAbsent(outside(mapping), mapping);
                    assertTrue(other == null || other == mapping, "two behind one outside port");
                });
        assertEquals(insides.size(), mappings.mappings(), "mappings");
        int taken = mappings.usage().stream().mapToInt(use -> use.used() + use.resting()).sum();
        assertEquals(insides.size() + mappings.resting(), taken, "ports taken");
        assertEquals(opened, open.size() + closed.size(), "opened and closed");
    }

    private Mapping find(Mapping mapping) {
        return mappings.find(
                mapping.protocol(),
                mapping.outsideHigh(),
                mapping.outsideLow(),
                mapping.outsidePort());
    }

    private static List<Object> outside(Mapping mapping) {
        List<Object> outside = new ArrayList<>();
        outside.add(mapping.protocol());
        outside.add(new IpAddress(mapping.outsideHigh(), mapping.outsideLow()));
        outside.add(mapping.outsidePort());
        return outside;
    }

    /** Left alone, everything ends and every port comes back. */
    void assertNothingStaysBehind() {
        for (int i = 0; i < MOST_STEPS_TO_EXPIRE && !open.isEmpty(); i++) {
            now += LONGER_THAN_ANY_TIMER;
            expire();
        }
        assertEquals(Map.of(), open, "flows that stay for ever");
        now += MappingSettings.HOLD_DOWN.toNanos();
        expire();
        assertSound();
        assertEquals(0, mappings.resting());
        assertEquals(List.of(), mappings.blocks());
    }
}
