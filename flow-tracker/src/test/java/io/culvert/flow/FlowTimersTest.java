package io.culvert.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;
import java.util.function.Function;

class FlowTimersTest {
    private final FlowTimers timers =
            new FlowTimers(
                    Duration.ofSeconds(1),
                    Duration.ofSeconds(2),
                    Duration.ofSeconds(3),
                    Duration.ofSeconds(4),
                    Duration.ofSeconds(5));

    private static long seconds(int seconds) {
        return Duration.ofSeconds(seconds).toNanos();
    }

    @Test
    @Tag("rfc4787-req-5")
    @Tag("rfc5382-req-5")
    @Tag("rfc5508-req-2")
    void hasTheFloorsOfTheRfcs() {
        FlowTimers floor = FlowTimers.FLOOR;

        assertEquals(Duration.ofHours(2).plusMinutes(4), floor.tcpEstablished(), "RFC 5382 REQ-5");
        assertEquals(Duration.ofMinutes(4), floor.tcpTransitory(), "RFC 5382 REQ-5");
        assertEquals(Duration.ofMinutes(2), floor.udp(), "RFC 4787 REQ-5");
        assertEquals(Duration.ofSeconds(60), floor.icmp(), "RFC 5508 REQ-2");
    }

    @Test
    @Tag("rfc4787-req-5")
    @Tag("rfc4787-req-5-c")
    @Tag("rfc5382-req-5")
    @Tag("rfc5508-req-2")
    @Tag("rfc7857-2.1-b")
    void hasDefaultsNoLowerThanTheFloors() {
        for (Function<FlowTimers, Duration> timer :
                List.<Function<FlowTimers, Duration>>of(
                        FlowTimers::tcpEstablished,
                        FlowTimers::tcpTransitory,
                        FlowTimers::udp,
                        FlowTimers::icmp,
                        FlowTimers::other)) {
            Duration standard = timer.apply(FlowTimers.DEFAULT);
            assertTrue(standard.compareTo(timer.apply(FlowTimers.FLOOR)) >= 0, () -> "" + standard);
        }
        assertEquals(Duration.ofMinutes(5), FlowTimers.DEFAULT.udp(), "recommended there");
    }

    @Test
    void countsTcpAsTransitoryUntilItIsEstablished() {
        assertEquals(seconds(2), timers.nanos(IpProtocol.TCP, false));
        assertEquals(seconds(1), timers.nanos(IpProtocol.TCP, true));
    }

    @Test
    void hasATimeOutForEveryProtocol() {
        assertEquals(seconds(3), timers.nanos(IpProtocol.UDP, false));
        assertEquals(seconds(4), timers.nanos(IpProtocol.ICMP, false));
        assertEquals(seconds(4), timers.nanos(IpProtocol.ICMPV6, false));
        assertEquals(seconds(5), timers.nanos(IpProtocol.ESP, false));
    }
}
