package io.culvert.gateway.forward;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.tun.MemoryDevice;
import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;
import io.culvert.tun.PartialChecksum;
import io.culvert.tun.Segmenter;
import io.culvert.wire.Defect;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpPacket;
import io.culvert.wire.UdpDatagram;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

final class DatagramTrainTest {
    private static final IpAddress A4 = IpAddress.parse("10.0.0.1");
    private static final IpAddress B4 = IpAddress.parse("192.0.2.1");
    private static final IpAddress A6 = IpAddress.parse("fd00::1");
    private static final IpAddress B6 = IpAddress.parse("2001:db8::1");

    private final MemoryDevice device = MemoryDevice.pair(1500, 1).left();
    private final MemoryDevice otherDevice = MemoryDevice.pair(1500, 1).left();
    private final List<Integer> sent = new ArrayList<>();
    private final List<String> cut = new ArrayList<>();
    private final List<String> given = new ArrayList<>();
    private final Segmenter segmenter = new Segmenter();
    private final DatagramTrain train = new DatagramTrain(this::send);
    private final Packet packet = new Packet();
    private final IpPacket ip = new IpPacket();

    private void send(Packet whole, int packets, PacketDevice to) {
        sent.add(packets);
        if (whole.segmentation() == Packet.Segmentation.NONE) {
            assertTrue(PartialChecksum.complete(whole));
            cut.add(hex(whole));
        } else {
            assertEquals(packets, segmenter.cut(whole, each -> cut.add(hex(each))));
        }
    }

    private static String hex(Packet packet) {
        byte[] bytes = new byte[packet.length()];
        packet.bytes().get(Packet.OFFSET, bytes);
        return HexFormat.of().formatHex(bytes);
    }

    /** A datagram with complete checksums, remembered as it is. */
    private void datagram(boolean ipv6, int port, int length, int identification) {
        ByteBuffer payload = ByteBuffer.allocateDirect(2000);
        for (int i = 0; i < length; i++) {
            payload.put(i, (byte) (i + identification));
        }
        IpAddress from = ipv6 ? A6 : A4;
        IpAddress to = ipv6 ? B6 : B4;
        int size =
                UdpDatagram.write(
                        from.high(),
                        from.low(),
                        4000,
                        to.high(),
                        to.low(),
                        port,
                        63,
                        0xb8,
                        payload,
                        0,
                        length,
                        false,
                        packet.bytes(),
                        Packet.OFFSET);
        packet.plain(size);
        wrap();
        if (!ipv6) {
            ip.ipv4().identification(identification).fragment(false, false, 0);
        }
        given.add(hex(packet));
    }

    private void wrap() {
        assertEquals(Defect.NONE, ip.wrap(packet.bytes(), Packet.OFFSET, packet.length()));
        assertTrue(ip.transportChecksumValid());
    }

    private void take(boolean ipv6, int port, int length, int identification) {
        datagram(ipv6, port, length, identification);
        assertTrue(train.take(ip, packet, device));
    }

    @ParameterizedTest
    @CsvSource({"false, 64", "false, 1", "false, 1400", "true, 64", "true, 1400"})
    void whatIsCutOutOfItAgainAreTheSamePackets(boolean ipv6, int length) {
        for (int i = 0; i < 20; i++) {
            take(ipv6, 53, length, 100 + i);
        }
        assertEquals(List.of(), sent);

        train.flush();
        train.flush();

        assertEquals(List.of(20), sent);
        assertEquals(given, cut);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aShorterOneIsTheLastAndALongerOneTheFirstOfTheNext(boolean ipv6) {
        int[] lengths = {100, 100, 40, 40, 41, 41};
        for (int i = 0; i < lengths.length; i++) {
            take(ipv6, 53, lengths[i], i);
        }
        train.flush();

        assertEquals(List.of(3, 1, 2), sent);
        assertEquals(given, cut);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void flowsTakeTurnsInTheirOrder(boolean ipv6) {
        take(ipv6, 53, 64, 1);
        take(ipv6, 53, 64, 2);
        take(ipv6, 54, 64, 1);
        take(ipv6, 53, 64, 3);
        train.flush();

        assertEquals(List.of(2, 1, 1), sent);
        assertEquals(given, cut);
    }

    @Test
    void anotherDeviceIsAnotherTrain() {
        take(true, 53, 64, 1);
        datagram(true, 53, 64, 2);
        assertTrue(train.take(ip, packet, otherDevice));
        train.flush();

        assertEquals(List.of(1, 1), sent);
    }

    @Test
    void identificationsThatSkipOneAreKept() {
        for (int identification : new int[] {7, 8, 10, 11}) {
            take(false, 53, 64, identification);
        }
        train.flush();

        assertEquals(List.of(2, 2), sent);
        assertEquals(given, cut);
    }

    @Test
    void identificationsOfWhatNobodyMayCutMeanNothing() {
        for (int identification : new int[] {7, 0, 10}) {
            datagram(false, 53, 64, identification);
            ip.ipv4().fragment(true, false, 0);
            assertTrue(train.take(ip, packet, device));
        }
        train.flush();

        assertEquals(List.of(3), sent);
    }

    @Test
    void identificationsWrapRound() {
        take(false, 53, 64, 65_535);
        take(false, 53, 64, 0);
        train.flush();

        assertEquals(List.of(2), sent);
        assertEquals(given, cut);
    }

    @Test
    void noMoreThanTheKernelTakes() {
        for (int i = 0; i < 130; i++) {
            take(true, 53, 64, i);
        }
        train.flush();
        assertEquals(List.of(64, 64, 2), sent);
        sent.clear();
        for (int i = 0; i < 50; i++) {
            take(true, 53, 1400, i);
        }
        train.flush();

        assertEquals(List.of(46, 4), sent);
        assertEquals(given, cut);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whatCameInBrokenOrUnsummedIsNotTaken(boolean ipv6) {
        datagram(ipv6, 53, 64, 1);
        int at = ip.transportOffset() + 6;
        int checksum = packet.bytes().getShort(at);
        packet.bytes().putShort(at, (short) (checksum ^ 1));
        assertFalse(train.take(ip, packet, device));
        if (!ipv6) {
            packet.bytes().putShort(at, (short) 0);
            ip.wrap(packet.bytes(), Packet.OFFSET, packet.length());
            assertFalse(train.take(ip, packet, device));
        }
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anotherClassOrTimeToLiveIsAnotherTrain(boolean ipv6) {
        take(ipv6, 53, 64, 1);
        datagram(ipv6, 53, 64, 2);
        given.removeLast();
        if (ipv6) {
            ip.ipv6().hopLimit(62);
        } else {
            ip.ipv4().timeToLive(62);
        }
        given.add(hex(packet));
        assertTrue(train.take(ip, packet, device));
        datagram(ipv6, 53, 64, 3);
        given.removeLast();
        if (ipv6) {
            ip.ipv6().trafficClass(0);
        } else {
            ip.ipv4().trafficClass(0);
        }
        given.add(hex(packet));
        assertTrue(train.take(ip, packet, device));
        train.flush();

        assertEquals(List.of(1, 1, 1), sent);
        assertEquals(given, cut);
    }
}
