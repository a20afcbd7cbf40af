package io.culvert.gateway.forward;

import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;
import io.culvert.wire.InternetChecksum;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;
import io.culvert.wire.UdpHeader;

import java.nio.ByteBuffer;

/**
 * Datagrams of one flow that follow one another, sent as one super-packet: the host then routes one
 * packet where there were up to {@value #MOST}.
 *
 * <p>What is cut out of it again, by the kernel or by a {@link io.culvert.tun.Segmenter}, are the
 * same packets byte by byte, but for identifications that mean nothing. So all but lengths and
 * checksums must be equal in them, all but the last as long as the first, identifications in a row
 * where they mean something (RFC 6864 section 4.1), and each checksum true or left to the device:
 * one that came in broken must not be made good by that.
 *
 * <p>The first packet that does not fit in ends the train, so nothing is ever overtaken. Confined
 * to one worker.
 */
final class DatagramTrain {
    /** UDP_MAX_SEGMENTS of Linux, since 4.18. */
    private static final int MOST = 64;

    private static final int LONGEST = 65_535;
    private static final int IPV4_HEADER = 20;
    private static final int IPV6_HEADER = 40;

    private static final int IPV4_TOTAL_LENGTH = 2;
    private static final int IPV4_IDENTIFICATION = 4;
    private static final int IPV4_FRAGMENT = 6;
    private static final int IPV4_CHECKSUM = 10;
    private static final int IPV4_ADDRESSES = 12;
    private static final int IPV6_PAYLOAD_LENGTH = 4;
    private static final int IPV6_NEXT_HEADER = 6;
    private static final int IPV6_ADDRESSES = 8;
    private static final int DONT_FRAGMENT = 0x4000;
    private static final int UDP_LENGTH = 4;

    private final Outlet outlet;
    private final Packet train = new Packet();

    private PacketDevice to;
    private int header;
    private int datagrams;
    private int payload;
    private int length;
    private boolean partial;

    /** Takes what is sent. */
    @FunctionalInterface
    interface Outlet {
        /**
         * @param packets which the packet stands for
         */
        void send(Packet packet, int packets, PacketDevice to);
    }

    DatagramTrain(Outlet outlet) {
        this.outlet = outlet;
    }

    /**
     * Takes a packet, to send it with others or at the next {@link #flush}; what was held and does
     * not go with it is sent. False where it is none for that.
     *
     * @param ip as it is to leave, no longer than the device's MTU
     */
    boolean take(IpPacket ip, Packet packet, PacketDevice device) {
        if (!isDatagram(ip, packet)) {
            return false;
        }
        if (!isNext(ip, device)) {
            flush();
            begin(ip, packet, device);
            return true;
        }
        int more = ip.length() - header;
        train.bytes().put(Packet.OFFSET + length, ip.bytes(), ip.start() + header, more);
        length += more;
        datagrams++;
        if (more < payload || datagrams == MOST) {
            flush();
        }
        return true;
    }

    private static boolean isDatagram(IpPacket ip, Packet packet) {
        int header = ip.transportOffset() - ip.start();
        return ip.udp() != null
                && packet.segmentation() == Packet.Segmentation.NONE
                && packet.fragmentSize() == 0
                && header == (ip.version() == 4 ? IPV4_HEADER : IPV6_HEADER)
                && ip.udp().length() == ip.transportLength()
                && ip.transportLength() > UdpHeader.LENGTH
                && (packet.checksumPartial()
                        || (ip.udp().checksum() != 0 && ip.transportChecksumValid()));
    }

    private boolean isNext(IpPacket ip, PacketDevice device) {
        if (datagrams == 0 || to != device) {
            return false;
        }
        int more = ip.length() - header;
        return header == ip.transportOffset() - ip.start() + UdpHeader.LENGTH
                && more <= payload
                && length + more <= LONGEST
                && (ip.version() == 4 ? isNext4(ip) : isNext6(ip))
                && ip.bytes().getInt(ip.transportOffset())
                        == train.bytes().getInt(Packet.OFFSET + header - UdpHeader.LENGTH);
    }

