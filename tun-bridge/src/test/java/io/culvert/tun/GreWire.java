package io.culvert.tun;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.List;

/** A {@link GueWire} on which packets are GRE. */
final class GreWire implements AutoCloseable {
    private static final int IPV4_HEADER = 20;
    private static final int IPV6_HEADER = 40;

    private final GueWire wire;
    final boolean ipv6;

    GreWire(boolean ipv6, int mtu) throws IOException {
        this.ipv6 = ipv6;
        wire = new GueWire(ipv6, mtu);
    }

    InetAddress here() {
        return wire.here;
    }

    InetAddress peer() {
        return wire.peer;
    }

    InetAddress stranger() {
        return wire.stranger;
    }

    NetworkNamespace namespace() {
        return wire.namespace;
    }

    GreSettings settings(GreSettings.Peer... peers) {
        return new GreSettings(wire.here, List.of(peers));
    }

    int header() {
        return ipv6 ? IPV6_HEADER : IPV4_HEADER;
    }

    void mtu(int bytes) throws IOException {
        wire.mtu(bytes);
    }

    void tooBig(byte[] ours, int mtu) {
        wire.tooBig(ours, mtu);
    }

    /** Every packet that left towards an address and was not read before. */
    List<byte[]> sentTo(InetAddress destination) {
        return wire.sentTo(destination);
    }

    /** What follows the IP header. */
    byte[] payload(byte[] packet) {
        return Arrays.copyOfRange(packet, header(), packet.length);
    }

    void arrives(InetAddress from, String... hex) {
        arrives(from, 0, Bytes.of(hex));
    }

    /** Something arrives as GRE. */
    void arrives(InetAddress from, int trafficClass, byte[] payload) {
        wire.arrives(packet(from, wire.here, trafficClass, payload));
    }

    /** The same in fragments that fit the wire. */
    void arrivesInFragments(InetAddress from, byte[] payload) {
        int step = 1_400;
        for (int offset = 0; offset < payload.length; offset += step) {
            int length = Math.min(step, payload.length - offset);
            boolean more = offset + length < payload.length;
            byte[] part = Arrays.copyOfRange(payload, offset, offset + length);
            wire.arrives(
                    ipv6
                            ? fragment6(from, part, offset, more)
                            : fragment4(from, part, offset, more));
        }
    }

    private byte[] fragment4(InetAddress from, byte[] part, int offset, boolean more) {
        ByteBuffer packet = ByteBuffer.wrap(packet(from, wire.here, 0, part));
        packet.putShort(4, (short) 0x1234);
        packet.putShort(6, (short) (offset / 8 | (more ? 0x2000 : 0)));
        return sealed(packet.array());
    }

    /** RFC 8200 section 4.5. */
    private byte[] fragment6(InetAddress from, byte[] part, int offset, boolean more) {
        ByteBuffer payload = ByteBuffer.allocate(8 + part.length);
        payload.put((byte) GreHeader.IP_PROTOCOL).put((byte) 0);
        payload.putShort((short) (offset | (more ? 1 : 0))).putInt(0x1234).put(part);
        byte[] packet = packet(from, wire.here, 0, payload.array());
        packet[6] = 44;
        return packet;
    }

    /** An IP packet of protocol 47. */
    static byte[] packet(InetAddress from, InetAddress to, int trafficClass, byte[] payload) {
        boolean ipv6 = from.getAddress().length == 16;
        int header = ipv6 ? IPV6_HEADER : IPV4_HEADER;
        ByteBuffer bytes = ByteBuffer.allocate(header + payload.length);
        if (ipv6) {
            bytes.putInt(0x6000_0000 | trafficClass << 20).putShort((short) payload.length);
            bytes.put((byte) GreHeader.IP_PROTOCOL).put((byte) 64);
        } else {
            bytes.put((byte) 0x45).put((byte) trafficClass).putShort((short) bytes.capacity());
            bytes.putInt(0).put((byte) 64).put((byte) GreHeader.IP_PROTOCOL).putShort((short) 0);
        }
        bytes.put(from.getAddress()).put(to.getAddress()).put(payload);
        return ipv6 ? bytes.array() : sealed(bytes.array());
    }

    private static byte[] sealed(byte[] packet) {
        ByteBuffer bytes = ByteBuffer.wrap(packet).putShort(10, (short) 0);
        bytes.putShort(10, (short) ~OnesComplement.sum(bytes, 0, IPV4_HEADER));
        return packet;
    }

    @Override
    public void close() {
        wire.close();
    }
}
