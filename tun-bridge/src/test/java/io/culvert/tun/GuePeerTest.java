package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.linux.Fd;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.Rtnetlink;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.Sockets;
import io.culvert.linux.Syscall;

import org.junit.jupiter.api.AfterEach;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;

/** A peer and the endpoint that it belongs to, over loopback, do what every device does. */
class GuePeerTest extends PacketDeviceContract {
    private static final long US = 0xffff_7f00_0001L;
    private static final long PEER = 0xffff_7f00_0002L;
    private static final int OUTER_HEADERS = 32;

    private final Probe host = new Probe(HOST, PORT, HERE, PORT);
    private final ByteBuffer payload = NativeMemory.allocate(1 << 16);
    private Fd peer;
    private Fd sender;

    @Override
    PacketDevice open() throws IOException {
        try (NetworkNamespace namespace = NetworkNamespace.anonymous("gue")) {
            peer =
                    namespace.call(
                            () -> {
                                try (Rtnetlink rtnetlink = new Rtnetlink()) {
                                    rtnetlink.mtu(rtnetlink.index("lo"), MTU + OUTER_HEADERS);
                                }
                                return Sockets.udp(false);
                            });
            SocketAddressBuffer address = new SocketAddressBuffer();
            Sockets.bind(peer, address.set(0, PEER, GueHeader.PORT));
            // As Linux does, from any port and to ours.
            sender = namespace.call(() -> Sockets.udp(false));
            Sockets.bind(sender, address.set(0, PEER, 0));
            address.set(0, US, GueHeader.PORT);
            assertEquals(0, Syscall.connect(sender.number(), address.address(), address.length()));
            GueEndpoint<String> endpoint =
                    GueEndpoint.open(
                            namespace,
                            GueSettings.listening(
                                    new InetSocketAddress(
                                            InetAddress.ofLiteral("127.0.0.1"), GueHeader.PORT)),
                            (_, low) -> low == PEER ? "acme" : null);
            return new Tunnel(endpoint, endpoint.peer(0, PEER));
        }
    }

    @AfterEach
    void closeThePeer() {
        peer.close();
        sender.close();
    }

    @Override
    void hostSends(byte[] data) throws IOException {
        Packet packet = host.udp(new Packet(), data);
        assertTrue(PartialChecksum.complete(packet));
        GueHeader.write(payload, 0, false);
        payload.put(GueHeader.LENGTH, Bytes.of(packet));
        int length = GueHeader.LENGTH + packet.length();
        assertEquals(
                length, Syscall.send(sender.number(), NativeMemory.address(payload), length, 0));
    }

    @Override
    byte[] hostReceives() {
        int length =
                Syscall.recv(peer.number(), NativeMemory.address(payload), payload.capacity(), 0);
        if (length < 0) {
            return null;
        }
        assertEquals(0x0004_0000, payload.getInt(0));
        byte[] bytes = new byte[length];
        payload.get(0, bytes);
        return Arrays.copyOfRange(bytes, GueHeader.LENGTH + HEADERS, length);
    }

    /** Both directions of the one peer. */
    private record Tunnel(GueEndpoint<String> endpoint, GuePeer<String> peer)
            implements PacketDevice {
        @Override
        public int receive(PacketHandler handler, int budget) {
            return endpoint.receive((_, packet, _) -> each(packet, handler), budget);
        }

        /** The contract is of packets, which the endpoint has joined. */
        private static void each(Packet packet, PacketHandler handler) {
            if (packet.segmentation() == Packet.Segmentation.NONE) {
                handler.handle(packet);
            } else {
                assertTrue(new Segmenter().cut(packet, handler) > 1);
            }
        }

        @Override
        public Sent send(Packet packet) {
            return peer.send(packet);
        }

        @Override
        public void flush() {
            peer.flush();
        }

        @Override
        public int mtu() {
            return peer.mtu();
        }

        @Override
        public int descriptor() {
            return peer.descriptor();
        }

        @Override
        public void close() {
            endpoint.close();
        }
    }
}
