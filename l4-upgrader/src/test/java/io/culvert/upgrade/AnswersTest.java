package io.culvert.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.PacketCounters;
import io.culvert.hook.Reason;
import io.culvert.linux.Errno;
import io.culvert.tun.MemoryDevice;
import io.culvert.tun.Packet;
import io.culvert.wire.Defect;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

class AnswersTest {
    private static final long MILLISECOND = 1_000_000;

    private static final IpAddress SOURCE_4 = IpAddress.parse("10.1.2.3");
    private static final IpAddress DESTINATION_4 = IpAddress.parse("198.51.100.7");
    private static final IpAddress SOURCE_6 = IpAddress.parse("2001:db8::3");
    private static final IpAddress DESTINATION_6 = IpAddress.parse("2001:db8:1::7");

    private final ManualClock clock = new ManualClock();
    private final PacketCounters counters = new PacketCounters();

    /** Always the middle. */
    private final RandomGenerator random =
            new RandomGenerator() {
                @Override
                public long nextLong() {
                    return 0;
                }

                @Override
                public long nextLong(long bound) {
                    return bound / 2;
                }
            };

    private final Answers answers = new Answers(clock, random, 1, counters);
    private final MemoryDevice.Pair ramp = MemoryDevice.pair(1500, 4);
    private final IpPacket offending = new IpPacket();
    private final IpPacket reply = new IpPacket();
    private int replies;

    private IpPacket packet(String protocol, int version) {
        IpAddress source = version == 4 ? SOURCE_4 : SOURCE_6;
        IpAddress destination = version == 4 ? DESTINATION_4 : DESTINATION_6;
        Packet packet =
                protocol.equals("TCP")
                        ? Segments.syn(source, 4000, destination, 80)
                        : Segments.udp(source, 4000, destination, 80);
        assertEquals(Defect.NONE, offending.wrap(packet.bytes(), Packet.OFFSET, packet.length()));
        assertTrue(offending.transportChecksumValid());
        return offending;
    }

    private IpPacket received() {
        replies =
                ramp.right()
                        .receive(
                                packet ->
                                        assertEquals(
                                                Defect.NONE,
                                                reply.wrap(
                                                        packet.bytes(),
                                                        Packet.OFFSET,
                                                        packet.length())),
                                10);
        return reply;
    }

    private void assertComesFromTheDestination() {
        assertComesFrom(new IpAddress(offending.destinationHigh(), offending.destinationLow()));
    }

    private void assertComesFrom(IpAddress source) {
        assertEquals(1, replies);
        assertEquals(1, counters.returnedCount());
        assertTrue(reply.transportChecksumValid());
        assertEquals(source, new IpAddress(reply.sourceHigh(), reply.sourceLow()));
        assertEquals(offending.sourceHigh(), reply.destinationHigh());
        assertEquals(offending.sourceLow(), reply.destinationLow());
    }

    @ParameterizedTest
    @CsvSource({
        "DIAL_REFUSED, 4",
        "DIAL_REFUSED, 6",
        "POLICY_RULE, 4",
        "POLICY_DEFAULT, 6",
        "HOOK_REFUSED, 4",
    })
    void aConnectionThatIsRefusedIsReset(Reason reason, int version) {
        assertTrue(answers.refuse(packet("TCP", version), reason, ramp.left()));
        received();

        assertComesFromTheDestination();
        assertTrue(reply.tcp().rst());
        assertTrue(reply.tcp().ack());
        assertEquals(1001, reply.tcp().acknowledgmentNumber());
        assertEquals(80, reply.sourcePort());
        assertEquals(4000, reply.destinationPort());
    }

