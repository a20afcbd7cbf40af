package io.culvert.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowTable.Opening;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

class FlowTableTest {
    private static final FlowDecision FORWARD = new FlowDecision.Forward("default", "tunnels");
    private static final IpAddress CLIENT = IpAddress.parse("10.50.0.2");
    private static final IpAddress SERVER = IpAddress.parse("203.0.113.7");

    private final ManualClock clock = new ManualClock();
    private final List<String> events = new ArrayList<>();
    private final List<Flow> expired = new ArrayList<>();
    private final Tenant acme = new Tenant(1, "acme");
    private final Tenant globex = new Tenant(2, "globex");
    private final FlowTable table = table(new FlowLimits(4, 3, 1_000_000));

    private FlowTable table(FlowLimits limits) {
        return new FlowTable(1, limits, FlowTimers.DEFAULT, clock, new Recorder(), expired::add);
    }

    /** Writes down what a listener hears. */
    private final class Recorder implements FlowListener {
        @Override
        public void opened(Flow flow) {
            events.add("opened " + flow.id());
        }

        @Override
        public void closed(Flow flow, Reason reason) {
            events.add(
                    "closed %d %s, %d/%d packets, %d/%d bytes"
                            .formatted(
                                    flow.id(),
                                    reason,
                                    flow.initiatorPackets(),
                                    flow.targetPackets(),
                                    flow.initiatorBytes(),
                                    flow.targetBytes()));
        }
    }

    private static FlowKey key(Tenant tenant, int port) {
        return new FlowKey()
                .set(
                        tenant.id(),
                        IpProtocol.UDP,
                        CLIENT.high(),
                        CLIENT.low(),
                        port,
                        SERVER.high(),
                        SERVER.low(),
                        53);
    }

    private Flow open(Tenant tenant, int port) {
        return opened(table.open(key(tenant, port), tenant, 0, FORWARD));
    }

    private static Flow opened(Opening opening) {
        return assertInstanceOf(Opening.Opened.class, opening).flow();
    }

    private static Reason refusal(Opening opening) {
        return assertInstanceOf(Opening.Refused.class, opening).reason();
    }

    @Test
    void findsAFlowByAKeyOfTheSameFields() {
        Flow flow = open(acme, 5_000);

        assertSame(flow, table.find(key(acme, 5_000)));
        assertNull(table.find(key(acme, 5_001)));
        assertNull(table.find(key(globex, 5_000)), "the same addresses of another tenant");
    }

    @Test
    void keepsACopyOfTheKey() {
        FlowKey scratch = key(acme, 5_000);
        table.open(scratch, acme, 0, FORWARD);

        scratch.set(9, 9, 9, 9, 9, 9, 9, 9);

        assertEquals(key(acme, 5_000), table.find(key(acme, 5_000)).key());
    }

    @Test
    void numbersFlowsInOrderOfOpening() {
        long first = open(acme, 1).id();

        assertEquals(first + 1, open(globex, 1).id());
        assertEquals(2, table.size());
    }

    @Test
    @Tag("rfc6888-req-4-c")
    void refusesWhatATenantOpensBeyondItsRateAndCountsItNowhere() {
        FlowTable slow = table(new FlowLimits(100, 100, 2));
        opened(slow.open(key(acme, 1), acme, 0, FORWARD));
        opened(slow.open(key(acme, 2), acme, 0, FORWARD));

        assertEquals(Reason.TENANT_RATE, refusal(slow.open(key(acme, 3), acme, 0, FORWARD)));
        opened(slow.open(key(globex, 3), globex, 0, FORWARD));
        assertEquals(3, slow.size());
        assertEquals(2, acme.flows());

        clock.advance(Duration.ofMillis(500));
        opened(slow.open(key(acme, 3), acme, 0, FORWARD));
    }

    @Test
    void refusesTheFlowBeyondTheLimitAndKeepsLiveOnes() {
        Flow first = open(acme, 1);
        open(acme, 2);
        open(globex, 1);
        open(globex, 2);

        assertEquals(Reason.TABLE_FULL, refusal(table.open(key(globex, 3), globex, 0, FORWARD)));
        assertNull(table.find(key(globex, 3)));
        assertSame(first, table.find(key(acme, 1)));
        assertEquals(4, table.size());
        assertEquals(2, globex.flows());
    }

    @Test
    @Tag("rfc6888-req-5")
    void refusesTheFlowBeyondItsTenantsLimitAndNobodyElses() {
        open(acme, 1);
        open(acme, 2);
        open(acme, 3);

        assertEquals(Reason.TENANT_LIMIT, refusal(table.open(key(acme, 4), acme, 0, FORWARD)));
        assertEquals(3, table.size());
        assertEquals(3, acme.flows());
        open(globex, 1);
    }

