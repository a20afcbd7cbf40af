package io.culvert.tun;

import io.culvert.linux.LinkAddress;
import io.culvert.linux.Rtnetlink;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;

/**
 * A namespace with one way out, a TUN device at whose other end the test is all of the network: it
 * reads the outer packets as they are and writes what it likes.
 */
final class GueWire implements AutoCloseable {
    static final int UDP = 17;
    static final int ICMP = 1;
    static final int ICMP6 = 58;

    private static final int IPV4_HEADER = 20;

    final InetAddress here;
    final InetAddress peer;
    final InetAddress stranger;
    final boolean ipv6;
    final NetworkNamespace namespace;
    private final TunDevice device;
    private final TunQueue queue;
    private final Packet scratch = new Packet();

    GueWire(boolean ipv6, int mtu) throws IOException {
        this.ipv6 = ipv6;
        String network = ipv6 ? "2001:db8::" : "192.0.2.";
        here = InetAddress.getByName(network + "1");
        peer = InetAddress.getByName(network + "2");
        stranger = InetAddress.getByName(network + "66");
        namespace = NetworkNamespace.anonymous("gue");
        device =
                TunDevice.open(
                        namespace,
                        TunSettings.named("wire")
                                .withMtu(mtu)
                                .withOffloads(EnumSet.noneOf(Offload.class))
                                .withAddresses(new LinkAddress(here, ipv6 ? 64 : 24)));
        queue = device.queues().getFirst();
    }

    GueSettings settings() {
        return GueSettings.listening(new InetSocketAddress(here, GueHeader.PORT));
    }

    void mtu(int bytes) throws IOException {
        namespace.call(
                () -> {
                    try (Rtnetlink rtnetlink = new Rtnetlink()) {
                        rtnetlink.mtu(rtnetlink.index("wire"), bytes);
                    }
                    return null;
                });
    }

    /** Every packet that left towards an address and was not read before. */
    List<byte[]> sentTo(InetAddress destination) {
        List<byte[]> packets = new ArrayList<>();
        queue.receive(
                packet -> {
                    byte[] bytes = Bytes.of(packet);
                    if (Arrays.equals(destination(bytes), destination.getAddress())) {
                        packets.add(bytes);
                    }
                },
                1 << 20);
        return packets;
    }

    /** What is in the outer packet behind IP and UDP header. */
    byte[] payload(byte[] packet) {
        return Arrays.copyOfRange(packet, header() + 8, packet.length);
    }

    int sourcePort(byte[] packet) {
        return ByteBuffer.wrap(packet).getShort(header()) & 0xffff;
    }

    int destinationPort(byte[] packet) {
        return ByteBuffer.wrap(packet).getShort(header() + 2) & 0xffff;
    }

    int header() {
        return ipv6 ? 40 : IPV4_HEADER;
    }

    /** A datagram arrives at the GUE port. */
    void arrives(InetAddress from, int sourcePort, byte[] payload) {
        arrives(datagram(from, sourcePort, GueHeader.PORT, payload));
    }

    /** An outer packet arrives. */
    void arrives(byte[] packet) {
        scratch.plain(packet.length).bytes().put(Packet.OFFSET, packet);
        if (queue.send(scratch) != PacketDevice.Sent.TAKEN) {
            throw new AssertionError("the device is full");
        }
    }

    byte[] datagram(InetAddress from, int sourcePort, int port, byte[] payload) {
        ByteBuffer udp = ByteBuffer.allocate(8 + payload.length);
        udp.putShort((short) sourcePort).putShort((short) port);
        udp.putShort((short) udp.capacity()).putShort((short) 0).put(payload);
        return packet(from, UDP, udp, 6);
    }

    /** ICMP says that a packet of ours was too long for a link of that MTU. */
    void tooBig(byte[] ours, int mtu) {
        // RFC 792 and RFC 1191: type 3, code 4; RFC 4443 section 3.2: type 2.
        icmp(ours, ipv6 ? 0x0200 : 0x0304, mtu);
    }

    /** ICMP says that nobody listens at the port. */
    void portUnreachable(byte[] ours) {
        icmp(ours, ipv6 ? 0x0104 : 0x0303, 0);
    }

    private void icmp(byte[] ours, int typeAndCode, int word) {
        byte[] quoted = Arrays.copyOf(ours, Math.min(ours.length, 200));
        ByteBuffer icmp = ByteBuffer.allocate(8 + quoted.length);
        icmp.putShort((short) typeAndCode).putShort((short) 0).putInt(word).put(quoted);
        arrives(packet(peer, ipv6 ? ICMP6 : ICMP, icmp, 2));
    }

    /** An IP packet to us, all checksums right; where the payload's one is, is zero yet. */
    private byte[] packet(InetAddress from, int protocol, ByteBuffer payload, int checksum) {
        int length = payload.capacity();
        ByteBuffer bytes = ByteBuffer.allocate(header() + length);
        if (ipv6) {
            bytes.putInt(0x6000_0000).putShort((short) length);
            bytes.put((byte) protocol).put((byte) 64);
        } else {
            bytes.putShort((short) 0x4500).putShort((short) bytes.capacity()).putInt(0);
            bytes.put((byte) 64).put((byte) protocol).putShort((short) 0);
        }
        bytes.put(from.getAddress()).put(here.getAddress()).put(payload.flip());
        if (!ipv6) {
            bytes.putShort(10, (short) ~OnesComplement.sum(bytes, 0, IPV4_HEADER));
        }
        long sum = OnesComplement.sum(bytes, header(), length);
        if (protocol != ICMP) {
            int addresses = 2 * here.getAddress().length;
            sum += OnesComplement.sum(bytes, header() - addresses, addresses);
            sum += protocol + length;
        }
        int whole = ~OnesComplement.fold(sum) & 0xffff;
        bytes.putShort(header() + checksum, (short) PartialChecksum.sent(whole, checksum));
        return bytes.array();
    }

    private byte[] destination(byte[] packet) {
        boolean same = packet[0] >> 4 == (ipv6 ? 6 : 4);
        return same
                ? Arrays.copyOfRange(packet, header() - (ipv6 ? 16 : 4), header())
                : new byte[0];
    }

    @Override
    public void close() {
        device.close();
        namespace.close();
    }
}
