package io.culvert.flow;

import io.culvert.wire.Defect;
import io.culvert.wire.InternetChecksum;
import io.culvert.wire.IpPacket;
import io.culvert.wire.Packets;

import org.junit.jupiter.api.Assertions;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;

/** UDP datagrams in fragments, in either family, from one host to another. */
final class Fragments {
    static final int IPV4_HEADER = 20;
    static final int IPV6_HEADER = 40;
    static final int FRAGMENT_HEADER = 8;

    private static final String V4_ADDRESSES = "0a000001 c0000202";
    private static final int UDP = 17;

    private Fragments() {}

    /** A part of the data of a datagram, with the header of a fragment before it. */
    static IpPacket of(boolean ipv6, int identification, byte[] data, int from, int to) {
        return of(ipv6, identification, data, from, to, to < data.length);
    }

    static IpPacket of(
            boolean ipv6, int identification, byte[] data, int from, int to, boolean more) {
        StringBuilder part = new StringBuilder();
        for (int i = from; i < to; i++) part.append("%02x".formatted(data[i]));
        return ipv6
                ? v6("1100%04x%08x".formatted(from | (more ? 1 : 0), identification) + part)
                : v4(identification, (more ? 0x2000 : 0) | from / 8, part.toString());
    }

    /**
     * @param field flags and offset
     */
    static IpPacket v4(int identification, int field, String data) {
        return Packets.wrapped(v4Bytes(identification, field, data));
    }

    static ByteBuffer v4Bytes(int identification, int field, String data) {
        ByteBuffer bytes = Packets.v4("%04x".formatted(field), UDP, V4_ADDRESSES, data);
        return checksum(bytes.putShort(4, (short) identification));
    }

    /** The fragment header with what follows. */
    static IpPacket v6(String fragment) {
        return Packets.wrapped(Packets.v6(44, fragment));
    }

    /** Makes an IPv4 header's checksum true again. */
    static ByteBuffer checksum(ByteBuffer bytes) {
        bytes.putShort(10, (short) 0);
        int sum = InternetChecksum.sum(bytes, 0, (bytes.get(0) & 0xf) * 4);
        return bytes.putShort(10, (short) InternetChecksum.complement(sum));
    }

    static IpPacket wrapped(ByteBuffer bytes) {
        IpPacket packet = new IpPacket();
        Assertions.assertEquals(Defect.NONE, packet.wrap(bytes, 0, bytes.limit()));
        return packet;
    }

    /** The same fragment from another host. */
    static IpPacket from(int source, IpPacket fragment) {
        ByteBuffer bytes = fragment.bytes();
        if (fragment.version() == 6) {
            bytes.putInt(20, source);
        } else {
            checksum(bytes.putInt(12, source));
        }
        return wrapped(bytes);
    }

    /** A UDP header and a payload that is different everywhere. */
    static byte[] datagram(int length) {
        ByteBuffer data = ByteBuffer.allocate(length);
        for (int i = 8; i < length; i++) data.put(i, (byte) (i * 31 + i / 256));
        data.putShort(0, (short) 49153).putShort(2, (short) 53);
        data.putShort(4, (short) length).putShort(6, (short) 0x1234);
        return data.array();
    }

    /** Fragments of so much data each, in order. */
    static List<IpPacket> train(boolean ipv6, int identification, byte[] data, int each) {
        List<IpPacket> train = new ArrayList<>();
        for (int from = 0; from < data.length; from += each) {
            int to = Math.min(from + each, data.length);
            train.add(of(ipv6, identification, data, from, to));
        }
        return train;
    }
}