    // RFC 792, RFC 1812 section 5.2.7.1, RFC 4443 section 3.1, 3.3.
    @ParameterizedTest
    @CsvSource({
        "DIAL_REFUSED, UDP, 4, 3, 3",
        "DIAL_REFUSED, UDP, 6, 1, 4",
        "POLICY_RULE, UDP, 4, 3, 13",
        "POLICY_DEFAULT, UDP, 6, 1, 1",
        "HOOK_REFUSED, UDP, 4, 3, 13",
        "NO_ROUTE, TCP, 4, 3, 0",
        "NO_ROUTE, UDP, 6, 1, 0",
        "DIAL_UNREACHABLE, TCP, 4, 3, 1",
        "DIAL_UNREACHABLE, TCP, 6, 1, 3",
        "DIAL_TIMEOUT, TCP, 4, 3, 1",
        "DIAL_TIMEOUT, UDP, 6, 1, 3",
        "TENANT_LIMIT, UDP, 4, 3, 13",
        "TENANT_SLOTS, TCP, 6, 1, 1",
        "TENANT_PORTS, TCP, 4, 3, 13",
        "OUTSIDE_PORTS_EXHAUSTED, UDP, 6, 1, 1",
        "PROTOCOL_NOT_UPGRADABLE, UDP, 4, 3, 2",
        "PROTOCOL_NOT_UPGRADABLE, UDP, 6, 4, 1",
        "TIME_EXCEEDED, UDP, 4, 11, 0",
        "TIME_EXCEEDED, TCP, 6, 3, 0",
    })
    @Tag("rfc5508-req-8")
    @Tag("rfc1812-5.2.7.1-a")
    @Tag("rfc1812-5.2.7.1-b")
    void whatCannotBeReachedIsAnErrorThatQuotesThePacket(
            Reason reason, String protocol, int version, int type, int code) {
        assertTrue(answers.refuse(packet(protocol, version), reason, ramp.left()));
        received();

        if (reason == Reason.DIAL_REFUSED) {
            assertComesFromTheDestination();
        } else {
            // RFC 7600 section 4.8: a hop without an address of its own.
            assertComesFrom(IpAddress.parse(version == 4 ? "192.0.0.8" : "fd00:c0:1::1"));
        }
        assertEquals(type, reply.icmp().type());
        assertEquals(code, reply.icmp().code());
        IpPacket quoted = new IpPacket();
        int at = reply.icmp().payloadOffset();
        assertEquals(
                Defect.NONE,
                quoted.wrapQuoted(reply.bytes(), at, reply.start() + reply.length() - at));
        assertEquals(protocol.equals("TCP") ? IpProtocol.TCP : IpProtocol.UDP, quoted.protocol());
        assertEquals(offending.sourceLow(), quoted.sourceLow());
        assertEquals(4000, quoted.sourcePort());
        assertEquals(80, quoted.destinationPort());
    }

    @ParameterizedTest
    @EnumSource(
            value = Reason.class,
            names = {
                "TABLE_FULL",
                "TENANT_RATE",
                "SLOTS_EXHAUSTED",
                "DESCRIPTORS_EXHAUSTED",
                "PORTS_EXHAUSTED",
                "DIALS_EXHAUSTED",
                "ECHO_UNAVAILABLE",
                "SHUTDOWN"
            })
    void aShortageThatPassesIsNotAnswered(Reason reason) {
        assertFalse(answers.refuse(packet("TCP", 4), reason, ramp.left()));
        assertFalse(answers.refuse(packet("UDP", 6), reason, ramp.left()));
        received();

        assertEquals(0, replies);
        assertEquals(0, counters.returnedCount());
    }

    private int errorsTaken(int tries) {
        return errorsTaken(tries, Reason.DIAL_UNREACHABLE, 4);
    }

    private int errorsTaken(int tries, Reason reason, int version) {
        int taken = 0;
        for (int i = 0; i < tries; i++) {
            taken += answers.refuse(packet("UDP", version), reason, ramp.left()) ? 1 : 0;
            received();
        }
        return taken;
    }

