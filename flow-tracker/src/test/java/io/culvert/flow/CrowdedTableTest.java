package io.culvert.flow;

import static io.culvert.flow.Direction.FROM_INITIATOR;
import static io.culvert.flow.Direction.FROM_TARGET;
import static io.culvert.wire.TcpHeader.ACK;
import static io.culvert.wire.TcpHeader.RST;
import static io.culvert.wire.TcpHeader.SYN;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowTable.Opening;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

class CrowdedTableTest {
    private static final int LIMIT = 100;
    private static final int ALL = 1_000;
    private static final FlowDecision FORWARD = new FlowDecision.Forward("default", "tunnels");

    private final ManualClock clock = new ManualClock();
    private final List<Long> dropped = new ArrayList<>();
    private final Tenant tenant = new Tenant(1, "acme");
    private final FlowTable table =
            new FlowTable(
                    2,
                    new FlowLimits(LIMIT, LIMIT, 1_000_000),
                    FlowTimers.DEFAULT,
                    clock,
                    new FlowListener() {
                        @Override
                        public void opened(Flow flow) {}

                        @Override
                        public void closed(Flow flow, Reason reason) {
                            assertEquals(Reason.EARLY_DROP, reason);
                            dropped.add(flow.id());
                        }
                    },
                    flow -> {});

    @Test
    void aConnectionThatWasAcceptedNeverGivesWay() {
        Flow accepted = open(IpProtocol.TCP);
        table.accepted(accepted);
        assertEquals(0, tenant.halfOpen());
        assertEquals(TcpState.ESTABLISHED, accepted.tcpState());
        open(IpProtocol.UDP, LIMIT - 1);
        clock.advance(Duration.ofDays(30));
        relieve();

        assertFalse(accepted.isClosed());
        assertSame(accepted, table.find(accepted.key()));
    }

    private int opened;

    private Opening attempt(int protocol) {
        opened++;
        FlowKey key = new FlowKey().set(1, protocol, 0, opened, 1_000, 1, 2, 53);
        return table.open(key, tenant, 0, FORWARD);
    }

    private Flow open(int protocol) {
        return assertInstanceOf(Opening.Opened.class, attempt(protocol)).flow();
    }

    private void open(int protocol, int count) {
        for (int i = 0; i < count; i++) {
            open(protocol);
        }
    }

    private void packet(Flow flow, Direction from) {
        flow.count(from, 1, 100, clock.nanoTime());
        table.seen(flow);
    }

    private void segment(Flow flow, Direction from, int flags, int sequence, int acknowledgment) {
        packet(flow, from);
        table.segment(flow, from, Segment.of(flags, sequence, acknowledgment, 0));
    }

    private void relieve() {
        table.relieve(0, ALL);
    }

    @Test
    void leavesEverybodyInPeaceBelowSixtyPercent() {
        open(IpProtocol.UDP, 59);
        assertFalse(table.isCrowded());
        clock.advance(Duration.ofSeconds(299));

        relieve();

        assertEquals(List.of(), dropped);
    }

    @Test
    void endsUnansweredFlowsTheSoonerTheFullerTheTableIs() {
        // 60 % have the full 240 s, each percent more has 5.75 s less.
        open(IpProtocol.UDP, 80);
        assertTrue(table.isCrowded());
        clock.advance(Duration.ofSeconds(124));
        relieve();
        assertEquals(0, dropped.size());

        clock.advance(Duration.ofSeconds(1));
        relieve();
        assertEquals(1, dropped.size(), "one was enough for the time that is left to the others");

        clock.advance(Duration.ofSeconds(116));
        relieve();
        assertEquals(21, dropped.size(), "down to where nothing is crowded");
    }

    @Test
    void givesEveryFlowTenSecondsAtLeast() {
        open(IpProtocol.UDP, LIMIT);
        clock.advance(Duration.ofMillis(9_999));
        relieve();
        assertEquals(0, dropped.size());
        assertEquals(Reason.TABLE_FULL, refusal(attempt(IpProtocol.UDP)));

        clock.advance(Duration.ofMillis(1));
        open(IpProtocol.UDP);

        assertEquals(1, dropped.size());
        assertEquals(LIMIT, table.size());
    }

