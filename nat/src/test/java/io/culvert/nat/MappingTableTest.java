package io.culvert.nat;

import static io.culvert.nat.TestMappings.HOLD_DOWN;
import static io.culvert.nat.TestMappings.outside;
import static io.culvert.nat.TestMappings.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotSame;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

class MappingTableTest {
    private static final int TCP = IpProtocol.TCP;
    private static final int UDP = IpProtocol.UDP;
    private static final int ICMP = IpProtocol.ICMP;
    private static final String CLIENT = "10.50.0.2";
    private static final String SERVER = "203.0.113.7";
    private static final String OTHER_SERVER = "203.0.113.8";

    @Nested
    class FlowsOfOneInsideEndpoint {
        private final TestMappings mappings = new TestMappings(settings());

        /** RFC 4787 REQ-1, RFC 5382 REQ-1, RFC 5508 REQ-1 a. */
        @ParameterizedTest
        @CsvSource({
            "6, 10.50.0.2, 203.0.113.7, 203.0.113.8, 198.51.100.7",
            "17, 10.50.0.2, 203.0.113.7, 203.0.113.8, 198.51.100.7",
            "1, 10.50.0.2, 203.0.113.7, 203.0.113.8, 198.51.100.7",
            "6, 2001:db8:50::2, 2001:db8:1::7, 2001:db8:1::8, 2001:db8::7",
            "17, 2001:db8:50::2, 2001:db8:1::7, 2001:db8:1::8, 2001:db8::7",
            "58, 2001:db8:50::2, 2001:db8:1::7, 2001:db8:1::8, 2001:db8::7",
        })
        @Tag("rfc4787-req-1")
        @Tag("rfc5382-req-1")
        @Tag("rfc5508-req-1-a")
        void shareAMappingWhateverTheirDestination(
                int protocol, String inside, String external, String other, String outside) {
            Mapping first = mappings.claim(1, protocol, inside, 40_000, external);
            Mapping second = mappings.claim(1, protocol, inside, 40_000, other);

            assertSame(first, second);
            assertEquals(outside, outside(first));
            assertTrue(new PortRange(20_000, 29_999).contains(first.outsidePort()));
            assertSame(first, mappings.atOutsideOf(first));
            assertEquals(1, mappings.table().mappings());
        }

        @Test
        void leadBackToTheInsideEndpoint() {
            Mapping mapping = mappings.claim(7, UDP, CLIENT, 40_000, SERVER);
            IpAddress client = IpAddress.parse(CLIENT);

            assertEquals(7, mapping.tenant());
            assertEquals(UDP, mapping.protocol());
            assertEquals(client, new IpAddress(mapping.insideHigh(), mapping.insideLow()));
            assertEquals(40_000, mapping.insidePort());
            assertEquals(
                    "mapping udp tenant 7 10.50.0.2:40000 <-> 198.51.100.7:"
                            + mapping.outsidePort(),
                    mapping.toString());
        }

        @Test
        @Tag("rfc7857-11")
        void keepTheirMappingUntilTheLastOneIsReleased() {
            Mapping mapping = mappings.claim(1, TCP, CLIENT, 40_000, SERVER);
            mappings.claim(1, TCP, CLIENT, 40_000, SERVER);
            mappings.claim(1, TCP, CLIENT, 40_000, OTHER_SERVER);

            mappings.release(mapping, OTHER_SERVER);
            mappings.release(mapping, SERVER);
            mappings.advance(10 * HOLD_DOWN);
            mappings.table().expire(mappings.now());
            assertTrue(mapping.isAlive());
            assertSame(mapping, mappings.atOutsideOf(mapping));

            mappings.release(mapping, SERVER);
            assertFalse(mapping.isAlive());
            assertNull(mappings.atOutsideOf(mapping));
        }

        @Test
        void cannotBeReleasedMoreOftenThanTheyWereClaimed() {
            Mapping mapping = mappings.claim(1, TCP, CLIENT, 40_000, SERVER);
            mappings.release(mapping, SERVER);

            assertThrows(IllegalStateException.class, () -> mappings.release(mapping, SERVER));
            assertEquals(1, mappings.table().resting());
        }
    }

    @Nested
    class InsideEndpoints {
        private final TestMappings mappings = new TestMappings(settings());

