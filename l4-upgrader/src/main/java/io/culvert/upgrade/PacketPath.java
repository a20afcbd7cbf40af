package io.culvert.upgrade;

import io.culvert.tun.Packet;
import io.culvert.wire.IpPacket;

/**
 * The path of a flow whose packets come from an on-ramp. Called on the worker that owns the flow.
 */
public interface PacketPath extends RampPath {
    /**
     * Takes a packet of the initiator, counted already.
     *
     * @param ip the packet, wrapped
     * @param packet the same with what the device said of it; may be rewritten in place
     * @return whether the flow took it; if not, the flow is over and the packet is the first of
     *     another
     */
    boolean packet(IpPacket ip, Packet packet);

    /**
     * Takes an ICMP error, come from the initiator's side, about a packet that the flow sent there.
     *
     * @param quoted the packet inside it
     * @return whether it meant something to the flow
     */
    boolean error(IpPacket error, IpPacket quoted, Packet packet);
}
