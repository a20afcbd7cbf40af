package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import io.culvert.linux.Fd;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.Sockets;
import io.culvert.linux.Syscall;
import io.culvert.tun.Packet.Segmentation;
import io.culvert.tun.PacketDevice.Sent;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

class SeqpacketTunnelTest {
    private static final int HEADERS = 28;

    private final Probe probe =
            new Probe(PacketDeviceContract.HERE, 1, PacketDeviceContract.HOST, 2);
    private final Probe other =
            new Probe(PacketDeviceContract.HOST, 2, PacketDeviceContract.HERE, 1);
    private final Packet packet = new Packet();
    private final ByteBuffer message = NativeMemory.allocate(70_000);
    private final SeqpacketTunnel tunnel = new SeqpacketTunnel(1_400);
    private final SeqpacketTunnel.End end = tunnel.end(new SeqpacketTunnel.Buffers());
    private Fd near;
    private Fd far;

    @BeforeEach
    void connect() throws IOException {
        Fd[] pair = Sockets.seqpacketPair();
        near = pair[0];
        far = pair[1];
        tunnel.connect(near.number());
    }

    @AfterEach
    void close() {
        near.close();
        far.close();
    }

    private void peerSends(int length) {
        assertEquals(length, Syscall.send(far.number(), NativeMemory.address(message), length, 0));
    }

    private int peerReceives() {
        return Syscall.recv(far.number(), NativeMemory.address(message), message.capacity(), 0);
    }

    private List<byte[]> received() {
        List<byte[]> all = new ArrayList<>();
        end.receive(each -> all.add(Bytes.of(each)), 64);
        return all;
    }

    @Test
    void sendsEachPacketAsAMessageWithNothingAroundIt() {
        assertEquals(Sent.TAKEN, end.send(probe.udp(packet, new byte[100])));

        assertEquals(HEADERS + 100, peerReceives());
        assertEquals(0x45, message.get(0));
    }

    @Test
    void cutsASuperPacketIntoItsPackets() {
        probe.udp(packet, new byte[2_500]).segments(Segmentation.UDP, 1_000, HEADERS);

        assertEquals(Sent.TAKEN, end.send(packet));

        assertEquals(HEADERS + 1_000, peerReceives());
        assertEquals(HEADERS + 1_000, peerReceives());
        assertEquals(HEADERS + 500, peerReceives());
    }

    @Test
    void handsOverWhatBelongsTogetherAsOne() {
        for (int i = 0; i < 3; i++) {
            other.udp(packet, new byte[1_000]);
            assertTrue(PartialChecksum.complete(packet));
            byte[] bytes = Bytes.of(packet);
            message.put(0, bytes);
            peerSends(bytes.length);
        }
        List<byte[]> all = received();

        assertEquals(1, all.size());
        assertEquals(HEADERS + 3_000, all.getFirst().length);
    }

    /** A worker's tunnels share their buffers, and are of several tenants. */
    @Test
    void givesNothingToTheNextTunnelWhereAHandlerFails() throws IOException {
        SeqpacketTunnel.Buffers shared = new SeqpacketTunnel.Buffers();
        other.udp(packet, new byte[1_000]);
        assertTrue(PartialChecksum.complete(packet));
        byte[] held = Bytes.of(packet);
        message.put(0, held);
        peerSends(held.length);
        peerSends(3);
        assertThrows(
                IllegalStateException.class,
                () ->
                        tunnel.end(shared)
                                .receive(
                                        each -> {
                                            throw new IllegalStateException("of the test");
                                        },
                                        64));

        Fd[] pair = Sockets.seqpacketPair();
        try (Fd mine = pair[0];
                Fd peer = pair[1]) {
            assertTrue(peer.isOpen());
            SeqpacketTunnel next = new SeqpacketTunnel(1_400);
            next.connect(mine.number());
            assertEquals(0, next.end(shared).receive(each -> fail("another tunnel's"), 64));
        }
    }

    @Test
    void handsOverWhatIsNoPacketAsItIs() {
        message.put(0, new byte[] {1, 2, 3});
        peerSends(3);

        assertArrayEquals(new byte[] {1, 2, 3}, received().getFirst());
        assertFalse(end.isOver());
    }

    /** MSG_TRUNC of recv(2): the rest of it is gone. */
    @Test
    void handsOverAMessageThatIsTooLongAsAnEmptyOne() {
        peerSends(Packet.MAXIMUM_LENGTH + 1);
        peerSends(20);

        List<byte[]> all = received();
        assertEquals(List.of(0, 20), all.stream().map(each -> each.length).toList());
    }