        @Test
        void ofTwoTenantsNeverMeet() {
            Mapping one = mappings.claim(1, UDP, CLIENT, 40_000, SERVER);
            Mapping two = mappings.claim(2, UDP, CLIENT, 40_000, SERVER);

            assertNotSame(one, two);
            assertNotEquals(one.outsidePort(), two.outsidePort());
            assertEquals(1, mappings.atOutsideOf(one).tenant());
            assertEquals(2, mappings.atOutsideOf(two).tenant());
        }

        @Test
        @Tag("rfc7857-5-a")
        @Tag("rfc7857-5-b")
        void ofTwoProtocolsHaveAMappingEach() {
            Set<Mapping> claimed = new HashSet<>();
            for (int protocol : new int[] {TCP, UDP, ICMP}) {
                claimed.add(mappings.claim(1, protocol, CLIENT, 40_000, SERVER));
            }

            assertEquals(3, claimed.size());
            claimed.forEach(mapping -> assertSame(mapping, mappings.atOutsideOf(mapping)));
        }

        @Test
        void areRefusedWhereNoAddressIsOfTheirFamily() {
            TestMappings only4 =
                    new TestMappings(settings(new PortRange(20_000, 20_001), "198.51.100.7"));

            assertEquals(
                    Reason.NO_ROUTE,
                    only4.refusal(1, UDP, "2001:db8:50::2", 40_000, "2001:db8:1::7"));
        }
    }

    @Nested
    class ALookUp {
        private final TestMappings mappings = new TestMappings(settings());

        @Test
        @Tag("rfc7857-6-a")
        @Tag("rfc7857-6-b")
        void findsNothingWhereNothingIs() {
            Mapping mapping = mappings.claim(1, UDP, CLIENT, 40_000, SERVER);
            MappingTable table = mappings.table();
            long low = mapping.outsideLow();
            int port = mapping.outsidePort();

            assertNull(table.find(UDP, 0, low, port == 20_000 ? 20_001 : 20_000));
            assertNull(table.find(TCP, 0, low, port));
            assertNull(table.find(UDP, 0, low + 1, port));
            assertNull(table.find(UDP, 1, low, port));
            for (int outOfRange : new int[] {-1, 0, 19_999, 30_000, 65_535, 65_536}) {
                assertNull(table.find(UDP, 0, low, outOfRange));
            }
            assertNull(table.find(IpProtocol.ICMPV6, 0, low, port));
            assertNull(table.find(IpProtocol.GRE, 0, low, port));
            assertNull(table.find(IpProtocol.SCTP, 0, low, port));
        }

        @Test
        @Tag("rfc6888-req-3")
        void findsEachOfManyAddresses() {
            String[] addresses = new String[40];
            for (int i = 0; i < 40; i++) {
                String six = (i % 4 == 1 ? "2001:db8::" : "fd00:0:1::") + i;
                addresses[i] = i % 2 == 0 ? "198.51.100." + (100 + i) : six;
            }
            TestMappings many =
                    new TestMappings(settings(new PortRange(20_000, 20_001), addresses));
            List<Mapping> claimed = new ArrayList<>();
            for (int i = 0; i < 20; i++) {
                claimed.add(many.claim(1, TCP, "10.0.0." + (i + 1), 1, SERVER));
                claimed.add(many.claim(1, TCP, "fd00::" + (i + 1), 1, "2001:db8:1::7"));
            }

            assertEquals(40, claimed.stream().map(TestMappings::outside).distinct().count());
            claimed.forEach(mapping -> assertSame(mapping, many.atOutsideOf(mapping)));
        }

        /** RFC 4787 REQ-9 a: a packet between two inside hosts has an outside source too. */
        @Test
        @Tag("rfc4787-req-9-a")
        void servesHairpinning() {
            Mapping called = mappings.claim(1, UDP, CLIENT, 40_000, SERVER);
            String outside = outside(called);
            Mapping caller = mappings.claim(2, UDP, "10.60.0.2", 50_000, outside);

            Mapping target = mappings.atOutsideOf(called);

            assertSame(called, target);
            assertTrue(mappings.accepts(target, outside(caller)));
            Mapping counted = mappings.claim(1, UDP, CLIENT, 40_000, outside(caller));
            assertSame(called, counted);
        }
    }

