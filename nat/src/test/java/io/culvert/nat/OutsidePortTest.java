package io.culvert.nat;

import static io.culvert.nat.TestMappings.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.util.HashSet;
import java.util.Set;

/** Which outside port a new mapping gets. */
class OutsidePortTest {
    private static final int TCP = IpProtocol.TCP;
    private static final int UDP = IpProtocol.UDP;
    private static final int ICMP = IpProtocol.ICMP;
    private static final String CLIENT = "10.50.0.2";
    private static final String SERVER = "203.0.113.7";

    /** RFC 4787 REQ-4. */
    @ParameterizedTest
    @ValueSource(ints = {40_000, 40_001})
    @Tag("rfc4787-req-4")
    @Tag("rfc4787-req-11")
    void keepsTheParityOfUdp(int first) {
        TestMappings mappings = new TestMappings(settings());
        for (int i = 0; i < 5_000; i++) {
            int inside = first + 2 * (i % 1_000);
            Mapping mapping = mappings.claim(1, UDP, "10.50.0." + i / 1_000, inside, SERVER);
            assertEquals(inside & 1, mapping.outsidePort() & 1);
        }

        // RFC 4787 REQ-11: that half of the ports are free changes nothing.
        assertEquals(
                Reason.OUTSIDE_PORTS_EXHAUSTED, mappings.refusal(2, UDP, CLIENT, first, SERVER));
        mappings.claim(2, UDP, CLIENT, first + 1, SERVER);
    }

    /** RFC 4787 REQ-3 a. */
    @Test
    @Tag("rfc4787-req-3-a")
    void keepsTheClassOfUdpWhereTheRangeHasIt() {
        TestMappings mappings =
                new TestMappings(settings(new PortRange(1_004, 1_043), "198.51.100.7"));
        for (int i = 0; i < 10; i++) {
            int low = mappings.claim(1, UDP, CLIENT, 500 + 2 * i, SERVER).outsidePort();
            int high = mappings.claim(1, UDP, CLIENT, 1_024 + 2 * i, SERVER).outsidePort();
            assertTrue(low <= 1_023 && high >= 1_024, low + " and " + high);
        }

        // All even ones of both classes are taken: odd ones are there, and there it goes on.
        assertEquals(Reason.OUTSIDE_PORTS_EXHAUSTED, mappings.refusal(1, UDP, CLIENT, 522, SERVER));
        for (int i = 0; i < 20; i++) {
            mappings.claim(1, UDP, CLIENT, 501 + 2 * i, SERVER);
        }
        assertEquals(
                Reason.OUTSIDE_PORTS_EXHAUSTED, mappings.refusal(1, UDP, CLIENT, 1_023, SERVER));
    }

    @Test
    void isAnyOfTheRangeWhereTheRangeHasNotTheClass() {
        TestMappings mappings = new TestMappings(settings());

        assertTrue(mappings.claim(1, UDP, CLIENT, 500, SERVER).outsidePort() >= 20_000);
    }

    /** TCP and ICMP have neither rule, and each protocol has the whole range to itself. */
    @ParameterizedTest
    @ValueSource(ints = {TCP, ICMP})
    @Tag("rfc6888-req-13")
    void mayBeAnyUntilAllAreUsed(int protocol) {
        TestMappings mappings = new TestMappings(settings());
        for (int tcpToo = 0; tcpToo < 10; tcpToo++) {
            mappings.claim(9, protocol == TCP ? ICMP : TCP, CLIENT, tcpToo, SERVER);
        }
        Set<Integer> ports = new HashSet<>();
        for (int i = 0; i < 10_000; i++) {
            ports.add(mappings.claim(1, protocol, CLIENT, 2 * i, SERVER).outsidePort());
        }

        assertEquals(10_000, ports.size());
        assertEquals(
                Reason.OUTSIDE_PORTS_EXHAUSTED, mappings.refusal(1, protocol, CLIENT, 1, SERVER));
    }

    /** RFC 6056, RFC 6888 REQ-15: that ports are hard to guess. */
    @Test
    @Tag("rfc6888-req-15")
    @Tag("rfc7857-9")
    void isNoFunctionOfWhatTheTenantChooses() {
        Set<Integer> ports = new HashSet<>();
        for (int seed = 0; seed < 100; seed++) {
            TestMappings mappings = new TestMappings(settings(), seed);
            ports.add(mappings.claim(1, UDP, CLIENT, 25_000, SERVER).outsidePort());
        }

        assertTrue(ports.size() > 90, ports::toString);
    }
}
