package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.Reason;
import io.culvert.linux.Rtnetlink;
import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.charset.StandardCharsets;

/** Packets leave by a device under an address of the off-ramp's, and their answers come back. */
@Timeout(60)
class SourceNatTest extends SourceNatContract {
    private static final int IDENTIFIER = 77;

    /** RFC 3692: for experiments. */
    private static final int EXPERIMENTAL = 253;

    @ParameterizedTest
    @EnumSource
    @Tag("rfc5508-req-1")
    @Tag("rfc5508-req-10-a")
    void bringsTheReplyToAPing(Family family) throws Exception {
        try (Topology topology = open("");
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            RawPacket packet = new RawPacket(family.client(), family.server());
            for (int sequence = 0; sequence < 5; sequence++) {
                ramp.send(packet.echoRequest(IDENTIFIER, sequence, PAYLOAD));

                int expected = sequence;
                IpPacket reply = ramp.await("reply", ip -> Icmp.isReply(ip, IDENTIFIER, expected));
                assertEquals("abcdefgh", Icmp.text(reply));
                assertEquals(family.server(), Icmp.source(reply));
                assertEquals(family.client(), Decoded.of(reply).destination());
                assertTrue(Decoded.of(reply).checksumsRight());
            }
            assertEquals(1, topology.gateway().flows());
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    @Tag("rfc4787-req-8-a")
    void letsOtherPortsOfAKnownAddressInWhereItIsToldTo(Family family) throws Exception {
        try (Topology topology = open("filtering: address-dependent");
                UdpEcho echo = UdpEcho.on(topology.server(), family, family.server());
                DatagramChannel stranger = topology.server().udp(family, family.secondServer(), 0);
                DatagramChannel neighbour = topology.server().udp(family, family.server(), 0);
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            SocketAddress mapped = map(client, echo);

            stranger.send(ByteBuffer.wrap(PAYLOAD), mapped);
            Eventually.equal(1L, "filtered", () -> topology.dropped(Reason.FILTERED));
            neighbour.send(ByteBuffer.wrap(new byte[3]), mapped);

            ByteBuffer received = ByteBuffer.allocate(100);
            assertEquals(neighbour.getLocalAddress(), client.receive(received));
            assertEquals(3, received.position());
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void translatesAProtocolWithoutPortsByAddress(Family family) throws Exception {
        try (Topology topology = open("");
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                PacketSocket wire = PacketSocket.on(topology.server(), Topology.SERVERS_DEVICE);
                RawSocket server = RawSocket.on(topology.server(), family, family.offRamp())) {
            ramp.send(new RawPacket(family.client(), family.server()).other(EXPERIMENTAL, PAYLOAD));
            Decoded outside =
                    Decoded.of(wire.await("the packet", ip -> ip.protocol() == EXPERIMENTAL));
            assertEquals(family.offRamp(), outside.source());
            assertEquals(family.server(), outside.destination());
            assertArrayEquals(PAYLOAD, outside.payload());
            assertTrue(outside.headerChecksumRight());

            byte[] answer = "answer".getBytes(StandardCharsets.US_ASCII);
            server.send(
                    new RawPacket(family.server(), family.offRamp()).other(EXPERIMENTAL, answer));
            Decoded inside =
                    Decoded.of(
                            ramp.await(
                                    "the answer",
                                    ip ->
                                            ip.protocol() == EXPERIMENTAL
                                                    && ip.transportLength() == answer.length));
            assertEquals(family.server(), inside.source());
            assertEquals(family.client(), inside.destination());
            assertArrayEquals(answer, inside.payload());
            assertTrue(inside.headerChecksumRight());
            topology.everyPacketIsAccountedFor();
        }
    }

    /** RFC 4787 section 5: nobody outside reaches what has no mapping. */
    @ParameterizedTest
    @EnumSource
    void dropsWhatIsForNoMapping(Family family) throws Exception {
        try (Topology topology = open("filtering: endpoint-independent");
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                DatagramChannel stranger = topology.server().udp(family, family.server(), 0)) {
            for (int i = 0; i < 100; i++) {
                stranger.send(
                        ByteBuffer.wrap(PAYLOAD),
                        new InetSocketAddress(family.offRamp(), Topology.FIRST_PORT + i));
            }

            // Its own kernel sends a few by the device, such as those of RFC 3810.
            Eventually.holds("dropped", () -> topology.dropped(Reason.NO_MAPPING) >= 100);
            assertFalse(ramp.next(ip -> ip.udp() != null));
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void bringsItsAddressesToTheDeviceWhileItRuns(Family family) throws Exception {
        try (Topology topology = open("")) {
            Host host = topology.gatewayHost();
            assertTrue(leadsToOffRamp(host, family));
            assertTrue(host.link(Topology.OFF_RAMP).isPresent());

            topology.gateway().close();

            assertFalse(leadsToOffRamp(host, family), "a route is left");
            assertTrue(host.link(Topology.OFF_RAMP).isEmpty());
        }
    }

    private static boolean leadsToOffRamp(Host host, Family family) throws IOException {
        InetAddress address = family.offRamp();
        return host.namespace()
                .call(
                        () -> {
                            try (Rtnetlink rtnetlink = new Rtnetlink()) {
                                return rtnetlink.routes(family.isIpv6()).stream()
                                        .anyMatch(
                                                route ->
                                                        route.destination().equals(address)
                                                                && route.prefixLength()
                                                                        == address.getAddress()
                                                                                        .length
                                                                                * 8);
                            }
                        });
    }

    @Override
    InetAddress outside(Family family) {
        return family.offRamp();
    }

    @Override
    Topology open(String offRamp) throws IOException {
        return Topology.withOffRamp(offRamp, Topology.FORWARD_ALL, "acme");
    }
}
