package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.tun.Packet.Segmentation;
import io.culvert.tun.PacketDevice.Sent;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.function.BooleanSupplier;

/** Outer packets in and out of the kernel, IPv4 and IPv6 outside, both inside. */
@Timeout(60)
class GreEndpointTest {
    private static final int MTU = 1_500;
    private static final int BUDGET = 64;
    private static final GreFields KEYED = GreFields.NONE.withKey(42);

    private final List<String> handed = new ArrayList<>();
    private final List<GreOutcome> others = new ArrayList<>();
    private final GreHandler keep =
            new GreHandler() {
                @Override
                public void packet(GreTunnel tunnel, Packet packet) {
                    handed.add(tunnel.number() + " " + Bytes.hex(packet));
                }

                @Override
                public void other(GreOutcome outcome) {
                    others.add(outcome);
                }
            };
    private final Packet packet = new Packet();
    private long nanos;

    @ParameterizedTest(name = "outer IPv6 {0}, inner IPv6 {1}")
    @CsvSource({"false, false", "false, true", "true, false", "true, true"})
    void handsOverWhatAPeerSends(boolean outer, boolean inner) throws IOException {
        try (GreWire wire = new GreWire(outer, MTU);
                GreEndpoint endpoint =
                        open(wire, GreSettings.Peer.at(wire.peer(), GreFields.NONE))) {
            String ip =
                    inner
                            ? GreHeaderTest.IPV6.replace("20010db80000", "20010db80001")
                            : GreHeaderTest.IPV4;
            wire.arrives(wire.peer(), inner ? "000086dd" : "00000800", ip);

            assertFalse(endpoint.tunnel(0).isHeard());
            assertEquals(1, endpoint.receive(keep, BUDGET));
            assertEquals(List.of("0 " + ip), handed);
            assertEquals(1, endpoint.count(GreOutcome.PACKET));
            assertTrue(endpoint.tunnel(0).isHeard());
            assertEquals(1, endpoint.heard());
            assertEquals(0, endpoint.receive(keep, BUDGET));
        }
    }

