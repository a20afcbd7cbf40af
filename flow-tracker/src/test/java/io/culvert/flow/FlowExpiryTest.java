package io.culvert.flow;

import static io.culvert.flow.Direction.FROM_INITIATOR;
import static io.culvert.flow.Direction.FROM_TARGET;
import static io.culvert.wire.TcpHeader.ACK;
import static io.culvert.wire.TcpHeader.FIN;
import static io.culvert.wire.TcpHeader.SYN;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowTable.Opening;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.wire.IpProtocol;
import io.culvert.wire.TcpHeader;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;

class FlowExpiryTest {
    private static final FlowDecision FORWARD = new FlowDecision.Forward("default", "tunnels");
    private static final Duration NANOSECOND = Duration.ofNanos(1);
    private static final Duration UDP = FlowTimers.DEFAULT.udp();

    /** The wheel's tick is 2^30 nanoseconds. */
    private static final Duration TICK = Duration.ofMillis(1_074);

    private final ManualClock clock = new ManualClock();
    private final List<Flow> expired = new ArrayList<>();
    private final Tenant tenant = new Tenant(1, "acme");
    private final FlowTable table = table(expired::add);

    private FlowTable table(FlowTable.Expired taker) {
        return new FlowTable(
                1,
                new FlowLimits(100_000, 100_000, 1_000_000),
                FlowTimers.DEFAULT,
                clock,
                FlowListener.NONE,
                taker);
    }

    private static FlowKey key(int protocol, int number) {
        return new FlowKey().set(1, protocol, 0, number, 1_000, 1, 2, 53);
    }

    private static Flow open(FlowTable table, Tenant tenant, FlowKey key) {
        return assertInstanceOf(Opening.Opened.class, table.open(key, tenant, 0, FORWARD)).flow();
    }

    private Flow open(int protocol) {
        return open(table, tenant, key(protocol, 1));
    }

    private void packet(Flow flow, Direction from) {
        flow.count(from, 1, 100, clock.nanoTime());
        table.seen(flow);
    }

    private void segment(Flow flow, Direction from, int flags, int sequence, int acknowledgment) {
        packet(flow, from);
        table.segment(flow, from, Segment.of(flags, sequence, acknowledgment, 0));
    }

    private Flow established() {
        Flow flow = open(IpProtocol.TCP);
        segment(flow, FROM_INITIATOR, SYN, 0, 0);
        segment(flow, FROM_TARGET, SYN | ACK, 0, 1);
        segment(flow, FROM_INITIATOR, ACK, 1, 1);
        return flow;
    }

    private static Duration longest(Duration timeout) {
        return timeout.plus(timeout.dividedBy(8));
    }

    /** Whether a silent flow is kept for its time-out and gone an eighth of it later. */
    private void assertEndsAfter(Duration timeout, Flow flow) {
        clock.advance(timeout);
        assertSame(flow, table.find(flow.key()));
        clock.advance(longest(timeout).minus(timeout));
        assertNull(table.find(flow.key()));
    }

    @Test
    @Tag("rfc4787-req-5")
    void keepsASilentFlowForExactlyNineEighthsOfItsTimeOut() {
        Flow flow = open(IpProtocol.UDP);

        clock.advance(longest(UDP).minus(NANOSECOND));
        table.expire();
        assertSame(flow, table.find(flow.key()));
        assertEquals(List.of(), expired);

        clock.advance(NANOSECOND);
        assertNull(table.find(flow.key()));
    }

    @Test
    void handsAnExpiredFlowOverWithinOneTickOfTheWheel() {
        Flow flow = open(IpProtocol.UDP);

        clock.advance(longest(UDP).plus(TICK));
        table.expire();

        assertEquals(List.of(flow), expired);
        assertEquals(1, table.size(), "until its owner closes it");
    }

    @Test
    void hasATimeOutForEachProtocol() {
        assertEndsAfter(FlowTimers.DEFAULT.udp(), open(IpProtocol.UDP));
        assertEndsAfter(FlowTimers.DEFAULT.icmp(), open(IpProtocol.ICMP));
        assertEndsAfter(FlowTimers.DEFAULT.icmp(), open(IpProtocol.ICMPV6));
        assertEndsAfter(FlowTimers.DEFAULT.other(), open(IpProtocol.GRE));
        assertEndsAfter(FlowTimers.DEFAULT.tcpTransitory(), open(IpProtocol.TCP));
    }

    @Test
    void renewsTheDeadlineAnEighthLaterAndNotBefore() {
        Flow flow = open(IpProtocol.UDP);
        Duration step = UDP.dividedBy(8);

        clock.advance(step.minus(NANOSECOND));
        packet(flow, FROM_INITIATOR);
        clock.advance(UDP);
        assertSame(flow, table.find(flow.key()), "silent for its time-out, not for longer");
        clock.advance(NANOSECOND);
        assertNull(table.find(flow.key()));

        Flow next = open(IpProtocol.UDP);
        clock.advance(step);
        packet(next, FROM_TARGET);
        assertEndsAfter(UDP, next);
    }

