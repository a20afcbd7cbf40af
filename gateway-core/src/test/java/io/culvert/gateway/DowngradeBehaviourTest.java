package io.culvert.gateway;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.forward.Routes;
import io.culvert.gateway.policy.Action;
import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.Rule;
import io.culvert.hook.Reason;
import io.culvert.nat.Filtering;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.time.Duration;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/** What becomes of datagrams and pings that are upgraded and leave by a tunnel again. */
class DowngradeBehaviourTest {
    private static final Rule ALL =
            new Rule(
                    "all",
                    List.of(),
                    List.of(),
                    List.of(),
                    List.of(),
                    List.of(),
                    Action.UPGRADE,
                    Policy.RELAY,
                    Routes.TUNNELS);

    private static final int NARROW = 1_300;
    private static final int DESTINATION_OPTIONS = 60;

    private final LoneWorker worker = worker(LoneWorker.MTU);

    private static LoneWorker worker(int branchMtu) {
        return new LoneWorker(
                Filtering.ENDPOINT_INDEPENDENT, LoneWorker.MTU, branchMtu, List.of(ALL), "lan");
    }

    private static byte[] request(Family family, int payload) {
        return Bytes.udp(family.client(4000), family.branch(53), payload);
    }

    private static byte[] reply(Family family, int payload) {
        return Bytes.udp(family.branch(53), family.client(4000), payload);
    }

    /** From the initiator's own address, with DSCP and ECN, and one hop less. */
    @ParameterizedTest
    @EnumSource
    void sendsADatagramOnUnderItsSendersName(Family family) {
        byte[] request = request(family, 100);
        if (!family.isIpv6()) {
            request = Bytes.with(request, 1, 0xbb);
        }
        worker.fromTunnel(request);

        assertArrayEquals(Bytes.hops(request, 63), worker.bytesAtBranch().getFirst());
        assertEquals(1, worker.flows());
        assertEquals(List.of(), worker.outside());
    }

    @ParameterizedTest
    @EnumSource
    void takesRepliesFromTheTunnelAsPacketsOfTheSameFlow(Family family) {
        worker.fromTunnel(request(family, 100));
        for (int i = 0; i < 3; i++) {
            worker.fromBranch(Bytes.hops(reply(family, 200 + i), 10));
        }

        assertEquals(
                List.of("200, 9 hops", "201, 9 hops", "202, 9 hops"),
                worker.atTunnel().stream()
                        .map(text -> text.substring(text.indexOf("udp ") + 4))
                        .toList());
        assertEquals(1, worker.flows());
        worker.advance(Duration.ofSeconds(299));
        assertEquals(1, worker.flows());
        worker.advance(Duration.ofSeconds(60));
        assertEquals(0, worker.flows());
    }

    /** RFC 1122 section 4.1.3.4: who receives a datagram notices. */
    @ParameterizedTest
    @EnumSource
    void dropsDatagramsWhoseChecksumIsWrongFromEitherSide(Family family) {
        worker.fromTunnel(request(family, 100));
        worker.bytesAtBranch();
        byte[] broken = request(family, 100);
        broken[broken.length - 1] ^= 1;
        worker.fromTunnel(broken);
        byte[] brokenReply = reply(family, 100);
        brokenReply[brokenReply.length - 1] ^= 1;
        worker.fromBranch(brokenReply);

        assertEquals(2, worker.dropped(Reason.BAD_CHECKSUM));
        assertEquals(List.of(), worker.atBranch());
        assertEquals(List.of(), worker.atTunnel());
    }

    /** RFC 768: zero says that there is none. */
    @Test
    void passesADatagramWithoutAChecksum() {
        byte[] request = request(Family.IPV4, 100);
        request[26] = 0;
        request[27] = 0;
        worker.fromTunnel(request);

        assertArrayEquals(Bytes.hops(request, 63), worker.bytesAtBranch().getFirst());
    }

    @Test
    void leavesIpv4OptionsBehind() {
        byte[] request = request(Family.IPV4, 100);
        byte[] options = HexFormat.of().parseHex("5e041234" + "94040000");
        worker.fromTunnel(Bytes.withOptions(request, options));

        assertArrayEquals(Bytes.hops(request, 63), worker.bytesAtBranch().getFirst());

        worker.fromTunnel(Bytes.dontFragment(Bytes.withOptions(request, options)));
        assertArrayEquals(
                Bytes.dontFragment(Bytes.hops(request, 63)), worker.bytesAtBranch().getFirst());
    }

    @Test
    void leavesExtensionHeadersBehind() {
        byte[] request = request(Family.IPV6, 100);
        // Of one option that fills it, and UDP behind.
        byte[] destinationOptions = HexFormat.of().parseHex("1100010400000000");
        worker.fromTunnel(Bytes.withExtensions(request, DESTINATION_OPTIONS, destinationOptions));

        assertArrayEquals(Bytes.hops(request, 63), worker.bytesAtBranch().getFirst());
    }

