package io.culvert.gateway.forward;

import io.culvert.tun.Packet;
import io.culvert.wire.IpPacket;
import io.culvert.wire.Ipv4Header;
import io.culvert.wire.Ipv6Header;
import io.culvert.wire.UdpDatagram;
import io.culvert.wire.UdpHeader;

/**
 * A UDP datagram under headers of our own: what the sender's IP header had of options and extension
 * headers was for us, who are its receiver here, and is left behind.
 *
 * <p>Reusable; confined to one worker.
 */
final class BareDatagram {
    private final Packet packet = new Packet();
    private final IpPacket ip = new IpPacket();

    /** Whether a datagram has nothing to be left behind. */
    static boolean isBare(IpPacket ip) {
        int header = ip.version() == 4 ? Ipv4Header.MINIMUM_LENGTH : Ipv6Header.LENGTH;
        return ip.transportOffset() - ip.start() == header;
    }

    /**
     * Makes this the same datagram with nothing but the headers that it needs.
     *
     * @return false where its payload is too long for that, which no packet is that came in
     */
    boolean of(IpPacket original, Packet from) {
        boolean several = from.segmentation() == Packet.Segmentation.UDP;
        int length =
                UdpDatagram.write(
                        original.sourceHigh(),
                        original.sourceLow(),
                        original.sourcePort(),
                        original.destinationHigh(),
                        original.destinationLow(),
                        original.destinationPort(),
                        original.timeToLive(),
                        original.trafficClass(),
                        original.bytes(),
                        original.transportOffset() + UdpHeader.LENGTH,
                        original.transportLength() - UdpHeader.LENGTH,
                        /* checksumPartial= */ several,
                        packet.bytes(),
                        Packet.OFFSET);
        if (length == 0) {
            return false;
        }
        int transport = length - original.transportLength();
        packet.plain(length).fragments(from.packets(), from.fragmentSize());
        if (several) {
            packet.partialChecksum(transport, UdpHeader.CHECKSUM)
                    .segments(
                            Packet.Segmentation.UDP,
                            from.segmentSize(),
                            transport + UdpHeader.LENGTH);
        }
        ip.wrap(packet.bytes(), Packet.OFFSET, length);
        if (original.version() == 4 && !original.ipv4().dontFragment()) {
            // Whoever may cut it tells its fragments by what its sender chose: RFC 6864 section
            // 4.1.
            ip.ipv4().fragment(false, false, 0).identification(original.ipv4().identification());
        }
        return true;
    }

    IpPacket ip() {
        return ip;
    }

    Packet packet() {
        return packet;
    }
}
