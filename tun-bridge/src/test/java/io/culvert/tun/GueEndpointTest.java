package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.tun.Packet.Segmentation;
import io.culvert.tun.PacketDevice.Sent;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.BooleanSupplier;

/** Outer packets in and out of the kernel, IPv4 and IPv6 outside, both inside. */
@Timeout(60)
class GueEndpointTest {
    private static final int MTU = 1_500;
    private static final int SOURCE_PORT = 51_515;
    private static final int BUDGET = 64;

    private final List<String> handed = new ArrayList<>();
    private final GueHandler<String> keep =
            (peer, packet, _) -> each(packet).forEach(hex -> handed.add(peer.owner() + " " + hex));
    private final Packet packet = new Packet();

    @ParameterizedTest(name = "outer IPv6 {0}, inner IPv6 {1}")
    @CsvSource({"false, false", "false, true", "true, false", "true, true"})
    void handsOverWhatAPeerSends(boolean outer, boolean inner) throws IOException {
        try (GueWire wire = new GueWire(outer, MTU);
                GueEndpoint<String> endpoint = open(wire, wire.settings())) {
            byte[] ip = inside(inner, 1, 10);
            wire.arrives(wire.peer, SOURCE_PORT, wrapped(ip));
            wire.arrives(wire.peer, 1, ip); // variant 1

            assertEquals(2, endpoint.receive(keep, BUDGET));
            String hex = Bytes.hex(Bytes.packet(hex(ip)));
            assertEquals(List.of("acme " + hex, "acme " + hex), handed);
            assertEquals(2, endpoint.count(GueOutcome.PACKET));
            assertEquals(1, endpoint.peers());
            assertEquals(0, endpoint.receive(keep, BUDGET));
        }
    }

