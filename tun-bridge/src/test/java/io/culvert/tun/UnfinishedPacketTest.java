package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.tun.Packet.Segmentation;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.net.InetAddress;
import java.util.SplittableRandom;

class UnfinishedPacketTest {
    private static final int MTU = 1_476;

    private final Packet packet = new Packet();

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void leavesAFinishedPacketAsItIs(boolean ipv6) {
        for (Packet each : new Packet[] {udp(ipv6, 100), tcp(ipv6, 100)}) {
            assertTrue(PartialChecksum.complete(each));
            String before = Bytes.hex(each);
            received(each);
            assertTrue(UnfinishedPacket.restore(packet, MTU));
            assertFalse(packet.checksumPartial());
            assertEquals(Segmentation.NONE, packet.segmentation());
            assertEquals(before, Bytes.hex(packet));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void finishesAChecksumThatWasLeftToADevice(boolean ipv6) {
        for (Packet each : new Packet[] {udp(ipv6, 100), tcp(ipv6, 100)}) {
            received(each);
            assertTrue(UnfinishedPacket.restore(packet, MTU));
            assertTrue(packet.checksumPartial());
            assertTrue(PartialChecksum.complete(each));
            assertTrue(PartialChecksum.complete(packet));
            assertEquals(Bytes.hex(each), Bytes.hex(packet));
        }
    }

    /** What GRO has joined of segments that fill the path is cut into the same ones again. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void makesASuperPacketOfJoinedSegments(boolean ipv6) {
        int header = (ipv6 ? 40 : 20) + 20;
        Packet whole = tcp(ipv6, 5 * (MTU - header) + 77);
        Packet expected =
                new Packet().copyOf(whole).segments(Segmentation.TCP, MTU - header, header);
        received(whole);
        assertTrue(UnfinishedPacket.restore(packet, MTU));
        assertEquals(Segmentation.TCP, packet.segmentation());
        assertEquals(6, Bytes.segments(packet).size());
        assertEquals(Bytes.segments(expected), Bytes.segments(packet));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void knowsThatItCannotTellWhereJoinedDatagramsEnd(boolean ipv6) {
        received(udp(ipv6, 3_000));
        assertFalse(UnfinishedPacket.restore(packet, MTU));
    }

    /** RFC 1624 is not all: what came in broken must not be made good. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void leavesABrokenChecksumBroken(boolean ipv6) {
        Packet broken = tcp(ipv6, 100);
        assertTrue(PartialChecksum.complete(broken));
        int at = Packet.OFFSET + (ipv6 ? 40 : 20) + 20 + 50;
        broken.bytes().put(at, (byte) (broken.bytes().get(at) ^ 1));
        String before = Bytes.hex(broken);
        received(broken);
        assertTrue(UnfinishedPacket.restore(packet, MTU));
        assertFalse(packet.checksumPartial());
        assertEquals(before, Bytes.hex(packet));
    }

    /** One in 65,536 finished packets has the checksum that an unfinished one would have. */
    @Test
    void isNotTakenInByAFinishedChecksumThatLooksUnfinished() {
        int seen = 0;
        SplittableRandom random = new SplittableRandom(1);
        byte[] payload = new byte[16];
        Packet each = new Packet();
        for (int i = 0; i < 400_000; i++) {
            random.nextBytes(payload);
            probe(false).udp(each, payload);
            int pseudoHeader = each.bytes().getShort(Packet.OFFSET + 26);
            assertTrue(PartialChecksum.complete(each));
            if (each.bytes().getShort(Packet.OFFSET + 26) == pseudoHeader) {
                seen++;
                received(each);
                assertTrue(UnfinishedPacket.restore(packet, MTU));
                assertFalse(packet.checksumPartial());
            }
        }
        assertTrue(seen > 0);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "45",
                // A fragment, ICMP, a TCP header that is cut, and a datagram whose length lies.
                "4500001c00012000401100000a0000010a0000020001000200080000",
                "4500001c00014000400100000a0000010a0000020800000000000000",
                "4500001c00014000400600000a0000010a0000020001000200080000",
                "4500002c00014000401100000a0000010a0000020001000200080000",
            })
    void leavesAloneWhatItDoesNotUnderstand(String hex) {
        byte[] bytes = Bytes.of(hex);
        packet.plain(bytes.length).bytes().put(Packet.OFFSET, bytes);
        assertTrue(UnfinishedPacket.restore(packet, MTU));
        assertFalse(packet.checksumPartial());
        assertEquals(hex, Bytes.hex(packet));
    }

    private static Probe probe(boolean ipv6) {
        String network = ipv6 ? "fd00::" : "10.0.0.";
        return new Probe(
                InetAddress.ofLiteral(network + "1"),
                1_024,
                InetAddress.ofLiteral(network + "2"),
                80);
    }

    private static Packet udp(boolean ipv6, int payload) {
        return probe(ipv6).udp(new Packet(), random(payload));
    }

    private static Packet tcp(boolean ipv6, int payload) {
        return probe(ipv6).tcp(new Packet(), 1_000, 2_000, Probe.ACK, random(payload));
    }

    private static byte[] random(int length) {
        byte[] bytes = new byte[length];
        new SplittableRandom(length).nextBytes(bytes);
        return bytes;
    }

    /** The bytes alone, as a socket gives them. */
    private void received(Packet of) {
        byte[] bytes = Bytes.of(of);
        packet.plain(bytes.length).bytes().put(Packet.OFFSET, bytes);
    }
}
