package io.culvert.gateway.forward;

import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;
import io.culvert.wire.Defect;
import io.culvert.wire.IcmpHeader;
import io.culvert.wire.IpPacket;

/**
 * The tunnel to a flow's target as the flow sees it: what is sent there goes under the flow's
 * {@link Alias}. Nothing is received by it; the target's packets come in as any others do.
 *
 * <p>Confined to the worker that owns the flow.
 */
final class AliasedTunnel implements PacketDevice {
    private final PacketDevice tunnel;
    private final Alias alias;
    private final Views views;

    /** To look at a packet with; one worker's, whose flows share it. */
    static final class Views {
        private final IpPacket ip = new IpPacket();
        private final IpPacket quoted = new IpPacket();
    }

    AliasedTunnel(PacketDevice tunnel, Alias alias, Views views) {
        this.tunnel = tunnel;
        this.alias = alias;
        this.views = views;
    }

    @Override
    public int receive(PacketHandler handler, int budget) {
        return 0;
    }

    @Override
    public Sent send(Packet packet) {
        IpPacket ip = views.ip;
        if (ip.wrap(packet.bytes(), Packet.OFFSET, packet.length()) != Defect.NONE) {
            return Sent.FAILED;
        }
        IcmpHeader icmp = ip.icmp();
        if (icmp == null || !icmp.isError()) {
            alias.toTarget(ip, packet);
            return tunnel.send(packet);
        }
        int at = icmp.payloadOffset();
        IpPacket quoted = views.quoted;
        if (quoted.wrapQuoted(packet.bytes(), at, ip.start() + ip.length() - at) != Defect.NONE) {
            // It would tell the target whose flow it is.
            return Sent.FAILED;
        }
        alias.toTarget(ip, quoted);
        return tunnel.send(packet);
    }

    @Override
    public void flush() {
        tunnel.flush();
    }

    @Override
    public int mtu() {
        return tunnel.mtu();
    }

    @Override
    public int descriptor() {
        return tunnel.descriptor();
    }

    @Override
    public PacketDevice underlying() {
        return tunnel.underlying();
    }

    /** The tunnel is not the flow's to close. */
    @Override
    public void close() {}
}
