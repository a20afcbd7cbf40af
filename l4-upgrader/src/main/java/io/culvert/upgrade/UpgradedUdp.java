package io.culvert.upgrade;

import io.culvert.flow.Flow;
import io.culvert.hook.Reason;
import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;
import io.culvert.wire.IpPacket;
import io.culvert.wire.UdpHeader;

import java.util.Set;

/**
 * One UDP flow: its datagrams leave by the socket of its {@link UdpSession}.
 *
 * <p>Confined to the worker that owns the flow.
 */
final class UpgradedUdp implements PacketPath {
    private final UdpSession session;
    private final Flow flow;
    private final PacketDevice ramp;
    private final long targetHigh;
    private final long targetLow;
    private final int targetPort;

    UpgradedUdp(UdpSession session, Flow flow, SocketOffRamp.Target target, PacketDevice ramp) {
        this.session = session;
        this.flow = flow;
        this.ramp = ramp;
        targetHigh = target.high();
        targetLow = target.low();
        targetPort = target.port();
    }

    Flow flow() {
        return flow;
    }

    /** Whether that is where the flow's datagrams leave. */
    boolean isOf(UdpSession other) {
        return session == other;
    }

    /** Where replies go. */
    PacketDevice ramp() {
        return ramp;
    }

    /** Whether datagrams from that address are this flow's replies. */
    boolean isTarget(long high, long low, int port) {
        return targetPort == port && targetLow == low && targetHigh == high;
    }

    /** Whether the target's address is not the one that the initiator sends to. */
    boolean isRedirected() {
        return !isTarget(
                flow.key().destinationHigh(),
                flow.key().destinationLow(),
                flow.key().destinationPort());
    }

    @Override
    public String state() {
        return flow.isReplied() ? "replied" : "one-way";
    }

    @Override
    public boolean packet(IpPacket ip, Packet packet) {
        UdpUpgrader upgrader = session.upgrader();
        // We are the receiver of these bytes: a sum that is wrong is ours to notice (RFC 1122
        // section 4.1.3.4).
        if (!packet.checksumPartial() && !ip.transportChecksumValid()) {
            upgrader.counters().dropped(Reason.BAD_CHECKSUM, packet.packets());
            return true;
        }
        // RFC 1812 section 5.3.1: one hop less. One that has none left was answered before it came
        // here.
        if (session.changeHopLimit(ip.timeToLive() - 1)) {
            upgrader.hopLimit(session, ip.timeToLive() - 1);
        }
        int payload = ip.transportOffset() + UdpHeader.LENGTH;
        int length = ip.transportLength() - UdpHeader.LENGTH;
        int segment =
                packet.segmentation() == Packet.Segmentation.UDP ? packet.segmentSize() : length;
        upgrader.writer()
                .add(
                        session.socket(),
                        targetHigh,
                        targetLow,
                        targetPort,
                        ip.trafficClass() & 0xfc,
                        ip.bytes(),
                        payload,
                        length,
                        segment);
        upgrader.counters().carried(packet.packets());
        return true;
    }

    @Override
    public boolean error(IpPacket error, IpPacket quoted, Packet packet) {
        // RFC 1122 section 4.1.3.3 has errors passed to the application; ours is the target's
        // kernel, which none can reach.
        return true;
    }

    @Override
    public boolean usesAny(Set<PacketDevice> devices) {
        return devices.contains(ramp);
    }

    @Override
    public void release() {
        session.release(this);
    }
}
