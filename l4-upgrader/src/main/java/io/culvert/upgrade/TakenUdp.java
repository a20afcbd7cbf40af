package io.culvert.upgrade;

import io.culvert.flow.Flow;
import io.culvert.hook.Reason;
import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;
import io.culvert.wire.IpPacket;
import io.culvert.wire.UdpDatagram;
import io.culvert.wire.UdpHeader;

import java.nio.ByteBuffer;
import java.util.Set;

/**
 * One UDP flow whose datagrams a {@link DatagramTakeover} has: there is no socket, and no target.
 *
 * <p>Confined to the worker that owns the flow.
 */
final class TakenUdp implements PacketPath, TakenDatagrams {
    private final UdpUpgrader upgrader;
    private final Flow flow;
    private final DatagramTakeover takeover;
    private final PacketDevice ramp;
    private boolean over;

    TakenUdp(UdpUpgrader upgrader, Flow flow, DatagramTakeover takeover, PacketDevice ramp) {
        this.upgrader = upgrader;
        this.flow = flow;
        this.takeover = takeover;
        this.ramp = ramp;
    }

    @Override
    public String state() {
        return takeover.state();
    }

    @Override
    public boolean packet(IpPacket ip, Packet packet) {
        // We are the receiver of these bytes (RFC 1122 section 4.1.3.4).
        if (!packet.checksumPartial() && !ip.transportChecksumValid()) {
            upgrader.counters().dropped(Reason.BAD_CHECKSUM, packet.packets());
            return true;
        }
        upgrader.counters().carried(packet.packets());
        int length = ip.transportLength() - UdpHeader.LENGTH;
        takeover.datagrams(
                ip.bytes(),
                ip.transportOffset() + UdpHeader.LENGTH,
                length,
                packet.segmentation() == Packet.Segmentation.UDP ? packet.segmentSize() : length);
        return true;
    }

    @Override
    public boolean error(IpPacket error, IpPacket quoted, Packet packet) {
        // Anybody can forge one; who has the datagrams hears of what is lost by himself.
        return true;
    }

    @Override
    public int largestPayload() {
        return ramp.mtu()
                - UdpDatagram.payloadOffset(flow.key().sourceHigh(), flow.key().sourceLow());
    }

    @Override
    public void send(ByteBuffer payload, int offset, int length, int segmentSize) {
        if (!over) {
            upgrader.refresh();
            upgrader.reply(flow, payload, offset, length, segmentSize, 0, ramp);
        }
    }

    @Override
    public void flush() {
        if (!over) {
            ramp.flush();
        }
    }

    @Override
    public void leave(Reason reason) {
        if (!over) {
            upgrader.table().close(flow, reason);
        }
    }

    @Override
    public boolean usesAny(Set<PacketDevice> devices) {
        return devices.contains(ramp);
    }

    @Override
    public void release() {
        takeover.ended();
        over = true;
    }
}