    @Test
    void hasRoomAgainWhenAFlowCloses() {
        Flow first = open(acme, 1);
        open(acme, 2);
        open(acme, 3);

        table.close(first, Reason.FINISHED);

        open(acme, 4);
        assertEquals(3, acme.flows());
    }

    @Test
    void givesTheFlowThatAnotherWorkerHasJustOpened() {
        Flow first = open(acme, 1);

        Opening second = table.open(key(acme, 1), acme, 1, FORWARD);

        assertSame(first, assertInstanceOf(Opening.Found.class, second).flow());
        assertSame(first, table.find(key(acme, 1)));
        assertEquals(1, table.size());
        assertEquals(1, acme.flows());
        assertEquals(List.of("opened " + first.id()), events);
    }

    @Test
    void opensAKeyOnceHoweverManyWorkersTryAtOnce() throws Exception {
        int keys = 20_000;
        FlowTable shared =
                new FlowTable(
                        1,
                        FlowLimits.DEFAULT,
                        FlowTimers.DEFAULT,
                        clock,
                        FlowListener.NONE,
                        expired::add);
        Callable<Integer> worker =
                () -> {
                    int opened = 0;
                    for (int i = 0; i < keys; i++) {
                        Opening opening = shared.open(key(acme, i), acme, 0, FORWARD);
                        opened += opening instanceof Opening.Opened ? 1 : 0;
                    }
                    return opened;
                };

        int opened = 0;
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            for (Future<Integer> done : threads.invokeAll(Collections.nCopies(4, worker))) {
                opened += done.get();
            }
        }

        assertEquals(keys, opened);
        assertEquals(keys, shared.size());
        assertEquals(keys, acme.flows());
    }

    @Test
    void tellsTheListenerHowAFlowEnded() {
        Flow flow = open(acme, 1);
        flow.count(Direction.FROM_INITIATOR, 3, 180, clock.nanoTime());
        flow.count(Direction.FROM_TARGET, 2, 3_000, clock.nanoTime());

        table.close(flow, Reason.RESET_BY_TARGET);

        assertEquals(
                List.of("opened 1", "closed 1 RESET_BY_TARGET, 3/2 packets, 180/3000 bytes"),
                events);
        assertEquals(Reason.RESET_BY_TARGET, flow.closeReason());
    }

    @Test
    void closesAFlowOnce() {
        Flow flow = open(acme, 1);
        List<Flow> released = new ArrayList<>();
        flow.path(new ReleasedPath(released, flow));

        table.close(flow, Reason.FINISHED);
        table.close(flow, Reason.IDLE);

        assertEquals(List.of(flow), released);
        assertEquals(Reason.FINISHED, flow.closeReason());
        assertEquals(2, events.size());
        assertEquals(0, table.size());
        assertEquals(0, acme.flows());
    }

    @Test
    void releasesWhatAFlowHoldsWhenItIsOutOfTheTable() {
        Flow flow = open(acme, 1);
        List<Flow> found = new ArrayList<>();
        flow.path(
                new FlowPath() {
                    @Override
                    public String state() {
                        return "asking";
                    }

                    @Override
                    public void release() {
                        found.add(table.find(key(acme, 1)));
                        assertTrue(flow.isClosed());
                    }
                });

        table.close(flow, Reason.FINISHED);

        assertEquals(1, found.size());
        assertNull(found.getFirst());
    }

    /** Writes down which flow it was released with. */
    private record ReleasedPath(List<Flow> released, Flow flow) implements FlowPath {
        @Override
        public String state() {
            return "open";
        }

        @Override
        public void release() {
            released.add(flow);
        }
    }

    @Test
    void leavesTheNextFlowOfTheKeyAloneWhenAnOlderOneCloses() {
        Flow first = open(acme, 1);
        table.close(first, Reason.FINISHED);
        Flow second = open(acme, 1);

        table.close(first, Reason.IDLE);

        assertSame(second, table.find(key(acme, 1)));
        assertEquals(1, table.size());
    }

    @Test
    void showsEveryLiveFlow() {
        Set<Flow> live = new HashSet<>(List.of(open(acme, 1), open(globex, 1)));
        table.close(open(acme, 2), Reason.FINISHED);

        Set<Flow> shown = new HashSet<>();
        table.forEach(shown::add);

        assertEquals(live, shown);
        assertFalse(expired.iterator().hasNext());
    }

    @Test
    void knowsItsLimits() {
        assertEquals(new FlowLimits(4, 3, 1_000_000), table.limits());
    }
}