    @Test
    @Tag("rfc4787-req-6")
    @Tag("rfc4787-req-6-a")
    void livesAsLongAsEitherSideIsHeard() {
        Flow flow = open(IpProtocol.UDP);
        for (int i = 0; i < 1_000; i++) {
            clock.advance(UDP);
            packet(flow, i % 2 == 0 ? FROM_INITIATOR : FROM_TARGET);
            table.expire();
        }

        assertSame(flow, table.find(flow.key()));
        assertEquals(List.of(), expired);
    }

    @Test
    void neverEndsAFlowEarlyNorMoreThanAnEighthLateWhateverItsPackets() {
        Random random = new Random(42);
        for (int round = 0; round < 300; round++) {
            Flow flow = open(table, tenant, key(IpProtocol.UDP, round));
            for (int packets = random.nextInt(40); packets > 0; packets--) {
                clock.advanceNanos(random.nextLong(UDP.toNanos() >> random.nextInt(12)));
                packet(flow, FROM_INITIATOR);
                if (random.nextInt(4) == 0) {
                    table.expire();
                }
                assertSame(flow, table.find(flow.key()));
            }
            clock.advance(UDP);
            table.expire();
            assertSame(flow, table.find(flow.key()), "round " + round);
            clock.advance(UDP.dividedBy(8));
            assertNull(table.find(flow.key()), "round " + round);
            clock.advance(TICK);
            table.expire();
            assertEquals(List.of(flow), expired);
            table.close(flow, Reason.IDLE);
            expired.clear();
        }
        assertEquals(0, table.size());
    }

    @Test
    void handsEachOfManyExpiredFlowsOverOnce() {
        int count = 10_000;
        HashSet<Flow> open = new HashSet<>();
        for (int i = 0; i < count; i++) {
            open.add(open(table, tenant, key(IpProtocol.UDP, i)));
            clock.advance(Duration.ofMillis(1));
        }

        for (int second = 0; second < 2 * UDP.toSeconds(); second++) {
            clock.advance(Duration.ofSeconds(1));
            table.expire();
        }

        assertEquals(count, expired.size());
        assertEquals(open, new HashSet<>(expired));
        expired.forEach(flow -> table.close(flow, Reason.IDLE));
        assertEquals(count, expired.size());
        assertEquals(0, table.size());
        assertEquals(0, tenant.flows());
    }

    @Test
    void letsItsOwnerCloseAnExpiredFlowOnTheSpot() {
        FlowTable[] own = new FlowTable[1];
        List<Flow> closed = new ArrayList<>();
        own[0] =
                table(
                        flow -> {
                            own[0].close(flow, Reason.IDLE);
                            closed.add(flow);
                        });
        for (int i = 0; i < 1_000; i++) {
            open(own[0], tenant, key(IpProtocol.UDP, i));
        }

        clock.advance(longest(UDP).plus(TICK));
        own[0].expire();

        assertEquals(1_000, closed.size());
        assertEquals(0, own[0].size());
        assertEquals(0, tenant.flows());
    }

    @Test
    void opensAKeyAgainWhoseFlowHasExpired() {
        Flow first = open(IpProtocol.UDP);
        clock.advance(longest(UDP));

        Flow second = open(IpProtocol.UDP);

        assertNotSame(first, second);
        assertSame(second, table.find(second.key()));
        assertEquals(List.of(first), expired);

        table.close(first, Reason.IDLE);
        assertSame(second, table.find(second.key()));
        assertEquals(1, table.size());
        assertEndsAfter(UDP, second);
        clock.advance(TICK);
        table.expire();
        assertEquals(List.of(first, second), expired);
    }

    @Test
    void handsOverNoFlowThatWasClosedAfterItsDeadline() {
        Flow flow = open(IpProtocol.UDP);
        clock.advance(longest(UDP));

        table.close(flow, Reason.SHUTDOWN);
        clock.advance(TICK);
        table.expire();

        assertEquals(List.of(), expired);
        assertEquals(Reason.SHUTDOWN, flow.closeReason());
    }

    @Nested
    class OfTcp {
        @Test
        void appliesTheEstablishedTimeOutFromTheEndOfTheHandshake() {
            Flow flow = established();

            assertEndsAfter(FlowTimers.DEFAULT.tcpEstablished(), flow);
        }

        @Test
        void appliesTheTransitoryTimeOutFromTheFirstFin() {
            Flow flow = established();
            clock.advance(Duration.ofSeconds(10));

            segment(flow, FROM_TARGET, FIN | ACK, 1, 1);

            assertEndsAfter(FlowTimers.DEFAULT.tcpTransitory(), flow);
        }
    }

    @Nested
    class OfATrackedTcpConnection {
        private final Flow flow = open(IpProtocol.TCP);
        private final TcpScript script = new TcpScript(flow, this::judge);

