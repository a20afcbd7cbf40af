package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.wire.IpPacket;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.InetAddress;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Ping tells the truth: who answers, who does not, and what is on the way. */
@Timeout(60)
class PingTest {
    private static final byte[] PAYLOAD = "abcdefgh".getBytes(StandardCharsets.US_ASCII);
    private static final int IDENTIFIER = 77;

    @ParameterizedTest
    @EnumSource
    void bringsTheReplyOfAHostThatAnswers(Family family) throws Exception {
        try (Topology topology = Topology.open();
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            RawPacket packet = new RawPacket(family.client(), family.server());
            for (int sequence = 0; sequence < 20; sequence++) {
                ramp.send(packet.echoRequest(IDENTIFIER, sequence, PAYLOAD));

                int expected = sequence;
                IpPacket reply = ramp.await("reply", ip -> Icmp.isReply(ip, IDENTIFIER, expected));
                assertEquals("abcdefgh", Icmp.text(reply));
                assertEquals(family.server(), Icmp.source(reply));
                assertTrue(reply.transportChecksumValid());
            }
            assertEquals(1, topology.gateway().flows());
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void bringsRepliesOfEverySize(Family family) throws Exception {
        try (Topology topology = Topology.open();
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            RawPacket packet = new RawPacket(family.client(), family.server());
            int largest = 1500 - family.headerLength() - 8;
            for (int size : new int[] {0, 1, 55, 56, 1000, largest}) {
                byte[] payload = new byte[size];
                Arrays.fill(payload, (byte) 'x');
                ramp.send(packet.echoRequest(IDENTIFIER, size, payload));

                IpPacket reply = ramp.await("reply", ip -> Icmp.isReply(ip, IDENTIFIER, size));
                assertEquals("x".repeat(size), Icmp.text(reply));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void answersForNobody(Family family) throws Exception {
        try (Topology topology = Topology.open();
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            InetAddress[] absent = {family.nobody(), family.unreachable(), family.unrouted()};
            for (int i = 0; i < absent.length; i++) {
                RawPacket packet = new RawPacket(family.client(), absent[i]);
                ramp.send(packet.echoRequest(IDENTIFIER, i, PAYLOAD));

                IpPacket error =
                        ramp.await("unreachable", ip -> Icmp.isUnreachable(ip) || Icmp.isReply(ip));
                assertTrue(Icmp.isUnreachable(error), "a reply for " + absent[i]);
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void isAHop(Family family) throws Exception {
        try (Topology topology = Topology.open();
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            RawPacket packet = new RawPacket(family.client(), family.server(), 1);

            ramp.send(packet.echoRequest(IDENTIFIER, 1, PAYLOAD));

            ramp.await("time exceeded", Icmp::isTimeExceeded);
        }
    }

    /** RFC 1812 section 5.3.1 has no exception for a request whose flow is known. */
    @ParameterizedTest
    @EnumSource
    @Tag("rfc1812-5.3.1-b")
    void isAHopForEveryRequest(Family family) throws Exception {
        try (Topology topology = Topology.open();
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            RawPacket packet = new RawPacket(family.client(), family.server());
            ramp.send(packet.echoRequest(IDENTIFIER, 1, PAYLOAD));
            ramp.await("reply", Icmp::isReply);

            RawPacket last = new RawPacket(family.client(), family.server(), 1);
            ramp.send(last.echoRequest(IDENTIFIER, 2, PAYLOAD));

            IpPacket answer =
                    ramp.await(
                            "an answer",
                            ip -> Icmp.isTimeExceeded(ip) || Icmp.isReply(ip, IDENTIFIER, 2));
            assertTrue(Icmp.isTimeExceeded(answer), "a reply to a request that may not go on");
        }
    }

    /**
     *
     *
     * <pre>
     *   client ==> gateway 10.2.0.1 -- 10.2.0.2 server 10.3.0.1 -- 10.3.0.2 far
     * </pre>
     */
    @ParameterizedTest
    @EnumSource
    void tellsOfTheRouterWhereTheTimeToLiveRanOut(Family family) throws Exception {
        InetAddress far = Family.parse(family.isIpv6() ? "fd00:3::2" : "10.3.0.2");
        InetAddress near = Family.parse(family.isIpv6() ? "fd00:3::1" : "10.3.0.1");
        try (Topology topology = Topology.open();
                Host farHost = Host.named("far");
                PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE)) {
            Host.cable(topology.server(), "far", farHost, "near");
            topology.server().address("far", near, family.prefixLength());
            topology.server().forwards();
            farHost.address("near", far, family.prefixLength());
            farHost.defaultRoute(family, "near", near);
            topology.gatewayHost()
                    .route(far, far.getAddress().length * 8, Topology.OUTSIDE, family.server());

            ramp.send(request(family, far, 1));
            IpPacket first = ramp.await("time exceeded", Icmp::isTimeExceeded);
            assertTrue(
                    !Icmp.source(first).equals(family.server())
                            && !Icmp.source(first).equals(family.secondServer()),
                    "from " + Icmp.source(first));

            ramp.send(request(family, far, 2));
            IpPacket second = ramp.await("time exceeded", Icmp::isTimeExceeded);
            // RFC 4443 section 2.2 leaves a router the choice among its addresses.
            assertTrue(
                    Icmp.source(second).equals(family.server())
                            || Icmp.source(second).equals(family.secondServer()),
                    "from " + Icmp.source(second));
            IpPacket quoted = new IpPacket();
            quoted.wrapQuoted(
                    second.bytes(), second.icmp().payloadOffset(), second.icmp().payloadLength());
            assertEquals(IDENTIFIER, quoted.icmp().identifier());
            assertEquals(2, quoted.icmp().sequenceNumber());

            ramp.send(request(family, far, 3));
            IpPacket third = ramp.await("reply", Icmp::isReply);
            assertEquals(far, Icmp.source(third));
            assertEquals(3, third.icmp().sequenceNumber());
        }
    }

    private static byte[] request(Family family, InetAddress to, int timeToLive) {
        return new RawPacket(family.client(), to, timeToLive)
                .echoRequest(IDENTIFIER, timeToLive, PAYLOAD);
    }
}