    @Test
    @Tag("rfc5508-req-10-f")
    void fiftyErrorsLeaveAtOnceAndThenOneAMillisecond() {
        assertEquals(50, errorsTaken(60));
        clock.advance(MILLISECOND - 1);
        assertEquals(0, errorsTaken(2));
        clock.advance(1);
        assertEquals(1, errorsTaken(2));
        clock.advance(7 * MILLISECOND);
        assertEquals(7, errorsTaken(60));
        clock.advance(3_600_000 * MILLISECOND);
        assertEquals(50, errorsTaken(60));
    }

    @ParameterizedTest
    @EnumSource(
            value = Reason.class,
            names = {"TIME_EXCEEDED", "NO_ROUTE", "POLICY_RULE", "TENANT_PORTS"})
    @Tag("rfc5508-req-10-f")
    void ofWhatWeSayUnaskedOneTargetGetsSixAtOnceAndThenOneASecond(Reason reason) {
        assertEquals(6, errorsTaken(20, reason, 4));
        assertEquals(6, errorsTaken(20, reason, 6), "another target");
        clock.advance(1_000 * MILLISECOND - 1);
        assertEquals(0, errorsTaken(2, reason, 4));
        clock.advance(1);
        assertEquals(1, errorsTaken(2, reason, 4));
    }

    @Test
    void workersShareTheRate() {
        Answers oneOfFour = new Answers(clock, random, 4, counters);
        int taken = 0;
        for (int i = 0; i < 1_000; i++) {
            clock.advance(MILLISECOND);
            Reason reason = Reason.DIAL_UNREACHABLE;
            taken += oneOfFour.refuse(packet("UDP", 4), reason, ramp.left()) ? 1 : 0;
            received();
        }
        assertEquals(250, taken, 50);
    }

    @Test
    void nobodyCanTellFromTheRateWhetherAnotherWasToldSomething() {
        Set<Integer> counts = new HashSet<>();
        for (int seed = 0; seed < 20; seed++) {
            Answers each = new Answers(clock, new SplittableRandom(seed), 1, counters);
            int taken = 0;
            for (int i = 0; i < 200; i++) {
                Reason reason = Reason.DIAL_UNREACHABLE;
                taken += each.refuse(packet("UDP", 4), reason, ramp.left()) ? 1 : 0;
                received();
            }
            counts.add(taken);
        }
        assertTrue(counts.size() > 2, "always " + counts);
    }

    @Test
    void resetsAreNotCountedAgainstTheRate() {
        assertEquals(50, errorsTaken(50));
        for (int i = 0; i < 100; i++) {
            assertTrue(answers.refuse(packet("TCP", 4), Reason.DIAL_REFUSED, ramp.left()));
            received();
        }
    }

    @Test
    void anAnswerThatTheDeviceDoesNotTakeIsNone() {
        ramp.right().close();

        assertFalse(answers.refuse(packet("TCP", 4), Reason.DIAL_REFUSED, ramp.left()));
        assertEquals(0, counters.returnedCount());
    }

    @ParameterizedTest
    @CsvSource({
        "ECONNREFUSED, DIAL_REFUSED",
        "ETIMEDOUT, DIAL_TIMEOUT",
        "EMFILE, DESCRIPTORS_EXHAUSTED",
        "ENFILE, DESCRIPTORS_EXHAUSTED",
        "ENOSPC, DESCRIPTORS_EXHAUSTED",
        "EADDRNOTAVAIL, PORTS_EXHAUSTED",
        "EAGAIN, DIALS_EXHAUSTED",
        "ENETUNREACH, DIAL_UNREACHABLE",
        "EHOSTUNREACH, DIAL_UNREACHABLE",
        "EPERM, DIAL_UNREACHABLE",
        "OTHER, DIAL_UNREACHABLE",
    })
    void aDialsFailureHasAName(Errno errno, Reason reason) {
        assertEquals(reason, Answers.reasonOf(errno.number()));
    }
}
