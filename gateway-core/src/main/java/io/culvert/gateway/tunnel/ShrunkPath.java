package io.culvert.gateway.tunnel;

import io.culvert.flow.Identifications;
import io.culvert.flow.PacketCounters;
import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;
import io.culvert.tun.PartialChecksum;
import io.culvert.tun.Segmenter;
import io.culvert.upgrade.Answers;
import io.culvert.wire.Defect;
import io.culvert.wire.Fragmenter;
import io.culvert.wire.IcmpType;
import io.culvert.wire.IpPacket;

import java.util.SplittableRandom;

/**
 * What becomes of packets that are too long for a tunnel whose path has less room than the device
 * was made for: what may be cut is (RFC 1812 section 5.2.6), and who sent the rest is told by ICMP
 * (RFC 1191 section 4, RFC 4443 section 3.2). Confined to one thread.
 */
final class ShrunkPath {
    private final PacketDevice device;
    private final PacketDevice.PacketHandler tunnel;
    private final Answers answers =
            new Answers(System::nanoTime, new SplittableRandom(), 1, new PacketCounters());
    private final Identifications identifications = new Identifications();
    private final Segmenter segmenter = new Segmenter();
    private final IpPacket ip = new IpPacket();
    private final Packet fragment = new Packet();
    private int mtu;

    /**
     * @param device where packets come from, and answers go
     * @param tunnel takes what fits
     */
    ShrunkPath(PacketDevice device, PacketDevice.PacketHandler tunnel) {
        this.device = device;
        this.tunnel = tunnel;
    }

    /** Bytes of the longest packet that this one stands for. */
    static int longest(Packet packet) {
        return packet.segmentSize() > 0
                ? Math.min(packet.length(), packet.headerLength() + packet.segmentSize())
                : packet.length();
    }

    /** Takes a packet that does not fit. */
    void take(Packet packet, int mtu) {
        if (ip.wrap(packet.bytes(), Packet.OFFSET, packet.length()) != Defect.NONE) {
            return;
        }
        this.mtu = mtu;
        if (ip.version() == 6) {
            answers.error(ip, IcmpType.V6_PACKET_TOO_BIG, 0, mtu, device);
        } else if (ip.ipv4().dontFragment()) {
            answers.error(ip, IcmpType.UNREACHABLE, IcmpType.FRAGMENTATION_NEEDED, mtu, device);
        } else if (packet.segmentSize() > 0) {
            int unused = segmenter.cut(packet, this::cut);
        } else {
            cut(packet);
        }
    }

    private void cut(Packet packet) {
        if (ip.wrap(packet.bytes(), Packet.OFFSET, packet.length()) != Defect.NONE
                || !PartialChecksum.complete(packet)) {
            return;
        }
        int identification =
                identifications.next(
                        ip.sourceHigh(),
                        ip.sourceLow(),
                        ip.destinationHigh(),
                        ip.destinationLow(),
                        ip.protocol());
        int unused =
                Fragmenter.cut(
                        packet.bytes(),
                        Packet.OFFSET,
                        packet.length(),
                        mtu,
                        identification,
                        fragment.bytes(),
                        Packet.OFFSET,
                        length -> tunnel.handle(fragment.plain(length)));
    }
}