        private TcpVerdict judge(Direction from, TcpHeader tcp) {
            packet(flow, from);
            return table.judge(flow, from, tcp);
        }

        private void establish() {
            flow.tracker(new TcpTracker(false));
            script.run(
                    """
                    i SYN 1000 win 1000             : ACCEPT SYN_SENT
                    t SYN+ACK 5000 ack 1001 win 1000: ACCEPT SYN_RECEIVED
                    i ACK 1001 ack 5001 win 1000    : ACCEPT ESTABLISHED
                    """);
        }

        @Test
        void appliesTheEstablishedTimeOutFromTheEndOfTheHandshake() {
            establish();

            assertEndsAfter(FlowTimers.DEFAULT.tcpEstablished(), flow);
        }

        @Test
        @Tag("rfc7857-2.2-b")
        void keepsTheFlowForTheTransitoryTimeOutAfterAReset() {
            establish();
            clock.advance(Duration.ofSeconds(10));

            script.run("i RST 1001 : ACCEPT RESET");

            assertEndsAfter(FlowTimers.DEFAULT.tcpTransitory(), flow);
        }

        @Test
        void isNotShortenedByAResetThatMayNotBeBelieved() {
            establish();

            script.run("i RST 1002 : PASS ESTABLISHED");

            assertEndsAfter(FlowTimers.DEFAULT.tcpEstablished(), flow);
        }

        @Test
        @Tag("rfc5382-req-5")
        void waitsFiveMinutesOnceDataWasSentThreeTimesAgainInVain() {
            establish();
            script.run(
                    """
                    i ACK 1001 ack 5001 win 1000 len 10 : ACCEPT ESTABLISHED
                    i ACK 1001 ack 5001 win 1000 len 10 : ACCEPT ESTABLISHED
                    i ACK 1001 ack 5001 win 1000 len 10 : ACCEPT ESTABLISHED
                    i ACK 1001 ack 5001 win 1000 len 10 : ACCEPT ESTABLISHED
                    """);

            assertEndsAfter(Duration.ofMinutes(5), flow);
        }

        @Test
        void waitsLongAgainFromTheAnswerOn() {
            establish();
            script.run(
                    """
                    i ACK 1001 ack 5001 win 1000 len 10 : ACCEPT ESTABLISHED
                    i ACK 1001 ack 5001 win 1000 len 10 : ACCEPT ESTABLISHED
                    i ACK 1001 ack 5001 win 1000 len 10 : ACCEPT ESTABLISHED
                    i ACK 1001 ack 5001 win 1000 len 10 : ACCEPT ESTABLISHED
                    """);
            clock.advance(Duration.ofSeconds(1));

            script.run("t ACK 5001 ack 1011 win 1000 : ACCEPT ESTABLISHED");

            assertEndsAfter(FlowTimers.DEFAULT.tcpEstablished(), flow);
        }
    }

    @Nested
    class KeptUntilItIsClosed {
        @Test
        void outlivesEveryTimeOut() {
            Flow flow = established();
            table.keepUntilClosed(flow);

            for (int day = 0; day < 400; day++) {
                clock.advance(Duration.ofDays(1));
                table.expire();
            }

            assertSame(flow, table.find(flow.key()));
            packet(flow, FROM_TARGET);
            segment(flow, FROM_TARGET, FIN | ACK, 1, 1);
            clock.advance(Duration.ofDays(1));
            table.expire();
            assertSame(flow, table.find(flow.key()), "packets bring no deadline back");
            assertEquals(List.of(), expired);
        }

        @Test
        void hasATimeOutAgainFromTheMomentThatItIsGivenOne() {
            Flow flow = established();
            table.keepUntilClosed(flow);
            segment(flow, FROM_TARGET, FIN | ACK, 1, 1);
            clock.advance(Duration.ofDays(5));

            table.expireSoon(flow);

            assertEndsAfter(FlowTimers.DEFAULT.tcpTransitory(), flow);
        }

        @Test
        void isRenewedByPacketsAfterThat() {
            Flow flow = open(IpProtocol.UDP);
            table.keepUntilClosed(flow);
            clock.advance(Duration.ofDays(5));
            table.expireSoon(flow);

            clock.advance(UDP);
            packet(flow, FROM_INITIATOR);

            assertEndsAfter(UDP, flow);
        }

        @Test
        void leavesTheNextFlowOfTheKeyItsTimeOut() {
            Flow first = open(IpProtocol.UDP);
            clock.advance(longest(UDP));
            Flow second = open(IpProtocol.UDP);

            table.keepUntilClosed(first);

            assertEndsAfter(UDP, second);
        }

        @Test
        void isClosedLikeAnyOther() {
            Flow flow = open(IpProtocol.UDP);
            table.keepUntilClosed(flow);

            table.close(flow, Reason.FINISHED);
            table.expireSoon(flow);

            assertNull(table.find(flow.key()));
            assertNotNull(flow.closeReason());
            assertTrue(flow.isClosed());
        }
    }
}