    @ParameterizedTest(name = "outer IPv6 {0}: {1}")
    @CsvSource({
        "false, 00000800",
        "false, 20000800 0000002a",
        "false, 10000800 00000000",
        "false, 80000800 9ec20000",
        "false, a0000800 7e980000 0000002a",
        "false, b0000800 6e980000 0000002a 00000000",
        "true, 00000800",
        "true, b0000800 6e980000 0000002a 00000000",
    })
    void sendsWithTheFieldsThatThePeerWants(boolean outer, String hex) throws IOException {
        byte[] header = Bytes.of(hex);
        int flags = header[0];
        GreFields fields =
                new GreFields(
                        (flags & 0x20) != 0 ? 42 : GreFields.NO_KEY,
                        (flags & 0x80) != 0,
                        (flags & 0x10) != 0);
        try (GreWire wire = new GreWire(outer, MTU);
                GreEndpoint endpoint = open(wire, GreSettings.Peer.at(wire.peer(), fields))) {
            PacketDevice end = end(endpoint, 0);
            byte[] ip = Bytes.of(GreHeaderTest.IPV4);
            assertEquals(Sent.TAKEN, end.send(put(ip)));
            end.flush();

            byte[] outside = only(wire.sentTo(wire.peer()));
            assertEquals(hex(header) + hex(ip), hex(wire.payload(outside)));
            assertEquals(GreHeader.IP_PROTOCOL, outside[outer ? 6 : 9]);
            assertEquals(64, outside[outer ? 7 : 8], "time to live");
            assertEquals(0, ecn(outside));
            if (!outer) {
                assertEquals(0x4000, ByteBuffer.wrap(outside).getShort(6), "don't fragment");
            }
            assertEquals(MTU - (outer ? 40 : 20) - header.length, end.mtu());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void numbersPacketsOneAfterTheOtherWhoeverSends(boolean ipv6) throws IOException {
        try (GreWire wire = new GreWire(ipv6, MTU);
                GreEndpoint endpoint =
                        open(
                                wire,
                                GreSettings.Peer.at(wire.peer(), GreFields.NONE.withSequence()))) {
            PacketDevice one = end(endpoint, 0);
            PacketDevice other = end(endpoint, 0);
            for (int i = 0; i < 3; i++) {
                one.send(put(inside(ipv6, 1, 10)));
                other.send(put(inside(ipv6, 2, 10)));
            }
            List<Integer> numbers = new ArrayList<>();
            wire.sentTo(wire.peer())
                    .forEach(each -> numbers.add(ByteBuffer.wrap(each).getInt(wire.header() + 4)));
            assertEquals(List.of(0, 1, 2, 3, 4, 5), numbers);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void tellsPeersApartByAddressAndKeyAndAnswersNobodyElse(boolean ipv6) throws IOException {
        try (GreWire wire = new GreWire(ipv6, MTU);
                GreEndpoint endpoint =
                        open(
                                wire,
                                GreSettings.Peer.at(wire.peer(), KEYED),
                                GreSettings.Peer.at(wire.peer(), KEYED.withKey(43)))) {
            wire.arrives(wire.peer(), "20000800 0000002b", GreHeaderTest.IPV4);
            wire.arrives(wire.peer(), "20000800 0000002a", GreHeaderTest.IPV4);
            wire.arrives(wire.peer(), "20000800 0000002c", GreHeaderTest.IPV4);
            wire.arrives(wire.peer(), "00000800", GreHeaderTest.IPV4);
            wire.arrives(wire.stranger(), "20000800 0000002a", GreHeaderTest.IPV4);
            wire.arrives(wire.stranger(), "3081880b");
            wire.arrives(wire.peer(), "3081880b");

            assertEquals(7, endpoint.receive(keep, BUDGET));
            assertEquals(List.of("1 " + GreHeaderTest.IPV4, "0 " + GreHeaderTest.IPV4), handed);
            assertEquals(
                    List.of(
                            GreOutcome.UNKNOWN_KEY,
                            GreOutcome.UNKNOWN_KEY,
                            GreOutcome.UNKNOWN_PEER,
                            GreOutcome.UNKNOWN_PEER,
                            GreOutcome.POINT_TO_POINT),
                    others);
            assertEquals(List.of(), wire.sentTo(wire.stranger()));
            assertEquals(List.of(), wire.sentTo(wire.peer()));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void sendsToTheAddressOfAPrefixThatWasLastHeardOf(boolean ipv6) throws IOException {
        try (GreWire wire = new GreWire(ipv6, MTU);
                GreEndpoint endpoint =
                        open(
                                wire,
                                new GreSettings.Peer(
                                        wire.peer(),
                                        ipv6 ? 64 : 24,
                                        GreFields.NONE,
                                        GreSettings.Peer.OF_THE_PATH))) {
            PacketDevice end = end(endpoint, 0);
            assertEquals(Sent.DOWN, end.send(put(inside(ipv6, 1, 10))));
            assertEquals(MTU - wire.header() - 4, end.mtu());
            for (InetAddress from : List.of(wire.peer(), wire.stranger(), wire.peer())) {
                wire.arrives(from, "00000800", GreHeaderTest.IPV4);
                assertEquals(1, endpoint.receive(keep, BUDGET));
                assertEquals(Sent.TAKEN, end.send(put(inside(ipv6, 1, 10))));
                end.flush();
                assertEquals(1, wire.sentTo(from).size());
            }
        }
    }

    /** What is broken, or under a wrong key, moves nothing. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void staysWithTheAddressWherePacketsFromAnotherAreBroken(boolean ipv6) throws IOException {
        try (GreWire wire = new GreWire(ipv6, MTU);
                GreEndpoint endpoint =
                        open(
                                wire,
                                new GreSettings.Peer(
                                        wire.peer(),
                                        ipv6 ? 64 : 24,
                                        KEYED,
                                        GreSettings.Peer.OF_THE_PATH))) {
            wire.arrives(wire.peer(), "20000800 0000002a", GreHeaderTest.IPV4);
            wire.arrives(wire.stranger(), "20000800 0000002b", GreHeaderTest.IPV4);
            wire.arrives(wire.stranger(), "a0000800 7e990000 0000002a", GreHeaderTest.IPV4);
            wire.arrives(wire.stranger(), "20000800 0000002a 60");
            assertEquals(4, endpoint.receive(keep, BUDGET));
            assertEquals(
                    List.of(
                            GreOutcome.UNKNOWN_KEY,
                            GreOutcome.WRONG_CHECKSUM,
                            GreOutcome.WRONG_INNER_VERSION),
                    others);
            PacketDevice end = end(endpoint, 0);
            end.send(put(inside(ipv6, 1, 10)));
            end.flush();
            assertEquals(1, wire.sentTo(wire.peer()).size());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @Tag("rfc2784-2.2")
    void takesAPacketWhoseChecksumIsRightAndNoOther(boolean ipv6) throws IOException {
        try (GreWire wire = new GreWire(ipv6, MTU);
                GreEndpoint endpoint =
                        open(wire, GreSettings.Peer.at(wire.peer(), GreFields.NONE))) {
            wire.arrives(wire.peer(), "80000800 9ec20000", GreHeaderTest.IPV4);
            wire.arrives(wire.peer(), "80000800 9ec30000", GreHeaderTest.IPV4);
            endpoint.receive(keep, BUDGET);
            assertEquals(List.of("0 " + GreHeaderTest.IPV4), handed);
            assertEquals(List.of(GreOutcome.WRONG_CHECKSUM), others);
        }
    }

    /** RFC 2890 section 2.2: those without a number may come in between. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @Tag("rfc2890-2.2-a")
    @Tag("rfc2890-2.2-b")
    void takesNumberedPacketsInOrderAndOthersAtAnyTime(boolean ipv6) throws IOException {
        try (GreWire wire = new GreWire(ipv6, MTU);
                GreEndpoint endpoint =
                        open(wire, GreSettings.Peer.at(wire.peer(), GreFields.NONE))) {
            for (String header :
                    List.of(
                            "10000800 00000000",
                            "10000800 00000002",
                            "00000800",
                            "10000800 00000001",
                            "10000800 00000002",
                            "00000800",
                            "10000800 00000003")) {
                wire.arrives(wire.peer(), header, GreHeaderTest.IPV4);
            }
            endpoint.receive(keep, BUDGET);
            assertEquals(5, handed.size());
            assertEquals(List.of(GreOutcome.OUT_OF_SEQUENCE, GreOutcome.OUT_OF_SEQUENCE), others);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void answersAKeepaliveWithWhatItCarries(boolean ipv6) throws IOException {
        try (GreWire wire = new GreWire(ipv6, MTU);
                GreEndpoint endpoint =
                        open(wire, GreSettings.Peer.at(wire.peer(), GreFields.NONE))) {
            wire.arrives(wire.peer(), 0xc0, keepalive(wire, wire.here(), wire.peer()));
            assertEquals(1, endpoint.receive(keep, BUDGET));
            assertEquals(List.of(GreOutcome.KEEPALIVE), others);

            byte[] answer = only(wire.sentTo(wire.peer()));
            assertEquals("00000000", hex(wire.payload(answer)));
            // Network control, as it was inside.
            int trafficClass =
                    ipv6 ? ByteBuffer.wrap(answer).getShort() >> 4 & 0xff : answer[1] & 0xff;
            assertEquals(0xc0, trafficClass);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void answersOnlySoManyKeepalives(boolean ipv6) throws IOException {
        try (GreWire wire = new GreWire(ipv6, MTU);
                GreEndpoint endpoint =
                        open(wire, GreSettings.Peer.at(wire.peer(), GreFields.NONE))) {
            byte[] keepalive = keepalive(wire, wire.here(), wire.peer());
            nanos = Long.MAX_VALUE - 1; // clocks may begin anywhere
            for (int i = 0; i < 30; i++) {
                wire.arrives(wire.peer(), 0, keepalive);
            }
            endpoint.receive(keep, BUDGET);
            assertEquals(GreKeepalive.BURST, endpoint.count(GreOutcome.KEEPALIVE));
            assertEquals(20, endpoint.count(GreOutcome.KEEPALIVE_TOO_OFTEN));
            assertEquals(GreKeepalive.BURST, wire.sentTo(wire.peer()).size());

            nanos += 1_000_000_000L / GreKeepalive.A_SECOND;
            wire.arrives(wire.peer(), 0, keepalive);
            wire.arrives(wire.peer(), 0, keepalive);
            endpoint.receive(keep, BUDGET);
            assertEquals(GreKeepalive.BURST + 1, endpoint.count(GreOutcome.KEEPALIVE));

            nanos += 60_000_000_000L;
            for (int i = 0; i < 30; i++) {
                wire.arrives(wire.peer(), 0, keepalive);
            }
            endpoint.receive(keep, BUDGET);
            assertEquals(2L * GreKeepalive.BURST + 1, endpoint.count(GreOutcome.KEEPALIVE));
        }
    }

    /** Nobody makes us send anything to a third, or from one. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    @Tag("rfc2784-3.1-c")
    void sendsBackNothingThatIsNotBetweenTheTwoEnds(boolean ipv6) throws IOException {
        try (GreWire wire = new GreWire(ipv6, MTU);
                GreEndpoint endpoint =
                        open(wire, GreSettings.Peer.at(wire.peer(), GreFields.NONE))) {
            wire.arrives(wire.peer(), 0, keepalive(wire, wire.here(), wire.stranger()));
            wire.arrives(wire.peer(), 0, keepalive(wire, wire.stranger(), wire.peer()));
            wire.arrives(wire.peer(), 0, keepalive(wire, wire.peer(), wire.here()));
            wire.arrives(wire.stranger(), 0, keepalive(wire, wire.here(), wire.stranger()));
            // The answer to one of ours, which there are none of.
            wire.arrives(wire.peer(), "00000000");
            // GRE in GRE that is no keepalive.
            wire.arrives(
                    wire.peer(),
                    0,
                    Bytes.of(
                            ipv6 ? "000086dd" : "00000800",
                            hex(
                                    GreWire.packet(
                                            wire.here(),
                                            wire.peer(),
                                            0,
                                            Bytes.of("00000800", GreHeaderTest.IPV4)))));
            assertEquals(6, endpoint.receive(keep, BUDGET));
            assertEquals(2, handed.size());
            assertEquals(
                    List.of(
                            // RFC 2784 section 3.1
                            GreOutcome.TO_THE_PEER,
                            GreOutcome.UNKNOWN_PEER,
                            GreOutcome.KEEPALIVE_ANSWER,
                            GreOutcome.TO_THE_PEER),
                    others);
            assertEquals(List.of(), wire.sentTo(wire.peer()));
            assertEquals(List.of(), wire.sentTo(wire.stranger()));
        }
    }

    @ParameterizedTest(name = "outer IPv6 {0}, inner IPv6 {1}")
    @CsvSource({"false, false", "false, true", "true, false", "true, true"})
    void cutsSuperPacketsUpAndPutsThemTogether(boolean outer, boolean inner) throws IOException {
        try (GreWire wire = new GreWire(outer, MTU);
                GreEndpoint endpoint = open(wire, GreSettings.Peer.at(wire.peer(), KEYED))) {
            int headers = (inner ? 40 : 20) + 20;
            Packet whole = tcp(inner, 20_000);
            whole.segments(Segmentation.TCP, 1_000, headers);
            List<String> expected = Bytes.segments(whole);
            assertEquals(20, expected.size());
            PacketDevice end = end(endpoint, 0);

            assertEquals(Sent.TAKEN, end.send(whole));
            end.flush();

            List<String> sent = new ArrayList<>();
            for (byte[] outside : wire.sentTo(wire.peer())) {
                byte[] payload = wire.payload(outside);
                assertEquals(
                        (inner ? "200086dd" : "20000800") + "0000002a",
                        hex(Arrays.copyOf(payload, 8)));
                sent.add(hex(Arrays.copyOfRange(payload, 8, payload.length)));
                wire.arrives(wire.peer(), 0, payload);
            }
            assertEquals(expected, sent);

            List<List<String>> joined = new ArrayList<>();
            endpoint.receive((_, received) -> joined.add(Bytes.segments(received)), BUDGET);
            // A batch is what one call brings: 16 messages, and then the rest of them.
            assertEquals(expected, joined.stream().flatMap(List::stream).toList());
            assertEquals(1, joined.size());
        }
    }

    /** Two tenants may have the same addresses and ports, and the same numbers even. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void putsNothingTogetherOfTwoTunnels(boolean ipv6) throws IOException {
        try (GreWire wire = new GreWire(ipv6, MTU);
                GreEndpoint endpoint =
                        open(
                                wire,
                                GreSettings.Peer.at(wire.peer(), KEYED),
                                GreSettings.Peer.at(wire.peer(), KEYED.withKey(43)))) {
            Packet whole = tcp(false, 2_000);
            whole.segments(Segmentation.TCP, 1_000, 40);
            List<String> segments = Bytes.segments(whole);
            wire.arrives(wire.peer(), "20000800 0000002a", segments.get(0));
            wire.arrives(wire.peer(), "20000800 0000002b", segments.get(1));
            endpoint.receive(keep, BUDGET);
            assertEquals(List.of("0 " + segments.get(0), "1 " + segments.get(1)), handed);
        }
    }

    /** What GRO or a neighbour's offload has joined comes as one packet longer than any link. */
    @ParameterizedTest(name = "IPv6 {0}, {1}")
    @CsvSource({"false, 000086dd", "true, 000086dd", "false, 800086dd 00000000"})
    void takesWhatTheKernelHasJoined(boolean outer, String header) throws IOException {
        try (GreWire wire = new GreWire(outer, MTU);
                GreEndpoint endpoint =
                        open(wire, GreSettings.Peer.at(wire.peer(), GreFields.NONE))) {
            int mtu = endpoint.tunnel(0).mtu();
            Packet whole = tcp(true, 20_000);
            Packet expected = new Packet().copyOf(whole).segments(Segmentation.TCP, mtu - 60, 60);
            wire.arrivesInFragments(wire.peer(), Bytes.of(header, Bytes.hex(whole)));
            wire.arrivesInFragments(wire.peer(), Bytes.of(header, Bytes.hex(udp(true, 20_000))));
            wire.arrivesInFragments(wire.peer(), Bytes.of(header, Bytes.hex(udp(true, 100))));

            List<List<String>> received = new ArrayList<>();
            endpoint.receive(
                    new GreHandler() {
                        @Override
                        public void packet(GreTunnel tunnel, Packet each) {
                            assertTrue(each.checksumPartial());
                            if (each.segmentation() == Segmentation.NONE) {
                                assertTrue(PartialChecksum.complete(each));
                                received.add(List.of(Bytes.hex(each)));
                            } else {
                                received.add(Bytes.segments(each));
                            }
                        }

                        @Override
                        public void other(GreOutcome outcome) {
                            others.add(outcome);
                        }
                    },
                    BUDGET);
            Packet small = udp(true, 100);
            assertTrue(PartialChecksum.complete(small));
            assertEquals(List.of(Bytes.segments(expected), List.of(Bytes.hex(small))), received);
            assertEquals(List.of(GreOutcome.JOINED_DATAGRAMS), others);
        }
    }

    /** 1,400 less the headers: what Culvert then tells the sender inside. */
    @ParameterizedTest
    @CsvSource({"false, 1372", "true, 1352"})
    void learnsThePathsMtuFromIcmp(boolean ipv6, int mtu) throws IOException {
        try (GreWire wire = new GreWire(ipv6, MTU);
                GreEndpoint endpoint = open(wire, GreSettings.Peer.at(wire.peer(), KEYED))) {
            PacketDevice end = end(endpoint, 0);
            end.send(put(inside(ipv6, 1, 1_380)));
            end.flush();
            wire.tooBig(only(wire.sentTo(wire.peer())), 1_400);
            await(
                    () -> {
                        endpoint.receive(keep, BUDGET);
                        return end.mtu() == mtu;
                    });
            assertEquals(List.of(), handed);
        }
    }

    /** Nobody looked at the error queue: the packet that fails says it. */
    @ParameterizedTest
    @CsvSource({"false, 1372", "true, 1352"})
    void learnsThePathsMtuFromThePacketThatFails(boolean ipv6, int mtu) throws IOException {
        try (GreWire wire = new GreWire(ipv6, MTU);
                GreEndpoint endpoint = open(wire, GreSettings.Peer.at(wire.peer(), KEYED))) {
            GreSender sender = endpoint.sender();
            PacketDevice end = endpoint.tunnel(0).end(sender);
            end.send(put(inside(ipv6, 1, 1_380)));
            end.flush();
            wire.tooBig(only(wire.sentTo(wire.peer())), 1_400);
            await(
                    () -> {
                        end.send(put(inside(ipv6, 1, 1_380)));
                        end.flush();
                        return end.mtu() == mtu;
                    });
            assertTrue(sender.lost() > 0);
        }
    }

    @ParameterizedTest
    @CsvSource({"false, 28", "true, 48"})
    void followsTheDevicesMtuWhenAsked(boolean ipv6, int overhead) throws IOException {
        try (GreWire wire = new GreWire(ipv6, MTU);
                GreEndpoint endpoint = open(wire, GreSettings.Peer.at(wire.peer(), KEYED))) {
            PacketDevice end = end(endpoint, 0);
            wire.mtu(1_450);
            endpoint.refreshMtus(1);
            assertEquals(1_450 - overhead, end.mtu());
            wire.mtu(MTU);
            endpoint.refreshMtus(1);
            assertEquals(MTU - overhead, end.mtu());
        }
    }

    @Test
    void keepsToTheMtuThatIsAskedFor() throws IOException {
        try (GreWire wire = new GreWire(false, MTU);
                GreEndpoint endpoint =
                        open(wire, new GreSettings.Peer(wire.peer(), 32, KEYED, 1_300))) {
            assertEquals(1_300, end(endpoint, 0).mtu());
        }
    }

    /** A connection that began when the path was wider must not vanish in it. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void sendsInFragmentsWhatIsLongerThanThePathAllows(boolean ipv6) throws IOException {
        try (GreWire wire = new GreWire(ipv6, 1_400);
                GreEndpoint endpoint = open(wire, GreSettings.Peer.at(wire.peer(), KEYED))) {
            PacketDevice end = end(endpoint, 0);
            byte[] ip = inside(true, 1, 1_476 - 48);
            assertTrue(ip.length > end.mtu());
            assertEquals(Sent.TAKEN, end.send(put(ip)));
            end.flush();
            assertTogether(wire, Bytes.of("200086dd 0000002a", hex(ip)));
        }
    }

    /** RFC 8200 section 5: IPv6 inside needs 1,280 bytes, whatever is outside. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void sendsInFragmentsWhatIpv6NeedsOnAPathThatIsTooSmall(boolean ipv6) throws IOException {
        try (GreWire wire = new GreWire(ipv6, 1_280);
                GreEndpoint endpoint = open(wire, GreSettings.Peer.at(wire.peer(), KEYED))) {
            PacketDevice end = end(endpoint, 0);
            assertEquals(1_280, end.mtu());
            byte[] ip = inside(true, 1, 1_280 - 48);
            assertEquals(Sent.TAKEN, end.send(put(ip)));
            end.flush();
            assertTogether(wire, Bytes.of("200086dd 0000002a", hex(ip)));
        }
    }

    /** Two fragments, which are together what was sent. */
    private static void assertTogether(GreWire wire, byte[] expected) {
        List<byte[]> sent = wire.sentTo(wire.peer());
        assertEquals(2, sent.size());
        ByteBuffer all = ByteBuffer.allocate(expected.length);
        for (byte[] each : sent) {
            ByteBuffer bytes = ByteBuffer.wrap(each);
            int at = wire.ipv6 ? 48 : 20;
            int offset = wire.ipv6 ? bytes.getShort(42) & 0xfff8 : bytes.getShort(6) << 3 & 0xfff8;
            if (wire.ipv6) {
                assertEquals(44, each[6], "a fragment header");
            }
            all.put(offset, each, at, each.length - at);
        }
        assertArrayEquals(expected, all.array());
    }

    /** RFC 6040: ECN of the inner packet is seen outside, and congestion outside comes in. */
    @ParameterizedTest(name = "outer IPv6 {0}, inner IPv6 {1}")
    @CsvSource({"false, false", "false, true", "true, false", "true, true"})
    void carriesCongestionThroughTheTunnel(boolean outer, boolean inner) throws IOException {
        try (GreWire wire = new GreWire(outer, MTU);
                GreEndpoint endpoint =
                        open(wire, GreSettings.Peer.at(wire.peer(), GreFields.NONE))) {
            PacketDevice end = end(endpoint, 0);
            byte[] capable = inside(inner, 1, 10);
            mark(capable, 2);
            end.send(put(capable));
            end.flush();
            assertEquals(2, ecn(only(wire.sentTo(wire.peer()))));

            String header = inner ? "000086dd" : "00000800";
            wire.arrives(wire.peer(), 3, Bytes.of(header, hex(capable)));
            wire.arrives(wire.peer(), 3, Bytes.of(header, hex(inside(inner, 1, 10))));
            List<Integer> marks = new ArrayList<>();
            endpoint.receive((_, received) -> marks.add(EcnField.of(received)), BUDGET);
            assertEquals(List.of(3), marks);
            assertEquals(1, endpoint.count(GreOutcome.CONGESTION_UNMARKABLE));
        }
    }

    /** It has come back by a route that leads here, and would again. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void sendsNothingThatItHasSentAlready(boolean ipv6) throws IOException {
        try (GreWire wire = new GreWire(ipv6, MTU);
                GreEndpoint endpoint =
                        open(wire, GreSettings.Peer.at(wire.peer(), GreFields.NONE))) {
            PacketDevice end = end(endpoint, 0);
            end.send(put(inside(ipv6, 1, 10)));
            end.flush();
            byte[] outside = only(wire.sentTo(wire.peer()));
            assertEquals(Sent.FAILED, end.send(put(outside)));
            // Somebody else's GRE is a packet as any other.
            byte[] others = GreWire.packet(wire.stranger(), wire.peer(), 0, new byte[4]);
            assertEquals(Sent.TAKEN, end.send(put(others)));
            end.flush();
            assertEquals(1, wire.sentTo(wire.peer()).size());
        }
    }

    /** raw(7): the kernel itself answers only what nobody takes. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void keepsTheKernelFromAnsweringThatNobodyKnowsTheProtocol(boolean ipv6) throws IOException {
        try (GreWire wire = new GreWire(ipv6, MTU)) {
            try (GreEndpoint endpoint =
                    open(wire, GreSettings.Peer.at(wire.peer(), GreFields.NONE))) {
                wire.arrives(wire.peer(), "00000800", GreHeaderTest.IPV4);
                wire.arrives(wire.stranger(), "00000800", GreHeaderTest.IPV4);
                assertEquals(2, endpoint.receive(keep, BUDGET));
                assertEquals(List.of(), wire.sentTo(wire.peer()));
                assertEquals(List.of(), wire.sentTo(wire.stranger()));
            }
            wire.arrives(wire.peer(), "00000800", GreHeaderTest.IPV4);
            byte[] answer = only(wire.sentTo(wire.peer()));
            // RFC 792: unreachable, protocol; RFC 4443 section 3.4: parameter problem, next header
            assertEquals(ipv6 ? 58 : 1, answer[ipv6 ? 6 : 9]);
            assertEquals(ipv6 ? 0x0401 : 0x0302, ByteBuffer.wrap(answer).getShort(wire.header()));
        }
    }

    /** Nothing is answered, whatever it is, and everything has a name. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void answersNothingToAnyStartFromAnybody(boolean ipv6) throws IOException {
        try (GreWire wire = new GreWire(ipv6, MTU);
                GreEndpoint endpoint =
                        open(wire, GreSettings.Peer.at(wire.peer(), GreFields.NONE))) {
            int looked = 0;
            byte[] payload = new byte[44];
            for (int first = 0; first < 1 << 16; first += 3) {
                payload[0] = (byte) (first >> 8);
                payload[1] = (byte) first;
                wire.arrives(first % 5 == 0 ? wire.peer() : wire.stranger(), 0, payload);
                if (first % 64 == 63) {
                    looked += endpoint.receive(keep, 1 << 20);
                }
            }
            looked += endpoint.receive(keep, 1 << 20);
            assertEquals(((1 << 16) + 2) / 3, looked);
            assertEquals(looked, handed.size() + others.size());
            assertEquals(0, endpoint.count(GreOutcome.PACKET));
            Set<GreOutcome> seen = EnumSet.copyOf(others);
            assertTrue(seen.contains(GreOutcome.UNKNOWN_PEER));
            assertTrue(seen.contains(GreOutcome.POINT_TO_POINT));
            assertEquals(List.of(), wire.sentTo(wire.stranger()));
            assertEquals(List.of(), wire.sentTo(wire.peer()));
        }
    }

    @Test
    void saysWhatStandsInTheWay() throws IOException {
        try (GreWire wire = new GreWire(false, MTU)) {
            IOException foreign =
                    assertThrows(
                            IOException.class,
                            () ->
                                    GreEndpoint.open(
                                                    wire.namespace(),
                                                    new GreSettings(wire.peer(), List.of()),
                                                    () -> nanos)
                                            .close());
            assertEquals("192.0.2.2 is not an address of this host", foreign.getMessage());
            assertThrows(
                    IllegalArgumentException.class,
                    () -> new GreSettings(InetAddress.ofLiteral("0.0.0.0"), List.of()));
            assertThrows(
                    IllegalArgumentException.class,
                    () ->
                            wire.settings(
                                    GreSettings.Peer.at(
                                            InetAddress.ofLiteral("::1"), GreFields.NONE)));
        }
    }

    @SuppressWarnings("try") // it is closed twice
    @Test
    void doesNothingOnceItIsClosed() throws IOException {
        try (GreWire wire = new GreWire(false, MTU);
                GreEndpoint endpoint =
                        open(wire, GreSettings.Peer.at(wire.peer(), GreFields.NONE))) {
            PacketDevice end = end(endpoint, 0);
            end.send(put(inside(false, 1, 10)));
            endpoint.close();
            end.flush();
            assertEquals(Sent.DOWN, end.send(put(inside(false, 1, 10))));
            assertEquals(0, endpoint.receive(keep, BUDGET));
            endpoint.refreshMtus(1);
            assertEquals(List.of(), wire.sentTo(wire.peer()));
        }
    }

    private GreEndpoint open(GreWire wire, GreSettings.Peer... peers) throws IOException {
        return GreEndpoint.open(wire.namespace(), wire.settings(peers), () -> nanos);
    }

    private static PacketDevice end(GreEndpoint endpoint, int tunnel) {
        return endpoint.tunnel(tunnel).end(endpoint.sender());
    }

    /** GRE with a packet inside that is GRE without anything. */
    private static byte[] keepalive(GreWire wire, InetAddress from, InetAddress to) {
        return Bytes.of(
                wire.ipv6 ? "000086dd" : "00000800",
                hex(GreWire.packet(from, to, 0xc0, new byte[4])));
    }

    private static byte[] only(List<byte[]> packets) {
        assertEquals(1, packets.size());
        return packets.getFirst();
    }

    private static Probe probe(boolean ipv6, int flow) {
        String network = ipv6 ? "fd00::" : "10.0.0.";
        return new Probe(
                InetAddress.ofLiteral(network + "1"),
                1_024 + flow,
                InetAddress.ofLiteral(network + "2"),
                53);
    }

    /** An inner datagram of a flow, its checksum complete. */
    private static byte[] inside(boolean ipv6, int flow, int payload) {
        Packet packet = probe(ipv6, flow).udp(new Packet(), new byte[payload]);
        assertTrue(PartialChecksum.complete(packet));
        return Bytes.of(packet);
    }

    /** A segment whose checksum is unfinished. */
    private static Packet tcp(boolean ipv6, int payload) {
        byte[] bytes = new byte[payload];
        for (int i = 0; i < payload; i++) {
            bytes[i] = (byte) (i * 7 + i / 251);
        }
        return probe(ipv6, 1).tcp(new Packet(), 1_000, 2_000, Probe.ACK, bytes);
    }

    /** A datagram whose checksum is unfinished. */
    private static Packet udp(boolean ipv6, int payload) {
        return probe(ipv6, 2).udp(new Packet(), new byte[payload]);
    }

    private Packet put(byte[] ip) {
        packet.plain(ip.length).bytes().put(Packet.OFFSET, ip);
        return packet;
    }

    private static String hex(byte[] bytes) {
        return HexFormat.of().formatHex(bytes);
    }

    private static int ecn(byte[] ip) {
        return (ip[0] >> 4 == 4 ? ip[1] : ip[1] >> 4) & 3;
    }

    /** Sets the ECN field of a packet that has none. */
    private static void mark(byte[] ip, int field) {
        if (ip[0] >> 4 == 4) {
            ip[1] |= (byte) field;
            ByteBuffer bytes = ByteBuffer.wrap(ip).putShort(10, (short) 0);
            bytes.putShort(10, (short) ~OnesComplement.sum(bytes, 0, 20));
        } else {
            ip[1] |= (byte) (field << 4);
        }
    }

    /** The kernel's softirq may still be at it. */
    private static void await(BooleanSupplier condition) {
        long start = System.nanoTime();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() - start < 20_000_000_000L, "waited in vain");
            Thread.onSpinWait();
        }
    }
}