    private boolean isNext4(IpPacket ip) {
        ByteBuffer a = train.bytes();
        ByteBuffer b = ip.bytes();
        int at = ip.start();
        boolean atomic = (b.getShort(at + IPV4_FRAGMENT) & DONT_FRAGMENT) != 0;
        int expected = a.getShort(Packet.OFFSET + IPV4_IDENTIFICATION) + datagrams;
        return a.getShort(Packet.OFFSET) == b.getShort(at)
                && a.getInt(Packet.OFFSET + IPV4_FRAGMENT) == b.getInt(at + IPV4_FRAGMENT)
                && a.getLong(Packet.OFFSET + IPV4_ADDRESSES) == b.getLong(at + IPV4_ADDRESSES)
                && (atomic || (short) expected == b.getShort(at + IPV4_IDENTIFICATION));
    }

    private boolean isNext6(IpPacket ip) {
        ByteBuffer a = train.bytes();
        ByteBuffer b = ip.bytes();
        int at = ip.start();
        for (int i = IPV6_ADDRESSES; i < IPV6_HEADER; i += Long.BYTES) {
            if (a.getLong(Packet.OFFSET + i) != b.getLong(at + i)) {
                return false;
            }
        }
        return a.getInt(Packet.OFFSET) == b.getInt(at)
                && a.getShort(Packet.OFFSET + IPV6_NEXT_HEADER)
                        == b.getShort(at + IPV6_NEXT_HEADER);
    }

    private void begin(IpPacket ip, Packet packet, PacketDevice device) {
        to = device;
        header = ip.transportOffset() - ip.start() + UdpHeader.LENGTH;
        length = ip.length();
        payload = length - header;
        datagrams = 1;
        partial = packet.checksumPartial();
        train.bytes().put(Packet.OFFSET, ip.bytes(), ip.start(), length);
    }

    /** Sends what is held, if anything is. */
    void flush() {
        if (datagrams == 0) {
            return;
        }
        train.plain(length);
        int transport = header - UdpHeader.LENGTH;
        if (datagrams > 1) {
            couple(transport);
            train.segments(Packet.Segmentation.UDP, payload, header);
        }
        if (datagrams > 1 || partial) {
            train.partialChecksum(transport, UdpHeader.CHECKSUM);
        }
        int packets = datagrams;
        datagrams = 0;
        outlet.send(train, packets, to);
    }

    /** Writes the lengths of the whole, and the pseudo-header's sum that goes with them. */
    private void couple(int transport) {
        ByteBuffer bytes = train.bytes();
        int at = Packet.OFFSET;
        int udp = at + transport;
        int addresses;
        if (transport == IPV4_HEADER) {
            int before = bytes.getShort(at + IPV4_TOTAL_LENGTH) & 0xffff;
            int checksum = bytes.getShort(at + IPV4_CHECKSUM) & 0xffff;
            bytes.putShort(at + IPV4_TOTAL_LENGTH, (short) length);
            bytes.putShort(
                    at + IPV4_CHECKSUM, (short) InternetChecksum.replace(checksum, before, length));
            addresses = InternetChecksum.sum(bytes, at + IPV4_ADDRESSES, 8);
        } else {
            bytes.putShort(at + IPV6_PAYLOAD_LENGTH, (short) (length - IPV6_HEADER));
            addresses = InternetChecksum.sum(bytes, at + IPV6_ADDRESSES, 32);
        }
        int datagram = length - transport;
        bytes.putShort(udp + UDP_LENGTH, (short) datagram);
        int sum = InternetChecksum.add(InternetChecksum.add(addresses, IpProtocol.UDP), datagram);
        bytes.putShort(udp + UdpHeader.CHECKSUM, (short) sum);
    }
}
