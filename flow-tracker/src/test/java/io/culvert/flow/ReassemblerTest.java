package io.culvert.flow;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.Reassembler.Outcome;
import io.culvert.hook.Reason;
import io.culvert.wire.Hex;
import io.culvert.wire.IpPacket;
import io.culvert.wire.Packets;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/** What becomes of datagrams whose fragments come in whatever order and state. */
class ReassemblerTest {
    private static final int AT = 64;
    private static final int ACME = 1;
    private static final int GLOBEX = 2;

    private final ManualClock clock = new ManualClock();
    private final PacketCounters counters = new PacketCounters();
    private final Reassembler reassembler =
            new Reassembler(
                    Reassembler.DEFAULT_MEMORY,
                    Reassembler.DEFAULT_IPV4_TIMEOUT,
                    Reassembler.DEFAULT_IPV6_TIMEOUT,
                    clock,
                    counters);
    private final ByteBuffer into = ByteBuffer.allocateDirect(AT + 40 + 65_535);

    private Outcome add(IpPacket fragment) {
        return add(ACME, fragment);
    }

    private Outcome add(int tenant, IpPacket fragment) {
        counters.received(1);
        Outcome outcome = reassembler.add(tenant, fragment, into, AT);
        if (outcome == Outcome.COMPLETE) counters.carried(reassembler.packets());
        assertEquals(
                counters.receivedCount(),
                counters.carriedCount() + counters.droppedCount() + reassembler.held(),
                "received = carried + dropped + held");
        return outcome;
    }

    /** The datagram completed last, which has no defect. */
    private IpPacket whole() {
        ByteBuffer copy = ByteBuffer.allocate(reassembler.length());
        return Packets.wrapped(copy.put(0, into, AT, reassembler.length()));
    }

    private static byte[] data(IpPacket whole) {
        byte[] data = new byte[whole.transportLength()];
        whole.bytes().get(whole.transportOffset(), data);
        return data;
    }

    @Test
    void makesOneIpv4PacketOfThese() {
        add(Fragments.v4(0x1234, 0x2000, "c001 0035 001d 1234 0102030405060708"));
        add(Fragments.v4(0x1234, 0x2002, "1112131415161718"));

        assertEquals(Outcome.COMPLETE, add(Fragments.v4(0x1234, 0x0003, "2122232425")));
        assertEquals(
                Hex.of("45000031 12340000 40119c85 0a000001 c0000202")
                        + Hex.of("c001 0035 001d 1234 0102030405060708")
                        + Hex.of("1112131415161718 2122232425"),
                Hex.of(into, AT, reassembler.length()));
        assertEquals(3, reassembler.packets());
        assertEquals(36, reassembler.largestFragment());
        assertEquals(0x1234, reassembler.identification());
        assertFalse(reassembler.dontFragment());
    }

    @Test
    @Tag("rfc8200-4.5-g")
    void makesOneIpv6PacketOfTheseAndKeepsWhatStoodBeforeTheFragmentHeader() {
        // Hop-by-hop options with six bytes of padding, then the fragment header.
        String before = "2c00 0104 00000000";
        add(
                Packets.wrapped(
                        Packets.v6(
                                0,
                                before
                                        + "11000001 89abcdef c001 0035 0015 1234"
                                        + " 0102030405060708")));

        IpPacket last = Fragments.v6("11000010 89abcdef 1112131415");
        assertEquals(Outcome.COMPLETE, add(last));
        assertEquals(
                Hex.of("60000000 001d 00 40", Packets.V6_ADDRESSES, "1100 0104 00000000")
                        + Hex.of("c001 0035 0015 1234 0102030405060708 1112131415"),
                Hex.of(into, AT, reassembler.length()));
        assertEquals(0x89abcdef, reassembler.identification());
        assertEquals(72, reassembler.largestFragment());
        assertEquals(53, whole().destinationPort());
    }