    @Nested
    class AReleasedMapping {
        private final TestMappings mappings = new TestMappings(settings());
        private final Mapping mapping = mappings.claim(1, TCP, CLIENT, 40_000, SERVER);

        AReleasedMapping() {
            mappings.release(mapping, SERVER);
        }

        /** RFC 6888 REQ-8: nobody else gets the port for 120 seconds; its own endpoint does. */
        @Test
        @Tag("rfc6888-req-8")
        void goesBackToItsOwnInsideEndpointWhileItRests() {
            mappings.advance(HOLD_DOWN - 1);

            Mapping again = mappings.claim(1, TCP, CLIENT, 40_000, OTHER_SERVER);

            assertSame(mapping, again);
            assertSame(mapping, mappings.atOutsideOf(mapping));
            assertEquals(0, mappings.table().resting());
        }

        @Test
        void restsAnewAfterEachUse() {
            mappings.advance(HOLD_DOWN - 1);
            mappings.claim(1, TCP, CLIENT, 40_000, SERVER);
            mappings.advance(HOLD_DOWN);
            mappings.release(mapping, SERVER);
            mappings.advance(HOLD_DOWN - 1);
            mappings.table().expire(mappings.now());
            assertEquals(1, mappings.table().resting());

            mappings.advance(1);
            mappings.table().expire(mappings.now());
            assertEquals(0, mappings.table().resting());
        }

        @Test
        void isOverWhenItHasRested() {
            mappings.advance(HOLD_DOWN);

            assertNotSame(mapping, mappings.claim(1, TCP, CLIENT, 40_000, SERVER));
        }

        @Test
        @Tag("rfc6888-req-8")
        void letsOthersInByItsSideOfTheHoldDownOnly() {
            TestMappings two =
                    new TestMappings(settings(new PortRange(20_000, 20_001), "198.51.100.7"));
            Mapping one = two.claim(1, TCP, CLIENT, 1, SERVER);
            two.claim(1, TCP, CLIENT, 2, SERVER);
            two.release(one, SERVER);

            two.advance(HOLD_DOWN - 1);
            assertEquals(Reason.OUTSIDE_PORTS_EXHAUSTED, two.refusal(2, TCP, CLIENT, 1, SERVER));
            two.advance(1);
            assertEquals(one.outsidePort(), two.claim(2, TCP, CLIENT, 1, SERVER).outsidePort());
        }

        /** A worker's clock may be a little behind another's. */
        @Test
        void restsLongEnoughAlsoWhenAnEarlierReleaseComesLater() {
            TestMappings two =
                    new TestMappings(settings(new PortRange(20_000, 20_001), "198.51.100.7"));
            Mapping one = two.claim(1, TCP, CLIENT, 1, SERVER);
            Mapping other = two.claim(1, TCP, CLIENT, 2, SERVER);
            two.release(one, SERVER);
            two.advance(-1_000_000);
            two.release(other, SERVER);

            two.advance(HOLD_DOWN);
            two.table().expire(two.now());
            assertEquals(2, two.table().resting());
            two.advance(1_000_000);
            two.table().expire(two.now());
            assertEquals(0, two.table().resting());
        }
    }

    @Test
    void aFlowThatFindsNoPortEndsRestsUntilItDoes() {
        TestMappings mappings = new TestMappings(settings());
        List<Mapping> all = new ArrayList<>();
        for (int i = 0; i < 5_000; i++) {
            all.add(mappings.claim(1, UDP, CLIENT, 2 * i, SERVER));
        }
        for (int i = 0; i < 5_000; i++) {
            all.add(mappings.claim(1, UDP, CLIENT, 2 * i + 1, SERVER));
        }
        all.forEach(mapping -> mappings.release(mapping, SERVER));
        mappings.advance(HOLD_DOWN);

        assertEquals(1, mappings.claim(2, UDP, CLIENT, 1, SERVER).outsidePort() % 2);
    }