    @ParameterizedTest(name = "outer IPv6 {0}, inner IPv6 {1}")
    @CsvSource({"false, false", "false, true", "true, false", "true, true"})
    void sendsToThePeersGuePortWhateverItSendsFrom(boolean outer, boolean inner)
            throws IOException {
        try (GueWire wire = new GueWire(outer, MTU);
                GueEndpoint<String> endpoint = open(wire, wire.settings())) {
            wire.arrives(wire.peer, SOURCE_PORT, wrapped(inside(inner, 1, 10)));
            endpoint.receive((peer, received, _) -> peer.send(received), BUDGET);
            endpoint.flush();

            List<byte[]> sent = wire.sentTo(wire.peer);
            assertEquals(1, sent.size());
            byte[] outside = sent.getFirst();
            assertEquals(6_080, wire.destinationPort(outside));
            assertTrue(wire.sourcePort(outside) > 1_023);
            assertArrayEquals(wrapped(inside(inner, 1, 10)), wire.payload(outside));
            assertEquals(GueWire.UDP, outside[outer ? 6 : 9]);
            assertNotEquals(0, ByteBuffer.wrap(outside).getShort(wire.header() + 6), "checksum");
            if (!outer) {
                assertEquals(0x4000, ByteBuffer.wrap(outside).getShort(6), "don't fragment");
            }
            assertEquals(1, peer(endpoint, wire).sent());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void keepsAFlowOnOneSourcePortAndSpreadsFlowsOverAll(boolean ipv6) throws IOException {
        try (GueWire wire = new GueWire(ipv6, MTU);
                GueEndpoint<String> endpoint = open(wire, wire.settings().withSourcePorts(4))) {
            GuePeer<String> peer = peer(endpoint, wire);
            Set<Integer> ports = new HashSet<>();
            for (int flow = 0; flow < 200; flow++) {
                peer.send(put(inside(ipv6, flow, 10)));
                peer.send(put(inside(ipv6, flow, 20)));
                peer.flush();
                List<byte[]> sent = wire.sentTo(wire.peer);
                assertEquals(2, sent.size());
                assertEquals(wire.sourcePort(sent.get(0)), wire.sourcePort(sent.get(1)));
                ports.add(wire.sourcePort(sent.getFirst()));
            }
            // 4 * 0.75^200 is the chance to miss one.
            assertEquals(4, ports.size());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void sendsFromTheGuePortWhereNoOtherIsWanted(boolean ipv6) throws IOException {
        try (GueWire wire = new GueWire(ipv6, MTU);
                GueEndpoint<String> endpoint = open(wire, wire.settings().withSourcePorts(0))) {
            GuePeer<String> peer = peer(endpoint, wire);
            peer.send(put(inside(ipv6, 1, 10)));
            peer.flush();
            byte[] sent = wire.sentTo(wire.peer).getFirst();
            assertEquals(6_080, wire.sourcePort(sent));

            wire.portUnreachable(sent);
            wire.arrives(wire.peer, SOURCE_PORT, wrapped(inside(ipv6, 1, 10)));
            await(() -> endpoint.receive(keep, BUDGET) > 0);
            await(
                    () -> {
                        endpoint.receive(keep, BUDGET);
                        return peer.unreachable() == 1;
                    });
            assertEquals(1, handed.size());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void takesAReplyToThePortItSentFrom(boolean ipv6) throws IOException {
        try (GueWire wire = new GueWire(ipv6, MTU);
                GueEndpoint<String> endpoint = open(wire, wire.settings())) {
            GuePeer<String> peer = peer(endpoint, wire);
            peer.send(put(inside(ipv6, 1, 10)));
            peer.flush();
            int port = wire.sourcePort(wire.sentTo(wire.peer).getFirst());
            wire.arrives(wire.datagram(wire.peer, 6_080, port, wrapped(inside(ipv6, 2, 10))));
            wire.arrives(wire.datagram(wire.stranger, 6_080, port, wrapped(inside(ipv6, 2, 10))));
            assertEquals(0, endpoint.receive(keep, BUDGET));
            assertEquals(2, endpoint.receiveOnSenders(keep, BUDGET));
            assertEquals(1, handed.size());
            assertEquals(1, endpoint.count(GueOutcome.UNKNOWN_PEER));
        }
    }

    @ParameterizedTest(name = "outer IPv6 {0}, inner IPv6 {1}")
    @CsvSource({"false, false", "false, true", "true, false", "true, true"})
    void cutsASuperPacketIntoDatagrams(boolean outer, boolean inner) throws IOException {
        try (GueWire wire = new GueWire(outer, MTU);
                GueEndpoint<String> endpoint = open(wire, wire.settings())) {
            GuePeer<String> peer = peer(endpoint, wire);
            int headers = (inner ? 40 : 20) + 8;
            byte[] ip = inside(inner, 1, 50_000);
            List<String> expected = Bytes.segments(superPacket(ip, headers));
            assertEquals(50, expected.size());

            assertEquals(Sent.TAKEN, peer.send(superPacket(ip, headers)));
            peer.flush();

            List<String> sent = new ArrayList<>();
            for (byte[] outside : wire.sentTo(wire.peer)) {
                byte[] payload = wire.payload(outside);
                sent.add(hex(Arrays.copyOfRange(payload, 4, payload.length)));
            }
            assertEquals(expected, sent);
            assertEquals(50, peer.sent());
            assertEquals(0, peer.lost());
        }
    }

    @ParameterizedTest
    @CsvSource({"false, 1468", "true, 1448"})
    void refusesWhatIsLongerThanThePathLessTheHeaders(boolean ipv6, int mtu) throws IOException {
        try (GueWire wire = new GueWire(ipv6, MTU);
                GueEndpoint<String> endpoint = open(wire, wire.settings())) {
            GuePeer<String> peer = peer(endpoint, wire);
            assertEquals(mtu, peer.mtu());
            assertEquals(Sent.FAILED, peer.send(put(inside(false, 1, mtu - 28 + 1))));
            assertEquals(1, peer.tooLong());
            assertEquals(Sent.TAKEN, peer.send(put(inside(false, 1, mtu - 28))));
            peer.flush();
            List<byte[]> sent = wire.sentTo(wire.peer);
            assertEquals(1, sent.size());
            assertEquals(MTU, sent.getFirst().length);
        }
    }

    /** 1,400 less the headers: what Culvert then tells the sender inside. */
    @ParameterizedTest
    @CsvSource({"false, 1368", "true, 1348"})
    void learnsThePathsMtuFromIcmp(boolean ipv6, int mtu) throws IOException {
        try (GueWire wire = new GueWire(ipv6, MTU);
                GueEndpoint<String> endpoint = open(wire, wire.settings())) {
            GuePeer<String> peer = peer(endpoint, wire);
            peer.send(put(inside(ipv6, 1, 1_380)));
            peer.flush();
            wire.tooBig(wire.sentTo(wire.peer).getFirst(), 1_400);
            await(
                    () -> {
                        endpoint.receiveOnSenders(keep, BUDGET);
                        return peer.mtu() == mtu;
                    });
            assertEquals(Sent.FAILED, peer.send(put(inside(ipv6, 1, 1_380))));
            assertEquals(1, peer.tooLong());
            assertEquals(0, peer.unreachable());
        }
    }

    /** Nobody looked at the error queue: the packet that fails says it. */
    @ParameterizedTest
    @CsvSource({"false, 1368", "true, 1348"})
    void learnsThePathsMtuFromThePacketThatFails(boolean ipv6, int mtu) throws IOException {
        try (GueWire wire = new GueWire(ipv6, MTU);
                GueEndpoint<String> endpoint = open(wire, wire.settings())) {
            GuePeer<String> peer = peer(endpoint, wire);
            peer.send(put(inside(ipv6, 1, 1_380)));
            peer.flush();
            wire.tooBig(wire.sentTo(wire.peer).getFirst(), 1_400);
            await(
                    () -> {
                        peer.send(put(inside(ipv6, 1, 1_380)));
                        peer.flush();
                        return peer.mtu() == mtu;
                    });
            assertTrue(peer.lost() > 0);
        }
    }

    /** An off-path guess quotes a port that is none of ours. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void learnsNothingFromIcmpAboutWhatItDidNotSend(boolean ipv6) throws IOException {
        try (GueWire wire = new GueWire(ipv6, MTU);
                GueEndpoint<String> endpoint = open(wire, wire.settings())) {
            GuePeer<String> peer = peer(endpoint, wire);
            int mtu = peer.mtu();
            peer.send(put(inside(ipv6, 1, 1_380)));
            peer.flush();
            byte[] sent = wire.sentTo(wire.peer).getFirst();
            byte[] forged = sent.clone();
            ByteBuffer.wrap(forged).putShort(wire.header(), (short) 9);
            wire.tooBig(forged, 1_400);
            // A true one afterwards shows that the forged one had its chance.
            wire.portUnreachable(sent);
            await(
                    () -> {
                        endpoint.receiveOnSenders(keep, BUDGET);
                        return peer.unreachable() == 1;
                    });
            endpoint.refreshMtus(1);
            assertEquals(mtu, peer.mtu());
        }
    }

    @ParameterizedTest
    @CsvSource({"false, 32", "true, 52"})
    void followsTheDevicesMtuWhenAsked(boolean ipv6, int overhead) throws IOException {
        try (GueWire wire = new GueWire(ipv6, MTU);
                GueEndpoint<String> endpoint = open(wire, wire.settings())) {
            GuePeer<String> peer = peer(endpoint, wire);
            wire.mtu(1_450);
            endpoint.refreshMtus(1);
            assertEquals(1_450 - overhead, peer.mtu());
            wire.mtu(MTU);
            endpoint.refreshMtus(1);
            assertEquals(MTU - overhead, peer.mtu());
        }
    }

    /** The device says nothing by ICMP; the first packet that is too long for it does. */
    @ParameterizedTest
    @CsvSource({"false, 32", "true, 52"})
    void noticesThatTheDevicesMtuShrank(boolean ipv6, int overhead) throws IOException {
        try (GueWire wire = new GueWire(ipv6, MTU);
                GueEndpoint<String> endpoint = open(wire, wire.settings())) {
            GuePeer<String> peer = peer(endpoint, wire);
            wire.mtu(1_400);
            assertEquals(Sent.TAKEN, peer.send(put(inside(true, 1, 1_380))));
            peer.flush();
            assertEquals(1, peer.lost());
            assertEquals(1_400 - overhead, peer.mtu());
            assertEquals(Sent.FAILED, peer.send(put(inside(true, 1, 1_380))));
        }
    }

    /** RFC 8200 section 5: IPv6 inside needs 1,280 bytes, whatever is outside. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void sendsInFragmentsWhatIpv6NeedsOnAPathThatIsTooSmall(boolean ipv6) throws IOException {
        try (GueWire wire = new GueWire(ipv6, 1_280);
                GueEndpoint<String> endpoint = open(wire, wire.settings())) {
            GuePeer<String> peer = peer(endpoint, wire);
            assertEquals(1_280, peer.mtu());
            assertEquals(Sent.TAKEN, peer.send(put(inside(true, 1, 1_280 - 48))));
            assertEquals(Sent.TAKEN, peer.send(put(inside(true, 1, 1_280 - 48))));
            peer.flush();
            List<byte[]> sent = wire.sentTo(wire.peer);
            assertEquals(4, sent.size());
            assertEquals(0, peer.lost());
            if (ipv6) {
                assertEquals(44, sent.getFirst()[6], "a fragment header");
            } else {
                assertEquals(0x2000, ByteBuffer.wrap(sent.getFirst()).getShort(6), "more to come");
            }
        }
    }

    /** Row 21 of the abuse list: nothing is answered, whatever it is. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void answersNothingToAnyStartFromAnybody(boolean ipv6) throws IOException {
        try (GueWire wire = new GueWire(ipv6, MTU);
                GueEndpoint<String> endpoint = open(wire, wire.settings())) {
            int looked = 0;
            int each = 0;
            byte[] payload = new byte[44];
            for (int first = 0; first < 1 << 16; first++) {
                payload[0] = (byte) (first >> 8);
                payload[1] = (byte) first;
                wire.arrives(wire.stranger, SOURCE_PORT, payload);
                if (first % 16 == 0) {
                    wire.arrives(wire.peer, SOURCE_PORT, payload);
                    each++;
                }
                if (first % 64 == 63) {
                    looked += endpoint.receive(keep, 1 << 20);
                }
            }
            assertEquals((1 << 16) + each, looked);
            assertEquals(1 << 16, endpoint.count(GueOutcome.UNKNOWN_PEER));
            assertEquals(each, looked - endpoint.count(GueOutcome.UNKNOWN_PEER));
            // Variant 1: 0x40.. and 0x60.., a sixteenth of what the peer sent each
            assertEquals(each / 8, endpoint.count(GueOutcome.PACKET));
            assertEquals(each / 2, endpoint.count(GueOutcome.UNKNOWN_VARIANT));
            assertEquals(1, endpoint.peers());
            endpoint.flush();
            assertEquals(List.of(), wire.sentTo(wire.stranger));
            assertEquals(List.of(), wire.sentTo(wire.peer));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void handsOverPrivateDataOnlyWhereItIsAgreedOn(boolean ipv6) throws IOException {
        byte[] payload = Bytes.of("02040000", "74656e616e743d61", hex(inside(false, 1, 10)));
        try (GueWire wire = new GueWire(ipv6, MTU)) {
            try (GueEndpoint<String> endpoint = open(wire, wire.settings())) {
                wire.arrives(wire.peer, SOURCE_PORT, payload);
                assertEquals(1, endpoint.receive(keep, BUDGET));
                assertEquals(1, endpoint.count(GueOutcome.UNEXPECTED_PRIVATE_DATA));
                assertEquals(List.of(), handed);
            }
            try (GueEndpoint<String> endpoint = open(wire, wire.settings().withPrivateData(true))) {
                wire.arrives(wire.peer, SOURCE_PORT, payload);
                List<String> data = new ArrayList<>();
                endpoint.receive(
                        (_, _, header) -> {
                            byte[] bytes = new byte[header.privateDataLength()];
                            header.bytes().get(header.privateData(), bytes);
                            data.add(hex(bytes));
                        },
                        BUDGET);
                assertEquals(List.of("74656e616e743d61"), data);
            }
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void letsNoMorePeersInThanItHasRoomFor(boolean ipv6) throws IOException {
        try (GueWire wire = new GueWire(ipv6, MTU);
                GueEndpoint<String> endpoint =
                        GueEndpoint.open(
                                wire.namespace, wire.settings().withPeers(1), (_, _) -> "any")) {
            wire.arrives(wire.peer, SOURCE_PORT, wrapped(inside(ipv6, 1, 10)));
            wire.arrives(wire.stranger, SOURCE_PORT, wrapped(inside(ipv6, 1, 10)));
            endpoint.receive(keep, BUDGET);
            assertEquals(1, endpoint.count(GueOutcome.PACKET));
            assertEquals(1, endpoint.count(GueOutcome.TOO_MANY_PEERS));

            GuePeer<String> peer = peer(endpoint, wire);
            assertNull(endpoint.peer(high(wire.stranger), low(wire.stranger)));
            peer.close();
            peer.close();
            assertEquals(0, endpoint.peers());
            wire.arrives(wire.stranger, SOURCE_PORT, wrapped(inside(ipv6, 1, 10)));
            endpoint.receive(keep, BUDGET);
            assertEquals(2, endpoint.count(GueOutcome.PACKET));
        }
    }

    @ParameterizedTest(name = "outer IPv6 {0}, inner IPv6 {1}")
    @CsvSource({"false, false", "false, true", "true, false", "true, true"})
    void joinsPacketsOfAFlowThatFollowOneAnother(boolean outer, boolean inner) throws IOException {
        try (GueWire wire = new GueWire(outer, MTU);
                GueEndpoint<String> endpoint = open(wire, wire.settings())) {
            for (int i = 0; i < 3; i++) {
                wire.arrives(wire.peer, SOURCE_PORT, wrapped(inside(inner, 1, 500)));
            }
            wire.arrives(wire.peer, SOURCE_PORT, wrapped(inside(inner, 2, 500)));
            List<Integer> packets = new ArrayList<>();
            assertEquals(
                    4, endpoint.receive((_, joined, _) -> packets.add(joined.packets()), BUDGET));
            assertEquals(List.of(3, 1), packets);
            assertEquals(4, endpoint.count(GueOutcome.PACKET));
        }
    }

    /** The same inner flow from two peers may be two tenants'. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void joinsNothingOfTwoPeers(boolean ipv6) throws IOException {
        try (GueWire wire = new GueWire(ipv6, MTU);
                GueEndpoint<String> endpoint =
                        GueEndpoint.open(
                                wire.namespace,
                                wire.settings(),
                                (_, low) -> low == low(wire.peer) ? "one" : "other")) {
            for (int i = 0; i < 2; i++) {
                wire.arrives(wire.peer, SOURCE_PORT, wrapped(inside(ipv6, 1, 500)));
                wire.arrives(wire.stranger, SOURCE_PORT, wrapped(inside(ipv6, 1, 500)));
            }
            List<String> owners = new ArrayList<>();
            endpoint.receive((peer, _, _) -> owners.add(peer.owner()), BUDGET);
            assertEquals(List.of("one", "other", "one", "other"), owners);
        }
    }

    /** Two tenants behind one peer. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void joinsNothingOfDifferentPrivateData(boolean ipv6) throws IOException {
        try (GueWire wire = new GueWire(ipv6, MTU);
                GueEndpoint<String> endpoint = open(wire, wire.settings().withPrivateData(true))) {
            String ip = hex(inside(false, 1, 500));
            for (String data : List.of("01000000", "01000000", "02000000", "01000000")) {
                wire.arrives(wire.peer, SOURCE_PORT, Bytes.of("01040000", data, ip));
            }
            wire.arrives(wire.peer, SOURCE_PORT, Bytes.of("0204000001000000", "00000000", ip));
            wire.arrives(wire.peer, SOURCE_PORT, Bytes.of("00040000", ip));
            List<String> handedOver = new ArrayList<>();
            endpoint.receive(
                    (_, joined, header) -> {
                        byte[] bytes = new byte[header.privateDataLength()];
                        header.bytes().get(header.privateData(), bytes);
                        handedOver.add(hex(bytes) + " " + joined.packets());
                    },
                    BUDGET);
            assertEquals(
                    List.of("01000000 2", "02000000 1", "01000000 1", "0100000000000000 1", " 1"),
                    handedOver);
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void tellsOfEveryDatagramThatItDrops(boolean ipv6) throws IOException {
        try (GueWire wire = new GueWire(ipv6, MTU);
                GueEndpoint<String> endpoint = open(wire, wire.settings())) {
            wire.arrives(wire.stranger, SOURCE_PORT, wrapped(inside(ipv6, 1, 10)));
            wire.arrives(wire.peer, SOURCE_PORT, Bytes.of("20000000"));
            wire.arrives(wire.peer, SOURCE_PORT, Bytes.of("80000000"));
            wire.arrives(wire.peer, SOURCE_PORT, wrapped(inside(ipv6, 1, 10)));
            List<GueOutcome> dropped = new ArrayList<>();
            endpoint.receive(
                    new GueHandler<String>() {
                        @Override
                        public void handle(GuePeer<String> peer, Packet packet, GueHeader header) {
                            handed.add(peer.owner());
                        }

                        @Override
                        public void dropped(GueOutcome outcome) {
                            dropped.add(outcome);
                        }
                    },
                    BUDGET);
            assertEquals(
                    List.of(
                            GueOutcome.UNKNOWN_PEER,
                            GueOutcome.CONTROL_MESSAGE,
                            GueOutcome.UNKNOWN_VARIANT),
                    dropped);
            assertEquals(List.of("acme"), handed);
        }
    }

    @ParameterizedTest(name = "outer IPv6 {0}, {1} bytes")
    @CsvSource({
        "false, 1, 1464",
        "false, 124, 1344",
        "true, 1, 1444",
        "true, 124, 1324",
    })
    void sendsPrivateDataAndHasSoMuchLessRoom(boolean ipv6, int length, int mtu)
            throws IOException {
        byte[] data = new byte[length];
        Arrays.fill(data, (byte) 'x');
        try (GueWire wire = new GueWire(ipv6, MTU);
                GueEndpoint<String> endpoint = open(wire, wire.settings())) {
            GuePeer<String> peer = peer(endpoint, wire);
            assertEquals(mtu, peer.mtu(length));
            byte[] ip = inside(false, 1, mtu - 28);
            assertEquals(Sent.FAILED, peer.send(put(inside(false, 1, mtu - 27)), data));
            assertEquals(Sent.TAKEN, peer.send(put(ip), data));
            peer.flush();

            byte[] sent = wire.sentTo(wire.peer).getFirst();
            assertEquals(MTU, sent.length);
            int padding = length % 4 == 0 ? 0 : 4 - length % 4;
            assertArrayEquals(
                    Bytes.of(
                            "%02x040000".formatted((length + padding) / 4),
                            "78".repeat(length) + "00".repeat(padding),
                            hex(ip)),
                    wire.payload(sent));
        }
    }

    /** Its sender may be a kernel whose segments were sized before the path shrank. */
    @ParameterizedTest(name = "outer IPv6 {0}, inner IPv6 {1}")
    @CsvSource({"false, false", "false, true", "true, false", "true, true"})
    void cutsTcpSegmentsToAPathThatHasShrunk(boolean outer, boolean inner) throws IOException {
        try (GueWire wire = new GueWire(outer, MTU);
                GueEndpoint<String> endpoint = open(wire, wire.settings())) {
            GuePeer<String> peer = peer(endpoint, wire);
            wire.mtu(1_400);
            endpoint.refreshMtus(1);
            int headers = (inner ? 40 : 20) + 20;
            int room = peer.mtu() - headers;
            Probe probe = new Probe(inside(inner, 1), 80, inside(inner, 2), 81);
            byte[] data = new byte[3_000];
            new SplittableRandom(1).nextBytes(data);

            // A plain segment, a super-packet, and one that may not be cut.
            byte[] segment = Arrays.copyOf(data, room + 1);
            assertEquals(Sent.TAKEN, peer.send(probe.tcp(packet, 1, 1, 0x18, segment)));
            assertEquals(Segmentation.NONE, packet.segmentation());
            probe.tcp(packet, 1, 1, 0x18, data).segments(Segmentation.TCP, 1_400, headers);
            assertEquals(Sent.TAKEN, peer.send(packet));
            assertEquals(1_400, packet.segmentSize());
            assertEquals(Sent.FAILED, peer.send(probe.tcp(packet, 1, 1, 0x12, segment)));
            peer.flush();

            List<Integer> lengths = new ArrayList<>();
            List<String> sent = new ArrayList<>();
            for (byte[] outside : wire.sentTo(wire.peer)) {
                byte[] payload = wire.payload(outside);
                lengths.add(payload.length - 4 - headers);
                sent.add(hex(Arrays.copyOfRange(payload, 4, payload.length)));
            }
            assertEquals(List.of(room, 1, room, room, 3_000 - 2 * room), lengths);
            List<String> expected =
                    new ArrayList<>(
                            Bytes.segments(
                                    probe.tcp(packet, 1, 1, 0x18, segment)
                                            .segments(Segmentation.TCP, room, headers)));
            expected.addAll(
                    Bytes.segments(
                            probe.tcp(packet, 1, 1, 0x18, data)
                                    .segments(Segmentation.TCP, room, headers)));
            assertEquals(expected, sent);
            assertEquals(1, peer.tooLong());
        }
    }

    /** The way to the peer leads back in here. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void sendsNothingThatIsInGueMoreThanFourTimesAlready(boolean ipv6) throws IOException {
        try (GueWire wire = new GueWire(ipv6, MTU);
                GueEndpoint<String> endpoint = open(wire, wire.settings())) {
            GuePeer<String> peer = peer(endpoint, wire);
            byte[] ip = inside(ipv6, 1, 10);
            for (int depth = 0; depth <= 4; depth++) {
                assertEquals(Sent.TAKEN, peer.send(put(ip)), "depth " + depth);
                peer.flush();
                ip = wire.sentTo(wire.peer).getFirst();
            }
            assertEquals(Sent.FAILED, peer.send(put(ip)));
            assertEquals(1, peer.nested());
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void forgetsPeersThatAreNotUsedAnyMore(boolean ipv6) throws IOException {
        try (GueWire wire = new GueWire(ipv6, MTU);
                GueEndpoint<String> endpoint =
                        GueEndpoint.open(wire.namespace, wire.settings(), (_, _) -> "any")) {
            GuePeer<String> sends = peer(endpoint, wire);
            wire.arrives(wire.stranger, SOURCE_PORT, wrapped(inside(ipv6, 1, 10)));
            endpoint.receive(keep, BUDGET);
            GuePeer<String> sentTo = endpoint.peer(high(wire.stranger), low(wire.stranger));
            endpoint.forgetUnused();
            assertEquals(2, endpoint.peers(), "they are new");

            wire.arrives(wire.peer, SOURCE_PORT, wrapped(inside(ipv6, 1, 10)));
            endpoint.receive(keep, BUDGET);
            sentTo.send(put(inside(ipv6, 1, 10)));
            endpoint.forgetUnused();
            assertEquals(2, endpoint.peers(), "they were used");

            sentTo.send(put(inside(ipv6, 1, 10)));
            endpoint.forgetUnused();
            assertEquals(1, endpoint.peers());
            assertTrue(sends.isClosed());
            assertSame(sentTo, endpoint.peer(high(wire.stranger), low(wire.stranger)));
        }
    }

    /** Each worker has an endpoint; what one learns of a peer the others send to. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void findsThePeerOfAnotherWorkersEndpoint(boolean ipv6) throws IOException {
        try (GueWire wire = new GueWire(ipv6, MTU);
                GueEndpoint<String> endpoint = open(wire, wire.settings());
                GueEndpoint<String> other = open(wire, wire.settings())) {
            GuePeer<String> peer = peer(endpoint, wire);
            GuePeer<String> twin = other.twin(peer);
            assertNotEquals(peer, twin);
            assertSame(twin, other.twin(peer));
            assertSame(peer, endpoint.twin(peer));
            twin.send(put(inside(ipv6, 1, 10)));
            twin.flush();
            assertEquals(1, wire.sentTo(wire.peer).size());
        }
    }

    /** Everybody knows it, so that a quote of it does not show that something was sent. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void learnsNothingFromIcmpAboutThePortThatItListensOn(boolean ipv6) throws IOException {
        try (GueWire wire = new GueWire(ipv6, MTU);
                GueEndpoint<String> endpoint = open(wire, wire.settings())) {
            GuePeer<String> peer = peer(endpoint, wire);
            int mtu = peer.mtu();
            peer.send(put(inside(ipv6, 1, 1_380)));
            peer.flush();
            byte[] sent = wire.sentTo(wire.peer).getFirst();
            byte[] forged = sent.clone();
            ByteBuffer.wrap(forged).putShort(wire.header(), (short) GueHeader.PORT);
            wire.tooBig(forged, 1_400);
            wire.portUnreachable(sent);
            await(
                    () -> {
                        endpoint.receive(keep, BUDGET);
                        endpoint.receiveOnSenders(keep, BUDGET);
                        return peer.unreachable() == 1;
                    });
            endpoint.refreshMtus(1);
            assertEquals(mtu, peer.mtu());
        }
    }

    /** RFC 6040: ECN of the inner packet is seen outside, and congestion outside comes in. */
    @ParameterizedTest(name = "outer IPv6 {0}, inner IPv6 {1}")
    @CsvSource({"false, false", "false, true", "true, false", "true, true"})
    void carriesCongestionThroughTheTunnel(boolean outer, boolean inner) throws IOException {
        try (GueWire wire = new GueWire(outer, MTU);
                GueEndpoint<String> endpoint = open(wire, wire.settings())) {
            GuePeer<String> peer = peer(endpoint, wire);
            byte[] capable = inside(inner, 1, 10);
            mark(capable, 2);
            peer.send(put(capable));
            peer.flush();
            byte[] outside = wire.sentTo(wire.peer).getFirst();
            assertEquals(2, ecn(outside));

            for (byte[] ip : List.of(capable, inside(inner, 1, 10))) {
                byte[] arriving =
                        wire.datagram(wire.peer, SOURCE_PORT, GueHeader.PORT, wrapped(ip));
                mark(arriving, 3);
                wire.arrives(arriving);
            }
            List<Integer> marks = new ArrayList<>();
            endpoint.receive((_, received, _) -> marks.add(EcnField.of(received)), BUDGET);
            assertEquals(List.of(3), marks);
            assertEquals(1, endpoint.count(GueOutcome.CONGESTION_UNMARKABLE));
        }
    }

    /** Linux sends none over IPv4; over IPv6 it takes consent (RFC 6935). */
    @ParameterizedTest
    @CsvSource({"false, false, 1", "true, false, 0", "true, true, 1"})
    void takesDatagramsWithoutAChecksum(boolean ipv6, boolean consent, int packets)
            throws IOException {
        try (GueWire wire = new GueWire(ipv6, MTU);
                GueEndpoint<String> endpoint =
                        open(wire, wire.settings().withZeroChecksums(consent))) {
            byte[] datagram =
                    wire.datagram(
                            wire.peer, SOURCE_PORT, GueHeader.PORT, wrapped(inside(ipv6, 1, 10)));
            ByteBuffer.wrap(datagram).putShort(wire.header() + 6, (short) 0);
            wire.arrives(datagram);
            wire.arrives(wire.peer, SOURCE_PORT, wrapped(inside(ipv6, 2, 10)));
            assertEquals(packets + 1, endpoint.receive(keep, BUDGET));
        }
    }

    @SuppressWarnings("try") // it is closed twice
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void keepsThePeerOfAnAddress(boolean ipv6) throws IOException {
        try (GueWire wire = new GueWire(ipv6, MTU);
                GueEndpoint<String> endpoint = open(wire, wire.settings())) {
            GuePeer<String> peer = peer(endpoint, wire);
            wire.arrives(wire.peer, SOURCE_PORT, wrapped(inside(ipv6, 1, 10)));
            endpoint.receive((from, _, _) -> assertSame(peer, from), BUDGET);
            assertNull(endpoint.peer(high(wire.stranger), low(wire.stranger)));
            endpoint.close();
            assertEquals(Sent.DOWN, peer.send(put(inside(ipv6, 1, 10))));
            assertEquals(0, endpoint.receive(keep, BUDGET));
            assertEquals(0, endpoint.receiveOnSenders(keep, BUDGET));
            assertEquals(0, endpoint.listeners().length);
        }
    }

    /** The packets that it stands for. */
    private static List<String> each(Packet packet) {
        return packet.segmentation() == Segmentation.NONE
                ? List.of(Bytes.hex(packet))
                : Bytes.segments(packet);
    }

    private static GueEndpoint<String> open(GueWire wire, GueSettings settings) throws IOException {
        long high = high(wire.peer);
        long low = low(wire.peer);
        return GueEndpoint.open(
                wire.namespace, settings, (h, l) -> h == high && l == low ? "acme" : null);
    }

    private static GuePeer<String> peer(GueEndpoint<String> endpoint, GueWire wire) {
        return endpoint.peer(high(wire.peer), low(wire.peer));
    }

    static long high(InetAddress address) {
        byte[] bytes = address.getAddress();
        return bytes.length == 4 ? 0 : ByteBuffer.wrap(bytes).getLong();
    }

    static long low(InetAddress address) {
        byte[] bytes = address.getAddress();
        return bytes.length == 4
                ? 0xffff_0000_0000L | (ByteBuffer.wrap(bytes).getInt() & 0xffff_ffffL)
                : ByteBuffer.wrap(bytes).getLong(8);
    }

    private static InetAddress inside(boolean ipv6, int host) {
        return InetAddress.ofLiteral((ipv6 ? "fd00::" : "10.0.0.") + host);
    }

    /** An inner datagram of a flow, its checksum complete. */
    private static byte[] inside(boolean ipv6, int flow, int payload) {
        Probe probe = new Probe(inside(ipv6, 1), 1_024 + flow, inside(ipv6, 2), 53);
        Packet packet = probe.udp(new Packet(), new byte[payload]);
        assertTrue(PartialChecksum.complete(packet));
        return Bytes.of(packet);
    }

    /** Of variant 0. */
    private static byte[] wrapped(byte[] ip) {
        return Bytes.of(ip[0] >> 4 == 4 ? "00040000" : "00290000", hex(ip));
    }

    private Packet put(byte[] ip) {
        packet.plain(ip.length).bytes().put(Packet.OFFSET, ip);
        return packet;
    }

    private Packet superPacket(byte[] ip, int headers) {
        return put(ip).segments(Segmentation.UDP, 1_000, headers);
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