    @Test
    void keepsTheOptionsOfTheFirstIpv4FragmentOnly() {
        // A router alert in the first; another header length in the second.
        ByteBuffer first =
                Hex.bytes(
                        "46000028 12342000 4011 0000 0a000001 c0000202 94040000",
                        "c001 0035 0018 1234 0102030405060708");
        add(Fragments.wrapped(Fragments.checksum(first)));

        add(Fragments.v4(0x1234, 0x0002, "1112131415161718"));

        IpPacket whole = whole();
        assertEquals(24, whole.ipv4().headerLength());
        assertEquals(48, whole.length());
        assertEquals("94040000", Hex.of(whole.bytes(), 20, 4));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @Tag("rfc4787-req-14")
    void takesFourFragmentsInEveryOrder(boolean ipv6) {
        byte[] data = Fragments.datagram(1_900);
        List<IpPacket> train = Fragments.train(ipv6, 7, data, 504);
        for (List<IpPacket> order : permutations(train)) {
            for (int i = 0; i < 3; i++) assertEquals(Outcome.HELD, add(order.get(i)));

            assertEquals(Outcome.COMPLETE, add(order.get(3)));
            assertArrayEquals(data, data(whole()));
            assertEquals(4, reassembler.packets());
            assertEquals(0, reassembler.held());
            assertEquals(0, reassembler.heldBytes());
        }
    }

    private static List<List<IpPacket>> permutations(List<IpPacket> of) {
        if (of.isEmpty()) return List.of(List.of());
        List<List<IpPacket>> all = new ArrayList<>();
        for (int i = 0; i < of.size(); i++) {
            List<IpPacket> others = new ArrayList<>(of);
            IpPacket first = others.remove(i);
            for (List<IpPacket> rest : permutations(others)) {
                List<IpPacket> order = new ArrayList<>(List.of(first));
                order.addAll(rest);
                all.add(order);
            }
        }
        return all;
    }

    @ParameterizedTest
    @CsvSource({"false, 65515", "true, 65535"})
    @Tag("rfc8200-5-d")
    void takesTheLongestDatagramInTheSmallestFragments(boolean ipv6, int length) {
        byte[] data = Fragments.datagram(length);
        List<IpPacket> train = Fragments.train(ipv6, 7, data, 8);
        Collections.reverse(train);
        for (IpPacket fragment : train.subList(1, train.size())) add(fragment);

        assertEquals(Outcome.COMPLETE, add(train.getFirst()));
        assertArrayEquals(data, data(whole()));
        assertEquals((length + 7) / 8, reassembler.packets());
    }

    @Test
    void writesNothingAroundThePacket() {
        for (int i = 0; i < into.limit(); i++) into.put(i, (byte) 0x5a);
        for (IpPacket fragment : Fragments.train(false, 7, Fragments.datagram(1_501), 800)) {
            add(fragment);
        }

        int end = AT + reassembler.length();
        assertEquals(20 + 1_501, reassembler.length());
        for (int i = 0; i < AT; i++) assertEquals(0x5a, into.get(i));
        for (int i = end; i < into.limit(); i++) assertEquals(0x5a, into.get(i));
    }

    @Test
    void mayWriteWhereTheLastFragmentStands() {
        byte[] data = Fragments.datagram(1_000);
        add(Fragments.of(false, 7, data, 0, 504));
        IpPacket last = Fragments.of(false, 7, data, 504, 1_000);
        into.put(AT, last.bytes(), 0, last.length());
        IpPacket there = new IpPacket();
        there.wrap(into, AT, last.length());

        assertEquals(Outcome.COMPLETE, add(there));
        assertArrayEquals(data, data(whole()));
    }

    @Test
    void takesTheHopLimitOfTheFirstFragmentWhicheverCameFirst() {
        for (boolean ipv6 : new boolean[] {false, true}) {
            byte[] data = Fragments.datagram(24);
            ByteBuffer first = Fragments.of(ipv6, 7, data, 0, 16).bytes();
            first.put(ipv6 ? 7 : 8, (byte) 9);
            add(Fragments.of(ipv6, 7, data, 16, 24));
            add(Fragments.wrapped(ipv6 ? first : Fragments.checksum(first)));

            assertEquals(9, whole().timeToLive());
        }
    }

    @Test
    void saysThatAnyIpv4FragmentHadDontFragment() {
        add(Fragments.v4(7, 0x2000, "c001 0035 0010 1234"));

        assertEquals(Outcome.COMPLETE, add(Fragments.v4(7, 0x4001, "0102030405060708")));
        assertTrue(reassembler.dontFragment());
        assertTrue(whole().ipv4().dontFragment());
    }

    /** The ECN fields of two fragments, and of the whole. RFC 3168 section 5.3. */
    @ParameterizedTest
    @CsvSource({
        "0, 0, 0", "1, 1, 1", "2, 2, 2", "3, 3, 3", "2, 3, 3", "3, 2, 3", "1, 3, 3", "2, 1, 2",
        "0, 2, 0", "2, 0, 2"
    })
    void combinesCongestionMarks(int first, int second, int whole) {
        for (boolean ipv6 : new boolean[] {false, true}) {
            byte[] data = Fragments.datagram(24);
            add(ecn(Fragments.of(ipv6, 7, data, 0, 16), first));

            assertEquals(Outcome.COMPLETE, add(ecn(Fragments.of(ipv6, 7, data, 16, 24), second)));
            assertEquals(0xb8 | whole, whole().trafficClass());
        }
    }

    @ParameterizedTest
    @CsvSource({"0, 3", "3, 0"})
    void dropsADatagramThatIsMarkedButNotEcnCapable(int first, int second) {
        for (boolean ipv6 : new boolean[] {false, true}) {
            byte[] data = Fragments.datagram(24);
            add(ecn(Fragments.of(ipv6, 7, data, 0, 16), first));

            assertEquals(Outcome.DROPPED, add(ecn(Fragments.of(ipv6, 7, data, 16, 24), second)));
        }
        assertEquals(4, counters.droppedCount(Reason.FRAGMENT_ECN));
    }

    /** With the DSCP of expedited forwarding. */
    private static IpPacket ecn(IpPacket fragment, int codepoint) {
        ByteBuffer bytes = fragment.bytes();
        if (fragment.version() == 6) {
            return Fragments.wrapped(bytes.putShort(0, (short) (0x6b80 | codepoint << 4)));
        }
        return Fragments.wrapped(Fragments.checksum(bytes.put(1, (byte) (0xb8 | codepoint))));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void passesOverExactDuplicates(boolean ipv6) {
        byte[] data = Fragments.datagram(1_205);
        List<IpPacket> train = Fragments.train(ipv6, 7, data, 400);
        for (IpPacket fragment : train.subList(1, 4)) {
            assertEquals(Outcome.HELD, add(fragment));
            assertEquals(Outcome.HELD, add(fragment));
        }

        assertEquals(Outcome.COMPLETE, add(train.getFirst()));
        assertArrayEquals(data, data(whole()));
        assertEquals(7, reassembler.packets());
    }

    /** From, to and more of two fragments of 64 bytes of data. */
    @ParameterizedTest
    @CsvSource({
        // What overlaps.
        "0, 16, true, 8, 24, true",
        "8, 24, true, 0, 16, true",
        "0, 32, true, 8, 16, true",
        "8, 16, true, 0, 32, true",
        "0, 16, true, 0, 24, true",
        "0, 24, true, 0, 16, true",
        "8, 24, true, 16, 24, true",
        "16, 24, true, 8, 24, true",
        "8, 16, true, 8, 16, false",
        "8, 16, false, 8, 16, true",
        "8, 16, true, 8, 15, false",
        "8, 16, false, 8, 15, false",
        // Two ends, and data behind the end.
        "32, 40, false, 48, 56, false",
        "48, 56, false, 32, 40, false",
        "32, 40, false, 40, 48, true",
        "40, 48, true, 24, 32, false",
        "32, 37, false, 32, 40, true",
    })
    @Tag("rfc8200-4.5-q")
    void dropsADatagramWhoseFragmentsContradict(
            int from, int to, boolean more, int otherFrom, int otherTo, boolean otherMore) {
        for (boolean ipv6 : new boolean[] {false, true}) {
            byte[] data = Fragments.datagram(64);
            long before = counters.droppedCount(Reason.FRAGMENT_OVERLAP);
            assertEquals(Outcome.HELD, add(Fragments.of(ipv6, 7, data, from, to, more)));

            IpPacket other = Fragments.of(ipv6, 7, data, otherFrom, otherTo, otherMore);
            assertEquals(Outcome.DROPPED, add(other));
            assertEquals(2, counters.droppedCount(Reason.FRAGMENT_OVERLAP) - before);
            assertEquals(0, reassembler.held());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void dropsADatagramOfTwoContents(boolean ipv6) {
        byte[] data = Fragments.datagram(1_400);
        byte[] other = data.clone();
        other[1_199]++;
        add(Fragments.of(ipv6, 7, data, 400, 1_200));

        assertEquals(Outcome.DROPPED, add(Fragments.of(ipv6, 7, other, 400, 1_200)));
    }

    @Test
    void dropsADatagramOfTwoFragmentsWhereAnotherHasThemInOne() {
        byte[] data = Fragments.datagram(1_400);
        add(Fragments.of(false, 7, data, 400, 800));
        add(Fragments.of(false, 7, data, 800, 1_200));

        assertEquals(Outcome.DROPPED, add(Fragments.of(false, 7, data, 400, 1_200)));
        assertEquals(3, counters.droppedCount(Reason.FRAGMENT_OVERLAP));
    }

    @Test
    void dropsADatagramOfTwoIpv6FirstFragmentsWithDifferentNextHeaders() {
        String data = "c001 0035 0018 1234 0102030405060708 1112131415161718";
        add(Fragments.v6("11000001 00000007" + data));

        assertEquals(Outcome.DROPPED, add(Fragments.v6("84000001 00000007" + data)));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @Tag("rfc8200-4.5-q")
    void dropsWhatStillComesOfSuchADatagramUntilItsTimeIsOver(boolean ipv6) {
        byte[] data = Fragments.datagram(64);
        add(Fragments.of(ipv6, 7, data, 0, 16));
        clock.advance(Duration.ofSeconds(10));
        add(Fragments.of(ipv6, 7, data, 8, 24));
        clock.advance(Duration.ofSeconds(ipv6 ? 50 : 20).minusNanos(1));
        reassembler.expire();
        for (IpPacket fragment : Fragments.train(ipv6, 7, data, 16)) {
            assertEquals(Outcome.DROPPED, add(fragment));
        }
        assertEquals(6, counters.droppedCount(Reason.FRAGMENT_OVERLAP));

        clock.advanceNanos(1);
        reassembler.expire();

        assertEquals(0, reassembler.heldBytes());
        List<IpPacket> train = Fragments.train(ipv6, 7, data, 16);
        for (IpPacket fragment : train.subList(0, 3)) assertEquals(Outcome.HELD, add(fragment));
        assertEquals(Outcome.COMPLETE, add(train.get(3)));
        assertArrayEquals(data, data(whole()));
    }

    @Test
    void dropsADatagramThatIsTooLongWithTheOptionsOfItsFirstFragment() {
        // By itself it ends at 20 + 65,512 + 3.
        add(Fragments.v4(7, 0x1ffd, "010203"));
        ByteBuffer first =
                Hex.bytes(
                        "46000020 00072000 4011 0000 0a000001 c0000202 01010100",
                        "c001 0035 0018 1234");

        IpPacket fragment = Fragments.wrapped(Fragments.checksum(first));
        assertEquals(Outcome.DROPPED, add(fragment));
        assertEquals(2, counters.droppedCount(Reason.MALFORMED_FRAGMENT));
    }

    @Test
    void dropsADatagramWithMoreExtensionHeadersThanAnyHonestOneHas() {
        // A routing header of 480 bytes: with the IPv6 header more than 512.
        String routing = "2c3b0200" + "00".repeat(476);
        String first = routing + "11000001 00000007" + "c001 0035 0018 1234";

        assertEquals(Outcome.DROPPED, add(Packets.wrapped(Packets.v6(43, first))));
        assertEquals(1, counters.droppedCount(Reason.MALFORMED_EXTENSIONS));
        assertEquals(Outcome.DROPPED, add(Fragments.v6("11000008 00000007 01")));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void neverMixesTwoTenants(boolean ipv6) {
        byte[] data = Fragments.datagram(64);
        byte[] other = data.clone();
        other[20] = 99;
        other[40] = 99;
        add(ACME, Fragments.of(ipv6, 7, data, 0, 32));
        assertEquals(Outcome.HELD, add(GLOBEX, Fragments.of(ipv6, 7, other, 32, 64)));
        assertEquals(Outcome.COMPLETE, add(ACME, Fragments.of(ipv6, 7, data, 32, 64)));
        assertArrayEquals(data, data(whole()));

        assertEquals(Outcome.COMPLETE, add(GLOBEX, Fragments.of(ipv6, 7, other, 0, 32)));
        assertArrayEquals(other, data(whole()));
    }

    @Test
    void neverMixesTwoTenantsInAMillionInterleavedFragments() {
        byte[][] data = {Fragments.datagram(32), Fragments.datagram(32)};
        data[1][15]++;
        data[1][31]++;
        IpPacket[][] trains = new IpPacket[2][];
        for (int tenant = 0; tenant < 2; tenant++) {
            List<IpPacket> train = Fragments.train(false, 7, data[tenant], 16);
            trains[tenant] = new IpPacket[] {train.get(0), train.get(1)};
        }
        for (int i = 0; i < 250_000; i++) {
            int first = i & 1;
            reassembler.add(0, trains[0][first], into, AT);
            reassembler.add(1, trains[1][1 - first], into, AT);
            for (int tenant = 0; tenant < 2; tenant++) {
                int last = tenant == 0 ? 1 - first : first;
                Outcome outcome = reassembler.add(tenant, trains[tenant][last], into, AT);
                if (outcome != Outcome.COMPLETE
                        || into.get(AT + 20 + 15) != data[tenant][15]
                        || into.get(AT + 20 + 31) != data[tenant][31]) {
                    throw new AssertionError("in round " + i);
                }
            }
        }
    }

    @Test
    @Tag("rfc8200-4.5-f")
    void tellsDatagramsApartByAddressesAndIdentification() {
        for (boolean ipv6 : new boolean[] {false, true}) {
            byte[] data = Fragments.datagram(64);
            add(Fragments.of(ipv6, 7, data, 0, 32));
            IpPacket otherDestination = Fragments.of(ipv6, 7, data, 32, 64);
            ByteBuffer bytes = otherDestination.bytes();
            bytes.put(ipv6 ? 39 : 19, (byte) 77);

            IpPacket otherSource = Fragments.from(0x0a000009, Fragments.of(ipv6, 7, data, 32, 64));
            assertEquals(Outcome.HELD, add(otherSource));
            assertEquals(Outcome.HELD, add(Fragments.of(ipv6, 8, data, 32, 64)));
            assertEquals(
                    Outcome.HELD, add(Fragments.wrapped(ipv6 ? bytes : Fragments.checksum(bytes))));
        }
        assertEquals(8, reassembler.held());
    }

    @Test
    @Tag("rfc8200-4.5-g")
    void tellsIpv4DatagramsApartByProtocolButNotIpv6Ones() {
        ByteBuffer sctp = Fragments.v4Bytes(7, 0x0001, "0102030405060708");
        add(Fragments.v4(7, 0x2000, "c001 0035 0010 1234"));
        assertEquals(
                Outcome.HELD, add(Fragments.wrapped(Fragments.checksum(sctp.put(9, (byte) 132)))));

        add(Fragments.v6("11000001 00000007 c001 0035 0010 1234"));

        // RFC 8200 section 4.5: only the first fragment's next header counts.
        assertEquals(Outcome.COMPLETE, add(Fragments.v6("84000008 00000007 0102030405060708")));
        assertEquals(17, whole().protocol());
    }

    @ParameterizedTest
    @CsvSource({"false, 30", "true, 60"})
    @Tag("rfc8200-4.5-i")
    void givesADatagramUpSomeTimeAfterItsFirstArrival(boolean ipv6, int seconds) {
        byte[] data = Fragments.datagram(64);
        add(Fragments.of(ipv6, 7, data, 32, 48));
        clock.advance(Duration.ofSeconds(seconds - 1));
        add(Fragments.of(ipv6, 7, data, 48, 64));
        clock.advance(Duration.ofSeconds(1).minusNanos(1));
        reassembler.expire();
        assertEquals(2, reassembler.held());

        clock.advanceNanos(1);
        reassembler.expire();

        assertEquals(0, reassembler.held());
        assertEquals(0, reassembler.heldBytes());
        assertEquals(2, counters.droppedCount(Reason.FRAGMENT_TIMEOUT));
    }

    @Test
    void givesUpIpv4DatagramsBehindAnIpv6OneThatMayWaitLonger() {
        byte[] data = Fragments.datagram(64);
        add(Fragments.of(true, 7, data, 0, 16));
        add(Fragments.of(false, 7, data, 0, 16));
        clock.advance(Duration.ofSeconds(30));
        reassembler.expire();

        assertEquals(1, reassembler.held());
        assertEquals(1, counters.droppedCount(Reason.FRAGMENT_TIMEOUT));
    }

    @ParameterizedTest
    @CsvSource({"false, 30", "true, 60"})
    void completesNoDatagramWithWhatIsTooOldThoughNotYetGivenUp(boolean ipv6, int seconds) {
        byte[] data = Fragments.datagram(64);
        add(Fragments.of(ipv6, 7, data, 0, 32));
        clock.advance(Duration.ofSeconds(seconds));

        assertEquals(Outcome.HELD, add(Fragments.of(ipv6, 7, data, 32, 64)));
        assertEquals(1, counters.droppedCount(Reason.FRAGMENT_TIMEOUT));
    }

    @Test
    void beginsAnewWithALateDuplicateOfACompletedDatagram() {
        byte[] data = Fragments.datagram(64);
        List<IpPacket> train = Fragments.train(false, 7, data, 32);
        train.forEach(this::add);

        assertEquals(Outcome.HELD, add(train.getFirst()));
        clock.advance(Duration.ofSeconds(30));
        reassembler.expire();
        assertEquals(1, counters.droppedCount(Reason.FRAGMENT_TIMEOUT));
    }
}
