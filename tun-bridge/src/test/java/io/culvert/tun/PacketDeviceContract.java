package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import io.culvert.tun.Packet.Segmentation;
import io.culvert.tun.PacketDevice.Sent;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;

/**
 * What every {@link PacketDevice} does. Behind the device is a host, {@link #HOST}, which exchanges
 * datagrams with {@link #HERE} on port {@link #PORT} of both.
 */
abstract class PacketDeviceContract {
    static final InetAddress HOST = address(192, 0, 2, 1);
    static final InetAddress HERE = address(192, 0, 2, 2);
    static final int PORT = 4_242;
    static final int MTU = 1_400;
    static final int HEADERS = 28;

    private final Probe probe = new Probe(HERE, PORT, HOST, PORT);
    private final Packet packet = new Packet();
    private PacketDevice device;

    /** A device with {@link #MTU}. */
    abstract PacketDevice open() throws IOException;

    /** The host sends a datagram, which then waits in the device. */
    abstract void hostSends(byte[] payload) throws IOException;

    /** The payload of the next datagram that reached the host; null for none. */
    abstract byte[] hostReceives() throws IOException;

    @BeforeEach
    void openTheDevice() throws IOException {
        device = open();
    }

    @AfterEach
    void closeTheDevice() {
        device.close();
    }

    @Test
    void handsOverNothingWhereNothingWaits() {
        assertEquals(0, device.receive(_ -> {}, 10));
    }

    @Test
    void handsOverEveryWaitingPacketInOrder() throws IOException {
        for (int i = 1; i <= 3; i++) {
            hostSends(new byte[] {(byte) i});
        }
        assertEquals(List.of(1, 2, 3), firstBytes(10));
    }

    @Test
    void handsOverNoMoreThanTheBudget() throws IOException {
        for (int i = 1; i <= 3; i++) {
            hostSends(new byte[] {(byte) i});
        }
        assertEquals(List.of(1, 2), firstBytes(2));
        assertEquals(List.of(3), firstBytes(2));
    }

    @Test
    void sendsADatagramWithAnUnfinishedChecksum() throws IOException {
        byte[] payload = {1, 2, 3};
        assertEquals(Sent.TAKEN, device.send(probe.udp(packet, payload)));
        device.flush();
        assertArrayEquals(payload, hostReceives());
    }

    @Test
    void letsTheSenderReuseThePacket() throws IOException {
        device.send(probe.udp(packet, new byte[] {1}));
        device.send(probe.udp(packet, new byte[] {2}));
        device.flush();
        assertArrayEquals(new byte[] {1}, hostReceives());
        assertArrayEquals(new byte[] {2}, hostReceives());
    }

    @Test
    void sendsASuperPacketAsTheDatagramsItStandsFor() throws IOException {
        byte[] payload = new byte[2_500];
        new SplittableRandom(1).nextBytes(payload);
        probe.udp(packet, payload).segments(Segmentation.UDP, 1_000, HEADERS);
        assertEquals(Sent.TAKEN, device.send(packet));
        device.flush();
        for (int from = 0; from < payload.length; from += 1_000) {
            int to = Math.min(from + 1_000, payload.length);
            assertArrayEquals(Arrays.copyOfRange(payload, from, to), hostReceives());
        }
    }

    @Test
    void letsTheHandlerRewriteThePacketAndSendItBack() throws IOException {
        hostSends(new byte[] {1, 2, 3, 4});
        assertEquals(1, device.receive(received -> device.send(turned(received)), 10));
        device.flush();
        assertArrayEquals(new byte[] {1, 2, 3, 4}, hostReceives());
    }

    @Test
    void takesAnyBytesWithoutAnException() {
        SplittableRandom random = new SplittableRandom(1);
        for (int length = 1; length <= 200; length++) {
            byte[] bytes = new byte[length];
            random.nextBytes(bytes);
            packet.plain(length).bytes().put(Packet.OFFSET, bytes);
            packet.partialChecksum(random.nextInt(100), random.nextInt(100));
            packet.segments(
                    random.nextBoolean() ? Segmentation.TCP : Segmentation.UDP,
                    random.nextInt(100),
                    random.nextInt(100));
            device.send(packet);
            device.send(packet.plain(length));
        }
        device.flush();
    }

    @Test
    void tellsItsMtu() {
        assertEquals(MTU, device.mtu());
    }

    @Test
    void neitherSendsNorReceivesOnceClosed() {
        device.close();
        device.close();
        assertEquals(Sent.DOWN, device.send(probe.udp(packet, new byte[] {1})));
        assertEquals(0, device.receive(_ -> {}, 10));
        assertEquals(-1, device.descriptor());
    }

    private List<Integer> firstBytes(int budget) {
        List<Integer> bytes = new ArrayList<>();
        int count =
                device.receive(
                        received -> {
                            assertEquals(HEADERS + 1, received.length());
                            bytes.add((int) received.bytes().get(Packet.OFFSET + HEADERS));
                        },
                        budget);
        assertEquals(count, bytes.size());
        return bytes;
    }

    /** Swaps the addresses, which changes no checksum; the ports are the same. */
    private static Packet turned(Packet packet) {
        ByteBuffer bytes = packet.bytes();
        long addresses = bytes.getLong(Packet.OFFSET + 12);
        bytes.putLong(Packet.OFFSET + 12, Long.rotateLeft(addresses, Integer.SIZE));
        return packet;
    }

    private static InetAddress address(int... bytes) {
        try {
            byte[] raw = new byte[bytes.length];
            for (int i = 0; i < raw.length; i++) {
                raw[i] = (byte) bytes[i];
            }
            return InetAddress.getByAddress(raw);
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }
}