    /** Many rests may end at once, as after a suspension; a flow pays for a few of them. */
    @Test
    void restsThatEndTogetherEndLittleByLittle() {
        TestMappings mappings = new TestMappings(settings());
        List<Mapping> all = new ArrayList<>();
        for (int i = 0; i < 10_000; i++) {
            all.add(mappings.claim(1, TCP, CLIENT, i, SERVER));
        }
        all.forEach(mapping -> mappings.release(mapping, SERVER));
        mappings.advance(HOLD_DOWN);

        Mapping next = mappings.claim(2, TCP, CLIENT, 1, SERVER);
        assertSame(next, mappings.atOutsideOf(next));
        assertTrue(mappings.table().resting() > 9_900, "one flow ended them all");
        for (int i = 0; i < 10; i++) {
            mappings.table().expire(mappings.now());
        }
        assertEquals(0, mappings.table().resting());
    }

    @Nested
    class WhenAllPortsAreUsed {
        private final TestMappings mappings =
                new TestMappings(settings(new PortRange(20_000, 20_099), "198.51.100.7"));
        private final List<Mapping> live = new ArrayList<>();

        WhenAllPortsAreUsed() {
            for (int i = 0; i < 100; i++) {
                live.add(mappings.claim(1, TCP, CLIENT, 40_000 + i, SERVER));
            }
        }

        /** RFC 4787 REQ-3, RFC 5382 REQ-7, RFC 6888 REQ-11 D. */
        @Test
        @Tag("rfc4787-req-3")
        @Tag("rfc5382-req-7")
        @Tag("rfc6888-req-11-a")
        @Tag("rfc6888-req-11-d")
        void aNewOneIsRefusedAndNoneGoesToMakeRoom() {
            for (int i = 0; i < 1_000; i++) {
                assertEquals(
                        Reason.OUTSIDE_PORTS_EXHAUSTED,
                        mappings.refusal(2, TCP, CLIENT, i, SERVER));
            }

            live.forEach(mapping -> assertSame(mapping, mappings.atOutsideOf(mapping)));
            assertEquals(100, mappings.table().mappings());
        }

        @Test
        void aMappingThatIsThereTakesMoreFlows() {
            assertSame(live.get(5), mappings.claim(1, TCP, CLIENT, 40_005, OTHER_SERVER));
        }

        @Test
        void rightAfterTheHoldDownOfTheFirstReleaseTheNextOneIsServed() {
            mappings.release(live.get(7), SERVER);
            mappings.advance(HOLD_DOWN - 1);
            assertEquals(
                    Reason.OUTSIDE_PORTS_EXHAUSTED, mappings.refusal(2, TCP, CLIENT, 1, SERVER));
            mappings.advance(1);

            Mapping next = mappings.claim(2, TCP, CLIENT, 1, SERVER);

            assertEquals(live.get(7).outsidePort(), next.outsidePort());
            assertSame(next, mappings.atOutsideOf(next));
        }
    }

    @Test
    void saysHowFarPortsAreUsed() {
        TestMappings mappings = new TestMappings(settings());
        mappings.claim(1, TCP, CLIENT, 1, SERVER);
        mappings.claim(1, UDP, CLIENT, 2, SERVER);
        Mapping mapping = mappings.claim(1, UDP, CLIENT, 3, SERVER);
        mappings.claim(1, IpProtocol.ICMPV6, "fd00::2", 3, "2001:db8:1::7");
        mappings.claim(1, IpProtocol.ESP, CLIENT, 0, SERVER);
        mappings.release(mapping, SERVER);
        IpAddress four = IpAddress.parse("198.51.100.7");
        IpAddress six = IpAddress.parse("2001:db8::7");

        assertEquals(4, mappings.table().mappings());
        assertEquals(1, mappings.table().resting());
        assertEquals(
                Set.of(
                        new PortUsage(four, TCP, 1, 0, 10_000),
                        new PortUsage(four, UDP, 1, 1, 10_000),
                        new PortUsage(four, ICMP, 0, 0, 10_000),
                        new PortUsage(six, TCP, 0, 0, 10_000),
                        new PortUsage(six, UDP, 0, 0, 10_000),
                        new PortUsage(six, IpProtocol.ICMPV6, 1, 0, 10_000)),
                Set.copyOf(mappings.table().usage()));

        mappings.advance(HOLD_DOWN);
        mappings.table().expire(mappings.now());
        assertEquals(4, mappings.table().mappings());
        assertTrue(mappings.table().usage().contains(new PortUsage(four, UDP, 1, 0, 10_000)));
    }
}