    @Test
    void endsTheLongestSilentFirst() {
        open(IpProtocol.UDP, 50);
        clock.advance(Duration.ofSeconds(5));
        open(IpProtocol.UDP, 50);
        clock.advance(Duration.ofSeconds(8));

        relieve();

        assertEquals(List.of(1L), dropped.subList(0, 1));
        assertTrue(dropped.stream().allMatch(id -> id <= 50), dropped::toString);
    }

    @Test
    void neverEndsAnAnsweredFlow() {
        for (int i = 0; i < LIMIT; i++) {
            packet(open(IpProtocol.UDP), FROM_TARGET);
        }
        clock.advance(Duration.ofSeconds(250));

        relieve();

        assertEquals(List.of(), dropped);
        assertEquals(Reason.TABLE_FULL, refusal(attempt(IpProtocol.UDP)));
    }

    @Test
    void keepsAFlowThatGoesOnSendingWithoutAnAnswer() {
        Flow syslog = open(IpProtocol.UDP);
        open(IpProtocol.UDP, 99);
        for (int i = 0; i < 30; i++) {
            clock.advance(Duration.ofSeconds(9));
            packet(syslog, FROM_INITIATOR);
            relieve();
        }

        assertFalse(syslog.isClosed());
        assertFalse(table.isCrowded());
    }

    @Test
    void takesAConnectionForOneWhenItsHandshakeIsDone() {
        Flow halfOpen = open(IpProtocol.TCP);
        segment(halfOpen, FROM_INITIATOR, SYN, 0, 0);
        segment(halfOpen, FROM_TARGET, SYN | ACK, 0, 1);
        Flow established = open(IpProtocol.TCP);
        segment(established, FROM_INITIATOR, SYN, 0, 0);
        segment(established, FROM_TARGET, SYN | ACK, 0, 1);
        segment(established, FROM_INITIATOR, ACK, 1, 1);
        open(IpProtocol.UDP, 98);
        clock.advance(Duration.ofSeconds(30));

        relieve();

        assertTrue(halfOpen.isClosed(), "an answer from the target says nothing of its initiator");
        assertFalse(established.isClosed());
    }

    @Test
    void countsATenantsHalfOpenConnections() {
        Flow opening = open(IpProtocol.TCP);
        Flow refused = open(IpProtocol.TCP);
        Flow given = open(IpProtocol.TCP);
        open(IpProtocol.UDP);
        assertEquals(3, tenant.halfOpen());

        segment(opening, FROM_INITIATOR, SYN, 0, 0);
        segment(opening, FROM_TARGET, SYN | ACK, 0, 1);
        assertEquals(3, tenant.halfOpen());
        segment(opening, FROM_INITIATOR, ACK, 1, 1);
        assertEquals(2, tenant.halfOpen());

        segment(refused, FROM_INITIATOR, SYN, 0, 0);
        segment(refused, FROM_TARGET, RST | ACK, 0, 1);
        assertEquals(1, tenant.halfOpen());
        table.close(refused, Reason.EARLY_DROP);
        assertEquals(1, tenant.halfOpen(), "it was none any more");

        table.close(given, Reason.EARLY_DROP);
        assertEquals(0, tenant.halfOpen());
    }

    @Test
    void takesAFinishedHandshakeForProofOfItsSource() {
        Flow flow = open(IpProtocol.TCP);
        segment(flow, FROM_INITIATOR, SYN, 0, 0);
        segment(flow, FROM_TARGET, SYN | ACK, 0, 1);
        assertFalse(table.sources().areProven(flow.key(), clock.nanoTime()));

        segment(flow, FROM_INITIATOR, ACK, 1, 1);

        assertTrue(table.sources().areProven(flow.key(), clock.nanoTime()));
    }

    @Test
    void looksAtItsOwnWorkersFlowsAlone() {
        open(IpProtocol.UDP, LIMIT);
        clock.advance(Duration.ofSeconds(20));

        table.relieve(1, ALL);

        assertEquals(List.of(), dropped);
    }

    private static Reason refusal(Opening opening) {
        return assertInstanceOf(Opening.Refused.class, opening).reason();
    }
}
