package io.culvert.upgrade;

import io.culvert.tun.Packet;
import io.culvert.wire.InternetChecksum;
import io.culvert.wire.IpAddress;

import java.nio.ByteBuffer;

/** Packets that an initiator sends, made without the code under test. */
final class Segments {
    private Segments() {}

    /** A SYN without options. */
    static Packet syn(IpAddress source, int sourcePort, IpAddress destination, int port) {
        ByteBuffer tcp = ByteBuffer.allocateDirect(20);
        tcp.putShort(0, (short) sourcePort).putShort(2, (short) port);
        tcp.putInt(4, 1000).putShort(12, (short) 0x5002).putShort(14, (short) 0xffff);
        return packet(source, destination, 6, tcp, 16);
    }

    /** A datagram of four bytes. */
    static Packet udp(IpAddress source, int sourcePort, IpAddress destination, int port) {
        ByteBuffer udp = ByteBuffer.allocateDirect(12);
        udp.putShort(0, (short) sourcePort).putShort(2, (short) port).putShort(4, (short) 12);
        udp.putInt(8, 0xcafebabe);
        return packet(source, destination, 17, udp, 6);
    }

    private static Packet packet(
            IpAddress source, IpAddress destination, int protocol, ByteBuffer body, int checksum) {
        Packet packet = new Packet();
        ByteBuffer bytes = packet.bytes();
        int at = Packet.OFFSET;
        int length = body.capacity();
        int header = source.isIpv4() ? 20 : 40;
        int addresses;
        if (source.isIpv4()) {
            bytes.putInt(at, 0x4500 << 16 | header + length).putInt(at + 4, 0x4000);
            bytes.put(at + 8, (byte) 64).put(at + 9, (byte) protocol).putShort(at + 10, (short) 0);
            bytes.putInt(at + 12, source.toIpv4()).putInt(at + 16, destination.toIpv4());
            int sum = InternetChecksum.sum(bytes, at, 20);
            bytes.putShort(at + 10, (short) InternetChecksum.complement(sum));
            addresses = InternetChecksum.sum(bytes, at + 12, 8);
        } else {
            bytes.putInt(at, 0x6000_0000).putShort(at + 4, (short) length);
            bytes.put(at + 6, (byte) protocol).put(at + 7, (byte) 64);
            bytes.putLong(at + 8, source.high()).putLong(at + 16, source.low());
            bytes.putLong(at + 24, destination.high()).putLong(at + 32, destination.low());
            addresses = InternetChecksum.sum(bytes, at + 8, 32);
        }
        bytes.put(at + header, body, 0, length);
        int sum = InternetChecksum.sum(bytes, at + header, length);
        sum = InternetChecksum.add(InternetChecksum.add(sum, addresses), protocol + length);
        bytes.putShort(at + header + checksum, (short) InternetChecksum.complement(sum));
        return packet.plain(header + length);
    }
}
