package io.culvert.gateway;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.policy.Action;
import io.culvert.gateway.policy.Rule;
import io.culvert.hook.Reason;
import io.culvert.nat.Filtering;
import io.culvert.nat.PortRange;
import io.culvert.wire.Prefix;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;

/** What hosts on both sides of a device off-ramp see of it, over hours. */
class SourceNatBehaviourTest {
    private static final Duration SECOND = Duration.ofSeconds(1);

    private final LoneWorker strict = new LoneWorker(Filtering.ADDRESS_AND_PORT_DEPENDENT);
    private final LoneWorker open = new LoneWorker(Filtering.ENDPOINT_INDEPENDENT);

    /** A datagram from the client to the server, and where it came out from. */
    private static End map(LoneWorker worker, Family family) {
        worker.fromTunnel(Bytes.udp(family.client(4000), family.server(53), 100));
        return worker.mapped();
    }

    private static void establish(LoneWorker worker, End client, End server) {
        worker.fromTunnel(Bytes.tcp(client, server, Bytes.SYN, 1000, 0));
        End mapped = worker.mapped();
        worker.fromOutside(Bytes.tcp(server, mapped, Bytes.SYN | Bytes.ACK, 5000, 1001));
        worker.fromTunnel(Bytes.tcp(client, server, Bytes.ACK, 1001, 5001));
        assertEquals(mapped, worker.mapped());
        assertEquals(List.of(server + " > " + client + " tcp SA, 63 hops"), worker.atTunnel());
    }