    /** It is ours to send, so nobody is told to send shorter ones: RFC 791, RFC 8200. */
    @ParameterizedTest
    @EnumSource
    void cutsWhatIsTooLongForTheNextTunnel(Family family) {
        LoneWorker narrow = worker(NARROW);
        narrow.fromTunnel(Bytes.dontFragment(request(family, 1_400)));

        List<byte[]> pieces = narrow.bytesAtBranch();
        assertEquals(2, pieces.size());
        assertTrue(pieces.stream().allMatch(piece -> piece.length <= NARROW));
        assertEquals(List.of(), narrow.atTunnel());
        int header = family.isIpv6() ? 48 : 20;
        assertEquals(8 + 1_400, pieces.stream().mapToInt(piece -> piece.length - header).sum());
        if (!family.isIpv6()) {
            assertEquals(0x20, pieces.getFirst()[6] & 0xe0, "more to come, and no DF");
        }
    }

    @ParameterizedTest
    @EnumSource
    void makesNoFragmentLongerThanTheLongestThatCame(Family family) {
        byte[] request = request(family, 1_400);
        Bytes.fragments(request, 7, 504).forEach(worker::fromTunnel);

        List<byte[]> pieces = worker.bytesAtBranch();
        assertEquals(3, pieces.size());
        assertTrue(pieces.stream().allMatch(piece -> piece.length <= 504 + 48));
        Bytes.fragments(reply(family, 1_400), 8, 704).forEach(worker::fromBranch);
        assertEquals(2, worker.bytesAtTunnel().size());
    }

    @ParameterizedTest
    @EnumSource
    void tellsEitherSideOfPacketsThatHaveComeTooFar(Family family) {
        worker.fromTunnel(request(family, 100));
        worker.bytesAtBranch();
        worker.fromTunnel(Bytes.hops(request(family, 100), 1));
        assertEquals(1, worker.atTunnel().size());
        worker.fromBranch(Bytes.hops(reply(family, 100), 1));
        assertEquals(
                List.of(
                        "%s > %s icmp %d/0 0 about %s > %s, 64 hops"
                                .formatted(
                                        new End(family.gateway(), 0),
                                        family.branch(0),
                                        family.timeExceeded(),
                                        family.branch(53),
                                        family.client(4000))),
                worker.atBranch());
    }

    /** Of datagrams in either direction, to whoever sent them. */
    @ParameterizedTest
    @EnumSource
    void passesErrorsOnToWhomTheyQuote(Family family) {
        worker.fromTunnel(request(family, 100));
        byte[] sent = worker.bytesAtBranch().getFirst();
        worker.fromBranch(unreachable(family, family.branch(0), family.client(0), sent));
        assertEquals(
                List.of(
                        "%s > %s icmp %d/%d 0 about %s > %s, 63 hops"
                                .formatted(
                                        family.branch(0),
                                        family.client(0),
                                        family.unreachable(),
                                        family.portUnreachable(),
                                        family.client(4000),
                                        family.branch(53))),
                worker.atTunnel());

        worker.fromBranch(reply(family, 100));
        byte[] returned = worker.bytesAtTunnel().getFirst();
        worker.fromTunnel(unreachable(family, family.client(0), family.branch(0), returned));
        assertEquals(
                List.of(
                        "%s > %s icmp %d/%d 0 about %s > %s, 63 hops"
                                .formatted(
                                        family.client(0),
                                        family.branch(0),
                                        family.unreachable(),
                                        family.portUnreachable(),
                                        family.branch(53),
                                        family.client(4000))),
                worker.atBranch());
    }

    private static byte[] unreachable(Family family, End from, End to, byte[] quoted) {
        return Bytes.icmp(
                from,
                to,
                family.unreachable(),
                family.portUnreachable(),
                0,
                Arrays.copyOf(quoted, Math.min(quoted.length, 120)));
    }

    /** Not by the device, where forwarded flows would go for want of a route. */
    @ParameterizedTest
    @EnumSource
    void answersWhereNoTunnelLeadsToTheTarget(Family family) {
        worker.fromTunnel(Bytes.udp(family.client(4000), family.server(53), 100));
        assertEquals(1, worker.atTunnel().size());
        worker.fromTunnel(Bytes.echoRequest(family.client(9), family.server(9)));
        assertEquals(1, worker.atTunnel().size());
        worker.fromTunnel(Bytes.tcp(family.client(4000), family.server(80), Bytes.SYN, 1, 0));
        assertEquals(1, worker.atTunnel().size());

        assertEquals(List.of(), worker.outside());
        assertEquals(0, worker.flows());
    }

    @ParameterizedTest
    @EnumSource
    void forwardsPings(Family family) {
        byte[] request = Bytes.echoRequest(family.client(9), family.branch(9));
        worker.fromTunnel(request);
        assertArrayEquals(Bytes.hops(request, 63), worker.bytesAtBranch().getFirst());
        byte[] reply = Bytes.echoReply(family.branch(9), family.client(9));
        worker.fromBranch(reply);
        assertArrayEquals(Bytes.hops(reply, 63), worker.bytesAtTunnel().getFirst());
        assertEquals(1, worker.flows());
    }
}
