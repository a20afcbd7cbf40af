package io.culvert.gateway;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;
import io.culvert.upgrade.EchoUpgrader;
import io.culvert.upgrade.PacketPath;
import io.culvert.upgrade.SocketOffRamp;
import io.culvert.upgrade.TcpUpgrader;
import io.culvert.upgrade.UdpUpgrader;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;

import java.util.Map;

/**
 * One worker's upgraders, by protocol.
 *
 * @param offRamps the socket off-ramps by name
 */
record Upgraders(
        int worker,
        TcpUpgrader tcp,
        UdpUpgrader udp,
        EchoUpgrader echo,
        Map<String, SocketOffRamp> offRamps) {

    /** The worker that a new flow is to live on. */
    int owner(int protocol, FlowKey key) {
        return protocol == IpProtocol.UDP ? udp.owner(key) : worker;
    }

    /**
     * Upgrades a flow and gives it its first packet, which is counted.
     *
     * @return {@code null}, or why it cannot be; then the packet is the caller's
     */
    Reason begin(
            Flow flow,
            FlowDecision.Upgrade decision,
            IpPacket ip,
            Packet packet,
            PacketDevice ramp) {
        SocketOffRamp offRamp = offRamps.get(decision.via());
        if (flow.key().protocol() == IpProtocol.TCP) {
            return tcp.open(flow, offRamp, ip, packet, ramp);
        }
        Reason failure =
                flow.key().protocol() == IpProtocol.UDP
                        ? udp.open(flow, offRamp, ramp)
                        : echo.open(flow, offRamp, ramp);
        if (failure == null) {
            ((PacketPath) flow.path()).packet(ip, packet);
        }
        return failure;
    }
}