    private static boolean isFromOutside(Family family, String packet) {
        return packet.contains(family.outside()) && packet.indexOf(family.outside()) <= 1;
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc4787-req-6")
    void aMappingLivesAsLongAsItsOwnerSends(Family family) {
        End mapped = map(strict, family);
        for (int minute = 4; minute < 120; minute += 4) {
            strict.advance(Duration.ofMinutes(4));
            assertEquals(mapped, map(strict, family));
        }

        strict.fromOutside(Bytes.udp(family.server(53), mapped, 10));

        assertEquals(
                List.of(family.server(53) + " > " + family.client(4000) + " udp 10, 63 hops"),
                strict.atTunnel());
    }

    /** What somebody inside sends under the addresses of somebody outside is not translated. */
    @ParameterizedTest
    @EnumSource
    void nobodyInsideMaySpeakAsATarget(Family family) {
        map(strict, family);

        strict.fromTunnel(Bytes.udp(family.server(53), family.client(4000), 10));
        strict.fromBranch(Bytes.udp(family.server(53), family.client(4000), 10));

        assertEquals(List.of(), strict.atTunnel());
        assertEquals(List.of(), strict.outside());
        assertEquals(2, strict.dropped(Reason.WRONG_SIDE));
    }

    @ParameterizedTest
    @EnumSource
    void nobodyOutsideMaySpeakAsAHostInside(Family family) {
        strict.fromTunnel(Bytes.udp(family.client(4000), family.server(53), 100));
        End mapped = strict.mapped();
        strict.fromTunnel(Bytes.udp(family.client(4000), family.branch(53), 100));
        strict.atBranch();

        strict.fromOutside(Bytes.udp(family.branch(53), mapped, 10));

        assertEquals(List.of(), strict.atTunnel());
        assertEquals(List.of(), strict.atBranch());
        assertEquals(1, strict.dropped(Reason.WRONG_SIDE));
    }

    /** Five minutes of silence, not a nanosecond less, and then it ends. */
    @ParameterizedTest
    @EnumSource
    @Tag("rfc4787-req-5")
    @Tag("rfc4787-req-5-c")
    void aMappingOutlivesFiveMinutesOfSilence(Family family) {
        End mapped = map(strict, family);
        strict.advance(Duration.ofMinutes(5));

        strict.fromOutside(Bytes.udp(family.server(53), mapped, 10));
        assertEquals(1, strict.atTunnel().size());

        strict.advance(Duration.ofMinutes(6));
        strict.fromOutside(Bytes.udp(family.server(53), mapped, 10));
        assertEquals(List.of(), strict.atTunnel());
        assertEquals(1, strict.dropped(Reason.NO_MAPPING));
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc5508-req-1")
    @Tag("rfc5508-req-2")
    @Tag("rfc5508-req-10-a")
    void aPingIsAnsweredUpToAMinuteLater(Family family) {
        strict.fromTunnel(Bytes.echoRequest(family.client(7), family.server(0)));
        End mapped = strict.mapped();
        strict.advance(Duration.ofSeconds(60));

        strict.fromOutside(Bytes.echoReply(family.server(0), mapped));

        assertEquals(
                List.of(
                        new End(family.server(0).address(), 7)
                                + " > "
                                + family.client(7)
                                + (family.isIpv6() ? " icmp 129" : " icmp 0")
                                + ", 63 hops"),
                strict.atTunnel());
    }

    /** Whom a mapping's owner never spoke to cannot keep it alive. */
    @ParameterizedTest
    @EnumSource
    @Tag("rfc7857-7")
    void whatIsFilteredKeepsNoMappingAlive(Family family) {
        End mapped = map(strict, family);
        for (int i = 0; i < 8; i++) {
            strict.advance(Duration.ofMinutes(1));
            strict.fromOutside(Bytes.udp(family.secondServer(53), mapped, 10));
        }

        assertEquals(List.of(), strict.atTunnel());
        assertTrue(strict.dropped(Reason.NO_MAPPING) > 0, "the mapping still lives");
        assertEquals(0, strict.flows());
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc4787-req-9")
    @Tag("rfc4787-req-9-a")
    void datagramsOfTwoInsideMeetByTheirOutsideAddresses(Family family) {
        End one = map(open, family);
        open.fromTunnel(Bytes.udp(family.secondClient(4000), family.server(53), 100));
        End other = open.mapped();
        assertNotEquals(one, other);

        open.fromTunnel(Bytes.udp(family.client(4000), other, 20));
        open.hairpin();
        assertEquals(
                List.of(one + " > " + family.secondClient(4000) + " udp 20, 61 hops"),
                open.atTunnel());

        open.fromTunnel(Bytes.udp(family.secondClient(4000), one, 30));
        open.hairpin();
        assertEquals(
                List.of(other + " > " + family.client(4000) + " udp 30, 61 hops"), open.atTunnel());
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc5382-req-8")
    @Tag("rfc5382-req-8-a")
    void connectionsOfTwoInsideMeetByTheirOutsideAddresses(Family family) {
        End client = family.client(4000);
        End listener = family.secondClient(80);
        open.fromTunnel(Bytes.tcp(listener, family.server(443), Bytes.SYN, 1, 0));
        End there = open.mapped();

        open.fromTunnel(Bytes.tcp(client, there, Bytes.SYN, 1000, 0));
        open.hairpin();
        List<byte[]> syn = open.bytesAtTunnel();
        assertEquals(1, syn.size());
        String text = LoneWorker.text(syn.getFirst());
        End here = new End(family.outside(), Bytes.sourcePort(syn.getFirst()));
        assertEquals(here + " > " + listener + " tcp S, 61 hops", text);

        open.fromTunnel(Bytes.tcp(listener, here, Bytes.SYN | Bytes.ACK, 5000, 1001));
        open.hairpin();
        assertEquals(List.of(there + " > " + client + " tcp SA, 61 hops"), open.atTunnel());
        open.fromTunnel(Bytes.tcp(client, there, Bytes.ACK, 1001, 5001));
        open.hairpin();
        assertEquals(List.of(here + " > " + listener + " tcp A, 61 hops"), open.atTunnel());
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc5508-req-7")
    @Tag("rfc5508-req-7-a")
    @Tag("rfc7857-12")
    void anErrorAboutAHairpinnedDatagramReachesWhoSentIt(Family family) {
        End one = map(open, family);
        open.fromTunnel(Bytes.udp(family.secondClient(4000), family.server(53), 100));
        End other = open.mapped();
        open.fromTunnel(Bytes.udp(family.client(4000), other, 20));
        open.hairpin();
        byte[] received = open.bytesAtTunnel().getFirst();

        open.fromTunnel(
                Bytes.icmp(
                        family.secondClient(0),
                        one,
                        family.unreachable(),
                        family.portUnreachable(),
                        0,
                        received));
        open.hairpin();

        assertEquals(
                List.of(
                        "%s > %s icmp %d/%d 0 about %s > %s, 61 hops"
                                .formatted(
                                        new End(family.outside(), 0),
                                        family.client(0),
                                        family.unreachable(),
                                        family.portUnreachable(),
                                        family.client(4000),
                                        other)),
                open.atTunnel());
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc5382-req-2")
    @Tag("rfc5382-req-2-a")
    void twoEndsMayOpenAConnectionAtOnce(Family family) {
        End client = family.client(4000);
        End server = family.server(80);
        strict.fromTunnel(Bytes.tcp(client, server, Bytes.SYN, 1000, 0));
        End mapped = strict.mapped();

        strict.fromOutside(Bytes.tcp(server, mapped, Bytes.SYN, 5000, 0));
        strict.fromTunnel(Bytes.tcp(client, server, Bytes.SYN | Bytes.ACK, 1000, 5001));
        strict.fromOutside(Bytes.tcp(server, mapped, Bytes.SYN | Bytes.ACK, 5000, 1001));
        strict.fromTunnel(Bytes.tcp(client, server, Bytes.ACK, 1001, 5001));

        assertEquals(
                List.of(
                        server + " > " + client + " tcp S, 63 hops",
                        server + " > " + client + " tcp SA, 63 hops"),
                strict.atTunnel());
        assertEquals(
                List.of(
                        mapped + " > " + server + " tcp SA, 63 hops",
                        mapped + " > " + server + " tcp A, 63 hops"),
                strict.outside());
        strict.advance(Duration.ofHours(2));
        assertEquals(1, strict.flows());
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc5382-req-2")
    @Tag("rfc5382-req-3-a")
    void aConnectionMayBeginOutsideWhereTheFilterAllowsIt(Family family) {
        End client = family.client(4000);
        open.fromTunnel(Bytes.tcp(client, family.server(80), Bytes.SYN, 1000, 0));
        End mapped = open.mapped();
        End stranger = family.secondServer(7777);

        open.fromOutside(Bytes.tcp(stranger, mapped, Bytes.SYN, 5000, 0));
        assertEquals(List.of(stranger + " > " + client + " tcp S, 63 hops"), open.atTunnel());
        open.fromTunnel(Bytes.tcp(client, stranger, Bytes.SYN | Bytes.ACK, 9000, 5001));
        assertEquals(List.of(mapped + " > " + stranger + " tcp SA, 63 hops"), open.outside());
        open.fromOutside(Bytes.tcp(stranger, mapped, Bytes.ACK, 5001, 9001));
        assertEquals(List.of(stranger + " > " + client + " tcp A, 63 hops"), open.atTunnel());
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc5382-req-4")
    @Tag("rfc5382-req-4-a")
    void aSynThatNobodyAskedForHearsNothingAndSpoilsNothing(Family family) {
        End client = family.client(4000);
        End server = family.server(80);
        strict.fromTunnel(Bytes.tcp(client, family.secondServer(80), Bytes.SYN, 1, 0));
        End mapped = strict.mapped();

        strict.fromOutside(Bytes.tcp(server, mapped, Bytes.SYN, 5000, 0));
        strict.fromOutside(
                Bytes.tcp(server, new End(family.outside(), 19_000), Bytes.SYN, 5000, 0));
        for (int second = 0; second < 10; second++) {
            strict.advance(SECOND);
            assertEquals(List.of(), strict.outside());
        }
        assertEquals(List.of(), strict.atTunnel());

        strict.fromTunnel(Bytes.tcp(client, server, Bytes.SYN, 1000, 0));
        strict.fromOutside(Bytes.tcp(server, mapped, Bytes.SYN, 5000, 0));
        assertEquals(List.of(server + " > " + client + " tcp S, 63 hops"), strict.atTunnel());
        assertEquals(mapped, strict.mapped());
    }

    /** Two hours and four minutes of silence once it is established, four minutes before. */
    @ParameterizedTest
    @EnumSource
    @Tag("rfc5382-req-5")
    void connectionsOutliveTheirSilence(Family family) {
        End opening = family.client(4001);
        strict.fromTunnel(Bytes.tcp(opening, family.server(80), Bytes.SYN, 1, 0));
        End mapped = strict.mapped();
        establish(strict, family.client(4000), family.server(80));
        strict.advance(Duration.ofMinutes(4));
        strict.fromOutside(Bytes.tcp(family.server(80), mapped, Bytes.SYN | Bytes.ACK, 9000, 2));
        assertEquals(1, strict.atTunnel().size());
        strict.advance(Duration.ofHours(2));
        assertEquals(1, strict.flows(), "the one that was established");

        strict.fromTunnel(Bytes.tcp(family.client(4000), family.server(80), Bytes.ACK, 1001, 5001));

        assertEquals(1, strict.outside().size());
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc7857-2.2-a")
    void aResetIsTranslatedBothWays(Family family) {
        End client = family.client(4000);
        End server = family.server(80);
        establish(strict, client, server);
        establish(strict, family.client(4001), server);

        strict.fromTunnel(Bytes.tcp(client, server, Bytes.RST, 1001, 0));
        List<String> out = strict.outside();
        assertEquals(1, out.size());
        assertTrue(isFromOutside(family, out.getFirst()), out::toString);
        assertTrue(out.getFirst().endsWith(" > " + server + " tcp R, 63 hops"));

        strict.fromTunnel(Bytes.tcp(family.client(4001), server, Bytes.ACK, 1001, 5001));
        End mapped = strict.mapped();
        strict.fromOutside(Bytes.tcp(server, mapped, Bytes.RST, 5001, 0));
        assertEquals(
                List.of(server + " > " + family.client(4001) + " tcp R, 63 hops"),
                strict.atTunnel());
    }

    /** As it may have been lost behind the gateway, and comes again. */
    @ParameterizedTest
    @EnumSource
    @Tag("rfc7857-2.2-b")
    void aResetConnectionIsKeptForFourMinutes(Family family) {
        End client = family.client(4000);
        End server = family.server(80);
        establish(strict, client, server);
        strict.fromTunnel(Bytes.tcp(client, server, Bytes.RST, 1001, 0));
        End mapped = strict.mapped();
        strict.advance(Duration.ofMinutes(4));

        strict.fromTunnel(Bytes.tcp(client, server, Bytes.RST, 1001, 0));

        assertEquals(mapped, strict.mapped());
    }

    /** Every error of both kinds, from a router that nobody has spoken to. */
    @ParameterizedTest
    @EnumSource
    @Tag("rfc4787-req-12")
    @Tag("rfc4787-req-12-a")
    @Tag("rfc4787-req-12-b")
    @Tag("rfc5382-req-9")
    @Tag("rfc5382-req-10")
    @Tag("rfc5508-req-4-a")
    @Tag("rfc5508-req-4-b")
    @Tag("rfc5508-req-4-c")
    @Tag("rfc5508-req-10-a")
    void anErrorFromOutsideIsTranslatedAndEndsNothing(Family family) {
        End client = family.client(4000);
        End server = family.server(80);
        End mapped = map(strict, family);
        establish(strict, client, server);
        strict.fromTunnel(Bytes.tcp(client, server, Bytes.ACK, 1001, 5001));
        End mappedTcp = strict.mapped();
        byte[] datagram = Bytes.udp(mapped, family.server(53), 100);
        byte[] segment = Bytes.tcp(mappedTcp, server, Bytes.ACK, 1001, 5001);
        int[] types = family.isIpv6() ? new int[] {1, 2, 3, 4} : new int[] {3, 11, 12};

        for (int type : types) {
            for (int code = 0; code < 8; code++) {
                int word = type == 2 ? 1280 : 0;
                strict.fromOutside(
                        Bytes.icmp(
                                family.outsideRouter(),
                                new End(family.outside(), 0),
                                type,
                                code,
                                word,
                                datagram));
                // About a segment that is under way, for none other is believed.
                strict.fromTunnel(Bytes.tcp(client, server, Bytes.ACK | Bytes.FIN, 1001, 5001));
                assertEquals(1, strict.outside().size());
                strict.fromOutside(
                        Bytes.icmp(
                                family.outsideRouter(),
                                new End(family.outside(), 0),
                                type,
                                code,
                                word,
                                segment));
                String error =
                        "%s > %s icmp %d/%d %d about "
                                .formatted(
                                        family.outsideRouter(), family.client(0), type, code, word);
                assertEquals(
                        List.of(
                                error + client + " > " + family.server(53) + ", 63 hops",
                                error + client + " > " + server + ", 63 hops"),
                        strict.atTunnel());
            }
        }

        strict.fromOutside(Bytes.udp(family.server(53), mapped, 10));
        strict.fromOutside(Bytes.tcp(server, mappedTcp, Bytes.ACK, 5001, 1002));
        assertEquals(
                List.of(
                        family.server(53) + " > " + client + " udp 10, 63 hops",
                        server + " > " + client + " tcp A, 63 hops"),
                strict.atTunnel());
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc5508-req-5-a")
    @Tag("rfc5508-req-5-b")
    @Tag("rfc5508-req-5-c")
    @Tag("rfc5508-req-10-a")
    void anErrorFromARouterInsideComesFromTheOutsideAddress(Family family) {
        End mapped = map(strict, family);
        strict.fromOutside(Bytes.udp(family.server(53), mapped, 10));
        byte[] reply = strict.bytesAtTunnel().getFirst();
        int[] types = family.isIpv6() ? new int[] {1, 2, 3, 4} : new int[] {3, 11, 12};

        for (int type : types) {
            for (int code = 0; code < 8; code++) {
                strict.fromTunnel(
                        Bytes.icmp(family.insideRouter(), family.server(53), type, code, 0, reply));
                assertEquals(
                        List.of(
                                "%s > %s icmp %d/%d 0 about %s > %s, 63 hops"
                                        .formatted(
                                                new End(family.outside(), 0),
                                                family.server(0),
                                                type,
                                                code,
                                                family.server(53),
                                                mapped)),
                        strict.outside());
            }
        }
    }

    /** What an error quotes lives no longer for it, and no shorter. */
    @ParameterizedTest
    @EnumSource
    @Tag("rfc5508-req-6")
    @Tag("rfc7857-7.1-a")
    void anErrorRefreshesNothing(Family family) {
        strict.fromTunnel(Bytes.echoRequest(family.client(7), family.server(0)));
        End query = strict.mapped();
        byte[] request = Bytes.echoRequest(query, family.server(0));
        End mapped = map(strict, family);
        strict.fromOutside(Bytes.udp(family.server(53), mapped, 10));
        byte[] reply = strict.bytesAtTunnel().getFirst();
        for (int second = 0; second < 60; second += 10) {
            strict.advance(Duration.ofSeconds(10));
            strict.fromOutside(
                    Bytes.icmp(
                            family.outsideRouter(),
                            new End(family.outside(), 0),
                            family.timeExceeded(),
                            0,
                            0,
                            request));
            assertEquals(1, strict.atTunnel().size());
        }
        assertEquals(2, strict.flows());
        for (int minute = 1; minute < 6; minute++) {
            strict.advance(Duration.ofMinutes(1));
            strict.fromTunnel(
                    Bytes.icmp(
                            family.client(0),
                            family.server(53),
                            family.unreachable(),
                            family.portUnreachable(),
                            0,
                            reply));
        }

        strict.advance(SECOND);
        assertEquals(0, strict.flows());
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc5508-req-3")
    @Tag("rfc5508-req-3-a")
    void anErrorThatIsDamagedIsDroppedInSilence(Family family) {
        End mapped = map(strict, family);
        byte[] datagram = Bytes.udp(mapped, family.server(53), 100);
        byte[] error =
                Bytes.icmp(
                        family.outsideRouter(),
                        new End(family.outside(), 0),
                        family.unreachable(),
                        0,
                        0,
                        datagram);
        byte[] wrong = error.clone();
        wrong[wrong.length - 1] ^= 1;
        strict.fromOutside(wrong);
        assertEquals(1, strict.dropped(Reason.BAD_CHECKSUM));
        if (!family.isIpv6()) {
            byte[] quoted = datagram.clone();
            quoted[8]--;
            strict.fromOutside(
                    Bytes.icmp(
                            family.outsideRouter(),
                            new End(family.outside(), 0),
                            family.unreachable(),
                            0,
                            0,
                            quoted));
            assertEquals(1, strict.dropped(Reason.MALFORMED_HEADER_CHECKSUM));
        }
        assertEquals(List.of(), strict.atTunnel());
        assertEquals(List.of(), strict.outside());

        strict.fromOutside(error);
        assertEquals(1, strict.atTunnel().size());
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc5508-req-4")
    @Tag("rfc5508-req-5")
    void anErrorAboutNothingThatIsKnownIsDroppedInSilence(Family family) {
        map(strict, family);
        End outside = new End(family.outside(), 19_999);

        strict.fromOutside(
                Bytes.icmp(
                        family.outsideRouter(),
                        outside,
                        family.unreachable(),
                        0,
                        0,
                        Bytes.udp(outside, family.server(53), 10)));
        strict.fromTunnel(
                Bytes.icmp(
                        family.client(0),
                        family.server(53),
                        family.unreachable(),
                        0,
                        0,
                        Bytes.udp(family.server(54), family.client(4000), 10)));

        assertEquals(2, strict.dropped(Reason.UNMATCHED_ERROR));
        assertEquals(List.of(), strict.atTunnel());
        assertEquals(List.of(), strict.outside());
    }

    /** Advertisements of routers, from either side. */
    @ParameterizedTest
    @EnumSource
    @Tag("rfc5508-req-11")
    void aMessageThatIsNeitherQueryNorErrorIsDropped(Family family) {
        map(strict, family);
        int advertisement = family.isIpv6() ? 134 : 9;

        strict.fromTunnel(
                Bytes.icmp(family.client(0), family.server(0), advertisement, 0, 0, new byte[8]));
        strict.fromOutside(
                Bytes.icmp(
                        family.server(0),
                        new End(family.outside(), 0),
                        advertisement,
                        0,
                        0,
                        new byte[8]));

        assertEquals(List.of(), strict.atTunnel());
        assertEquals(List.of(), strict.outside());
        assertEquals(1, strict.dropped(Reason.NO_FLOW));
        assertEquals(1, strict.dropped(Reason.NO_MAPPING));
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc4787-req-13")
    void whatMayNotBeCutAndIsTooBigIsAnsweredWithTheMtu(Family family) {
        LoneWorker narrow = new LoneWorker(Filtering.ADDRESS_AND_PORT_DEPENDENT, 1300, List.of());

        narrow.fromTunnel(
                Bytes.dontFragment(Bytes.udp(family.client(4000), family.server(53), 1400)));

        assertEquals(List.of(), narrow.outside());
        assertEquals(
                List.of(
                        "%s > %s icmp %s 1300 about %s > %s, 64 hops"
                                .formatted(
                                        new End(family.gateway(), 0),
                                        family.client(0),
                                        family.isIpv6() ? "2/0" : "3/4",
                                        family.client(4000),
                                        family.server(53))),
                narrow.atTunnel());
    }

    @ParameterizedTest
    @EnumSource(names = "IPV4")
    @Tag("rfc4787-req-13-a")
    void whatMayBeCutIsCutInOrder(Family family) {
        LoneWorker narrow = new LoneWorker(Filtering.ADDRESS_AND_PORT_DEPENDENT, 576, List.of());

        narrow.fromTunnel(Bytes.udp(family.client(4000), family.server(53), 1400));

        List<byte[]> fragments = narrow.bytesOutside();
        assertEquals(3, fragments.size());
        for (int i = 0; i < 3; i++) {
            byte[] fragment = fragments.get(i);
            assertTrue(fragment.length <= 576);
            int field = ByteBuffer.wrap(fragment).getShort(6);
            assertEquals((i < 2 ? 0x2000 : 0) | (i * 552 / 8), field);
            assertArrayEquals(
                    Arrays.copyOfRange(fragments.getFirst(), 4, 6),
                    Arrays.copyOfRange(fragment, 4, 6));
        }
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc4787-req-14")
    void fragmentsAreTranslatedInWhateverOrderTheyCome(Family family) {
        byte[] packet = Bytes.udp(family.client(4000), family.server(53), 1200);
        List<byte[]> fragments = Bytes.fragments(packet, 77, 504);
        for (byte[] each : fragments.reversed()) {
            strict.fromTunnel(each);
        }
        for (byte[] each : fragments) {
            strict.fromTunnel(each);
        }

        List<byte[]> out = strict.bytesOutside();
        assertEquals(2 * fragments.size(), out.size());
        for (byte[] each : out) {
            assertTrue(isFromOutside(family, LoneWorker.text(each)));
        }
        assertEquals(1, strict.flows());
    }

    /** A rule sends some destinations and ports into a tunnel as they are. */
    @ParameterizedTest
    @EnumSource
    @Tag("rfc6888-req-6")
    void aRuleTurnsTranslationOffForSomeDestinationsAndPorts(Family family) {
        Prefix branch = Prefix.parse(family.branch(0).address());
        Rule translated =
                new Rule(
                        "translated",
                        List.of(),
                        List.of(),
                        List.of(branch),
                        List.of(17),
                        List.of(new PortRange(8000, 8999)),
                        Action.FORWARD,
                        "",
                        "lan");
        LoneWorker worker =
                new LoneWorker(
                        Filtering.ADDRESS_AND_PORT_DEPENDENT, LoneWorker.MTU, List.of(translated));

        worker.fromTunnel(Bytes.udp(family.client(4000), family.branch(53), 10));
        assertEquals(
                List.of(family.client(4000) + " > " + family.branch(53) + " udp 10, 63 hops"),
                worker.atBranch());

        worker.fromTunnel(Bytes.udp(family.client(4000), family.branch(8080), 10));
        assertEquals(family.outside(), worker.mapped().address());
        assertEquals(List.of(), worker.atBranch());
    }
}
