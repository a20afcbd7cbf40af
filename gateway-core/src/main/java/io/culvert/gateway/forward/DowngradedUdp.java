package io.culvert.gateway.forward;

import io.culvert.flow.Flow;
import io.culvert.hook.Reason;
import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;
import io.culvert.upgrade.DowngradedPath;
import io.culvert.wire.IpPacket;

import java.util.Set;

/**
 * An upgraded UDP flow that leaves by a tunnel. No kernel is needed in between: taking the headers
 * off and putting fresh ones on is all there is to it, and where addresses and ports stay the same
 * that is done in place. It differs from a {@link ForwardedFlow} in what the gateway is to the
 * datagrams, their receiver and a new sender:
 *
 * <ul>
 *   <li>a wrong checksum is noticed here (RFC 1122 section 4.1.3.4);
 *   <li>IP options and extension headers stay behind ({@link BareDatagram});
 *   <li>what is too long for the next tunnel is cut (RFC 791 section 2.3, RFC 8200 section 4.5),
 *       and nobody is asked to send shorter ones.
 * </ul>
 *
 * <p>Hops go down, and DSCP and ECN stay, in both directions, so that traceroute and QUIC find what
 * there is. Errors of the network are passed on to whom they quote, who has the same name for
 * everything.
 *
 * <p>Confined to the worker that owns the flow.
 */
final class DowngradedUdp implements DowngradedPath {
    private final Forwarder forwarder;
    private final Flow flow;
    private final PacketDevice initiator;
    private final PacketDevice target;

    DowngradedUdp(Forwarder forwarder, Flow flow, PacketDevice initiator, PacketDevice target) {
        this.forwarder = forwarder;
        this.flow = flow;
        this.initiator = initiator;
        this.target = target;
    }

    @Override
    public String state() {
        return flow.isReplied() ? "replied" : "one-way";
    }

    @Override
    public boolean packet(IpPacket ip, Packet packet) {
        send(ip, packet, target, initiator);
        return true;
    }

    @Override
    public boolean fromTarget(IpPacket ip, Packet packet) {
        send(ip, packet, initiator, target);
        return true;
    }

    private void send(IpPacket ip, Packet packet, PacketDevice to, PacketDevice back) {
        if (!packet.checksumPartial() && !ip.transportChecksumValid()) {
            forwarder.counters().dropped(Reason.BAD_CHECKSUM, packet.packets());
            return;
        }
        Egress egress = forwarder.egress();
        if (egress.refusesAsDown(ip, packet, to, back, false)) {
            return;
        }
        if (BareDatagram.isBare(ip)) {
            egress.allowCutting(ip, packet, to);
            egress.send(ip, packet, to);
            return;
        }
        BareDatagram bare = forwarder.bareDatagram();
        if (bare.of(ip, packet)) {
            egress.allowCutting(bare.ip(), bare.packet(), to);
            egress.send(bare.ip(), bare.packet(), to);
        } else {
            forwarder.counters().dropped(Reason.TOO_BIG, packet.packets());
        }
    }

    @Override
    public boolean error(IpPacket error, IpPacket quoted, Packet packet) {
        return pass(error, packet, target);
    }

    @Override
    public boolean errorFromTarget(IpPacket error, IpPacket quoted, Packet packet) {
        return pass(error, packet, initiator);
    }

    /** No error is answered with one (RFC 1122 section 3.2.2). */
    private static boolean pass(IpPacket error, Packet packet, PacketDevice to) {
        int hops = error.timeToLive() - 1;
        if (hops < 1 || error.length() > to.mtu()) {
            return false;
        }
        if (error.version() == 4) {
            error.ipv4().timeToLive(hops);
        } else {
            error.ipv6().hopLimit(hops);
        }
        return to.send(packet) == PacketDevice.Sent.TAKEN;
    }

    @Override
    public boolean usesAny(Set<PacketDevice> devices) {
        return devices.contains(initiator) || devices.contains(target.underlying());
    }

    @Override
    public void release() {
        // It holds nothing.
    }
}
