package io.culvert.gateway;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;
import io.culvert.nat.Filtering;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;

/** What a packet between two tunnels is changed by, and what not. */
class RouterBehaviourTest {
    private static final int NO_NEXT_HEADER = 59;
    private static final int HOP_BY_HOP = 0;
    private static final int ROUTING = 43;
    private static final int DESTINATION_OPTIONS = 60;

    private final LoneWorker worker = new LoneWorker(Filtering.ADDRESS_AND_PORT_DEPENDENT);

    private static byte[] packet(Family family) {
        return Bytes.udp(family.client(4000), family.branch(53), 100);
    }

    /** The packet comes out at the branch with one hop less and no other byte changed. */
    private void assertPassesAsItIs(byte[] packet) {
        worker.fromTunnel(packet);

        List<byte[]> all = worker.bytesAtBranch();
        assertEquals(1, all.size(), () -> "answered " + worker.atTunnel());
        int hops = packet[Bytes.isIpv4(packet) ? 8 : 7] & 0xff;
        assertArrayEquals(Bytes.hops(packet, hops - 1), all.getFirst());
    }

    private void assertIsDroppedInSilence(byte[] packet) {
        worker.fromTunnel(packet);

        assertEquals(List.of(), worker.atBranch());
        assertEquals(List.of(), worker.atTunnel());
        assertEquals(List.of(), worker.outside());
        assertEquals(0, worker.flows());
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc1812-5.3.1-a")
    @Tag("rfc1812-5.3.1-c")
    void takesOneHopFromEveryPacketAndGuessesNothingAboutTheRest(Family family) {
        for (int hops = 2; hops <= 255; hops++) {
            assertPassesAsItIs(Bytes.hops(packet(family), hops));
        }
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc1812-5.3.12.3")
    void saysThatNobodyIsReachedByADeviceThatIsDown(Family family) {
        worker.cutOffBranch();
        worker.fromTunnel(packet(family));
        assertEquals(1, worker.dropped(Reason.DEVICE_ERROR));
        assertEquals(List.of(), worker.atTunnel());

        worker.advance(Duration.ofSeconds(1));
        worker.fromTunnel(packet(family));

        assertEquals(
                List.of(
                        "%s > %s icmp %d/0 0 about %s > %s, 64 hops"
                                .formatted(
                                        new End(family.gateway(), 0),
                                        family.client(0),
                                        family == Family.IPV4 ? 3 : 1,
                                        family.client(4000),
                                        family.branch(53))),
                worker.atTunnel());
    }

    /** Nobody learns that a device has come back but by trying. */
    @ParameterizedTest
    @EnumSource
    void triesADeviceThatWasDownAgainAfterTwoSeconds(Family family) {
        worker.cutOffBranch();
        worker.fromTunnel(packet(family));
        worker.advance(Duration.ofSeconds(2));
        worker.fromTunnel(packet(family));

        assertEquals(List.of(), worker.atTunnel());
        assertEquals(2, worker.dropped(Reason.DEVICE_ERROR));
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc1812-5.3.1-b")
    @Tag("rfc1812-5.2.7.3")
    void saysOfAPacketWithoutHopsThatItIsOver(Family family) {
        for (int hops : new int[] {1, 0}) {
            worker.fromTunnel(Bytes.hops(packet(family), hops));

            assertEquals(List.of(), worker.atBranch());
            assertEquals(
                    List.of(
                            "%s > %s icmp %d/0 0 about %s > %s, 64 hops"
                                    .formatted(
                                            new End(family.gateway(), 0),
                                            family.client(0),
                                            family.timeExceeded(),
                                            family.client(4000),
                                            family.branch(53))),
                    worker.atTunnel());
        }
    }

    /** The same of a flow that has gone on before. */
    @ParameterizedTest
    @EnumSource
    @Tag("rfc1812-5.3.1-b")
    void saysOfALaterPacketWithoutHopsThatItIsOver(Family family) {
        assertPassesAsItIs(packet(family));

        worker.fromTunnel(Bytes.hops(packet(family), 1));

        assertEquals(List.of(), worker.atBranch());
        assertEquals(1, worker.atTunnel().size());
    }

    /** Precedence, type of service or DSCP, ECN, and the bit that means nothing. */
    @Test
    @Tag("rfc1812-5.2.5-a")
    @Tag("rfc1812-5.3.3.3-a")
    @Tag("rfc1812-5.3.3.3-b")
    void passesAnyTypeOfServiceAndReservedBit() {
        for (int octet = 0; octet < 256; octet++) {
            assertPassesAsItIs(Bytes.with(packet(Family.IPV4), 1, octet));
        }
        assertPassesAsItIs(Bytes.with(packet(Family.IPV4), 6, 0x80));
        assertPassesAsItIs(Bytes.with(packet(Family.IPV4), 6, 0xc0));
    }

    @Test
    @Tag("rfc1812-5.2.5-b")
    void copiesTheReservedBitIntoEachFragment() {
        LoneWorker narrow = new LoneWorker(Filtering.ADDRESS_AND_PORT_DEPENDENT, 576, List.of());
        End target = new End("203.0.113.7", 53);
        byte[] whole = Bytes.with(Bytes.udp(Family.IPV4.client(4000), target, 700), 6, 0x80);
        narrow.fromTunnel(whole);
        assertEquals(List.of(0xa0, 0x80), flagOctets(narrow.bytesOutside()));

        Bytes.fragments(whole, 7, 600)
                .forEach(each -> narrow.fromTunnel(Bytes.with(each, 6, each[6] | 0x80)));
        assertEquals(List.of(0xa0, 0x80), flagOctets(narrow.bytesOutside()));
    }

    /** The flags, and the offset's upper bits, which are zero in what is as short as this. */
    private static List<Integer> flagOctets(List<byte[]> packets) {
        return packets.stream().map(each -> each[6] & 0xff).toList();
    }

    /** Experiments, a number that nobody has assigned, a stream identifier, a router alert. */
    @ParameterizedTest
    @ValueSource(
            strings = {"5e 04 12 34", "9e 04 12 34", "1b 03 01 00", "88 04 00 01", "94 04 00 00"})
    @Tag("rfc1812-5.3.13.1")
    @Tag("rfc1812-5.3.13.3")
    void passesOptionsThatItDoesNotKnow(String option) {
        assertPassesAsItIs(Bytes.withOptions(packet(Family.IPV4), bytes(option)));
    }

    @Test
    @Tag("rfc1812-5.3.13.5")
    @Tag("rfc1812-5.3.13.6")
    void tellsWhoAsksWhereThePacketPassed() {
        byte[] options = bytes("07 07 04 00000000 44 08 05 00 00000000 00");
        byte[] packet = Bytes.withOptions(packet(Family.IPV4), options);
        worker.fromTunnel(packet);

        byte[] out = worker.bytesAtBranch().getFirst();
        assertEquals(
                "070708c00000084408090080000000" + "00", HexFormat.of().formatHex(out, 20, 36));
        // Room for half an address.
        worker.fromTunnel(Bytes.withOptions(packet(Family.IPV4), bytes("07 05 04 0000 000000")));
        assertEquals(List.of(), worker.atBranch());
        assertEquals(1, worker.dropped(Reason.MALFORMED_OPTION));
    }

    private static byte[] bytes(String hex) {
        return HexFormat.of().parseHex(hex.replace(" ", ""));
    }

    /** Where in the header a byte is changed, and to what. */
    @ParameterizedTest
    @CsvSource({
        "0, 0x55, MALFORMED_VERSION",
        "0, 0x44, MALFORMED_HEADER",
        "3, 0x13, MALFORMED_LENGTH",
        "3, 0x81, MALFORMED_LENGTH",
    })
    @Tag("rfc1812-5.2.2-a")
    @Tag("rfc1812-5.2.2-b")
    @Tag("rfc1812-5.2.2-d")
    void dropsWhatIsNoIpv4PacketInSilence(int at, int value, Reason reason) {
        assertIsDroppedInSilence(Bytes.with(packet(Family.IPV4), at, value));
        assertEquals(1, worker.dropped(reason));
    }

    @Test
    @Tag("rfc1812-5.2.2-a")
    @Tag("rfc1812-5.2.2-b")
    void dropsAPacketWithAWrongHeaderChecksumInSilence() {
        byte[] packet = packet(Family.IPV4);
        packet[11] ^= 1;

        assertIsDroppedInSilence(packet);
        assertEquals(1, worker.dropped(Reason.MALFORMED_HEADER_CHECKSUM));
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc1812-5.2.7.1-a")
    void answersWhatNoRouteLeadsTo(Family family) {
        End nowhere = family.isIpv6() ? new End("2001:db8:aaaa::1", 53) : new End("192.0.2.1", 53);
        LoneWorker without =
                new LoneWorker(Filtering.ADDRESS_AND_PORT_DEPENDENT, LoneWorker.MTU, List.of(), "");

        without.fromTunnel(Bytes.udp(family.client(4000), nowhere, 10));

        assertEquals(
                List.of(
                        "%s > %s icmp %d/0 0 about %s > %s, 64 hops"
                                .formatted(
                                        new End(family.gateway(), 0),
                                        family.client(0),
                                        family.unreachable(),
                                        family.client(4000),
                                        nowhere)),
                without.atTunnel());
    }

    /** To a router that is named in it, and about a packet that goes on as before. */
    @Test
    @Tag("rfc1812-5.2.7.2-b")
    void learnsNoRouteFromARedirect() {
        Family family = Family.IPV4;
        assertPassesAsItIs(packet(family));

        byte[] gateway = family.client(0).bytes();
        worker.fromBranch(
                Bytes.icmp(
                        family.branch(0),
                        family.client(0),
                        5,
                        1,
                        ByteBuffer.wrap(gateway).getInt(),
                        packet(family)));

        assertPassesAsItIs(packet(family));
        assertPassesAsItIs(Bytes.udp(family.client(4001), family.branch(53), 100));
    }

    @Test
    @Tag("rfc1812-5.3.5.1")
    void forwardsNoLimitedBroadcast() {
        assertIsDroppedInSilence(
                Bytes.udp(Family.IPV4.client(4000), new End("255.255.255.255", 53), 10));
        assertEquals(1, worker.dropped(Reason.NOT_UNICAST));
    }

    @Test
    @Tag("rfc8200-4.7")
    void passesWhatFollowsNoNextHeader() {
        assertPassesAsItIs(
                Bytes.other(
                        Family.IPV6.client(0),
                        Family.IPV6.branch(0),
                        NO_NEXT_HEADER,
                        new byte[] {1, 2, 3, 4, 5, 6, 7, 8, 9}));
    }

    /** Hop-by-hop and destination options that nobody knows, a routing header, in any order. */
    @Test
    @Tag("rfc8200-4-a")
    @Tag("rfc8200-4.1-a")
    @Tag("rfc8200-4.3")
    void passesExtensionHeadersAsTheyAre() {
        assertPassesAsItIs(
                Bytes.withExtensions(
                        packet(Family.IPV6), HOP_BY_HOP, bytes("11 00 de 04 01 02 03 04")));
        assertPassesAsItIs(
                Bytes.withExtensions(
                        packet(Family.IPV6),
                        DESTINATION_OPTIONS,
                        bytes("2b009e0401020304 3c00040000000000 11001e0400000000")));
        assertPassesAsItIs(
                Bytes.withExtensions(
                        packet(Family.IPV6),
                        ROUTING,
                        bytes("2b00040000000000 3c00040000000000 1100010400000000")));
    }

    @Test
    @Tag("rfc8200-4.5-a")
    @Tag("rfc8200-5-b")
    void cutsNoWholeIpv6Packet() {
        LoneWorker narrow = new LoneWorker(Filtering.ADDRESS_AND_PORT_DEPENDENT, 1280, List.of());
        Family family = Family.IPV6;

        narrow.fromTunnel(Bytes.udp(family.client(4000), family.server(53), 1280 - 48));
        assertEquals(1, narrow.outside().size());
        narrow.fromTunnel(Bytes.udp(family.client(4000), family.server(53), 1281 - 48));

        assertEquals(List.of(), narrow.outside());
        List<String> answers = narrow.atTunnel();
        assertEquals(1, answers.size());
        assertTrue(answers.getFirst().contains("icmp 2/0 1280 about"), answers::toString);
    }

    /** As long as the link takes: 1,500 bytes in one packet, and more in fragments. */
    @ParameterizedTest
    @EnumSource
    @Tag("rfc8200-5-c")
    @Tag("rfc8200-5-d")
    void takesPacketsAsLongAsTheLinkAndLongerOnesInFragments(Family family) {
        int headers = family.isIpv6() ? 48 : 28;
        byte[] longest =
                Bytes.udp(family.client(4000), family.branch(53), LoneWorker.MTU - headers);
        assertPassesAsItIs(longest);

        byte[] datagram = Bytes.udp(family.client(4000), family.branch(53), 4_000);
        List<byte[]> fragments = Bytes.fragments(datagram, 99, 1_400);
        fragments.forEach(worker::fromTunnel);
        assertEquals(fragments.size(), worker.bytesAtBranch().size());
    }
}