    @Test
    void isFullWhereThePeerDoesNotReadAndWaitsForNobody() {
        Sent sent = Sent.TAKEN;
        for (int i = 0; i < 100_000 && sent == Sent.TAKEN; i++) {
            sent = end.send(probe.udp(packet, new byte[1_000]));
        }
        assertEquals(Sent.FULL, sent);
    }

    @Test
    void isOverWhenThePeerHasGone() {
        assertEquals(0, received().size());
        assertFalse(end.isOver());

        far.close();

        assertEquals(0, received().size());
        assertTrue(end.isOver());
        assertEquals(Sent.DOWN, end.send(probe.udp(packet, new byte[1])));
    }

    @Test
    void losesWhatIsSentWhileNobodyIsThere() throws IOException {
        tunnel.disconnect();
        assertFalse(tunnel.isConnected());
        assertEquals(Sent.DOWN, end.send(probe.udp(packet, new byte[1])));
        assertEquals(0, received().size());

        Fd[] pair = Sockets.seqpacketPair();
        try (Fd again = pair[0];
                Fd peer = pair[1]) {
            assertTrue(peer.isOpen());
            tunnel.connect(again.number());
            assertTrue(tunnel.isConnected());
            assertEquals(again.number(), end.descriptor());
        }
    }

    @Test
    void receivesMoreThanOneCallBringsUpToItsBudget() {
        for (int i = 0; i < 100; i++) {
            message.put(0, (byte) i);
            peerSends(20 + i);
        }
        List<Integer> lengths = new ArrayList<>();
        assertEquals(70, end.receive(each -> lengths.add(each.length()), 70));
        assertEquals(30, end.receive(each -> lengths.add(each.length()), 70));
        for (int i = 0; i < 100; i++) {
            assertEquals(20 + i, lengths.get(i));
        }
    }

    @Test
    void handsOverWhatCameBeforeThePeerWent() {
        peerSends(20);
        peerSends(21);
        far.close();

        assertEquals(List.of(20, 21), received().stream().map(each -> each.length).toList());
        assertTrue(end.isOver());
    }

    @Test
    void keepsPacketsUntilTheyAreFlushedWhereItIsPatient() {
        SeqpacketTunnel.End patient = tunnel.patientEnd(new SeqpacketTunnel.Buffers());
        assertEquals(Sent.TAKEN, patient.send(probe.udp(packet, new byte[100])));
        probe.udp(packet, new byte[2_500]).segments(Segmentation.UDP, 1_000, HEADERS);
        assertEquals(Sent.TAKEN, patient.send(packet));
        assertTrue(peerReceives() < 0);

        patient.flush();

        assertFalse(patient.isBlocked());
        assertEquals(HEADERS + 100, peerReceives());
        assertEquals(HEADERS + 1_000, peerReceives());
        assertEquals(HEADERS + 1_000, peerReceives());
        assertEquals(HEADERS + 500, peerReceives());
        assertTrue(peerReceives() < 0);
    }

    @Test
    void losesNothingWhereItIsPatientAndItsUserWaits() {
        SeqpacketTunnel.End patient = tunnel.patientEnd(new SeqpacketTunnel.Buffers());
        int sent = 0;
        while (!patient.isBlocked() && sent < 100_000) {
            for (int i = 0; i < 10; i++) {
                byte[] payload = ByteBuffer.allocate(1_000).putInt(0, sent++).array();
                assertEquals(Sent.TAKEN, patient.send(probe.udp(packet, payload)));
            }
            patient.flush();
        }
        assertTrue(patient.isBlocked());
        for (int i = 0; i < sent; i++) {
            int length = peerReceives();
            if (length < 0) {
                patient.flush();
                length = peerReceives();
            }
            assertEquals(HEADERS + 1_000, length);
            assertEquals(i, message.getInt(HEADERS));
        }
        assertFalse(patient.isBlocked());
    }

    @Test
    void forgetsWhatItKeptWhereItIsPatientAndThePeerHasGone() {
        SeqpacketTunnel.End patient = tunnel.patientEnd(new SeqpacketTunnel.Buffers());
        assertEquals(Sent.TAKEN, patient.send(probe.udp(packet, new byte[100])));
        far.close();

        patient.flush();

        assertFalse(patient.isBlocked());
    }
}
