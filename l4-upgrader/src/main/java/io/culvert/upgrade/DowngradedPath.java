package io.culvert.upgrade;

import io.culvert.tun.Packet;
import io.culvert.wire.IpPacket;

/**
 * The path of an upgraded flow whose target's packets come from a tunnel too. Called on the worker
 * that owns the flow.
 */
public interface DowngradedPath extends PacketPath {
    /**
     * Takes a packet of the target, counted already.
     *
     * @return whether the flow took it; if not, the flow is over and the packet is the first of
     *     another
     */
    boolean fromTarget(IpPacket ip, Packet packet);

    /**
     * Takes an ICMP error, come from the target's side, about a packet that the flow sent there.
     *
     * @param quoted the packet inside it
     * @return whether it meant something to the flow
     */
    boolean errorFromTarget(IpPacket error, IpPacket quoted, Packet packet);
}
