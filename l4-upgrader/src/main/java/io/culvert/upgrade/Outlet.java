package io.culvert.upgrade;

import io.culvert.flow.FlowKey;
import io.culvert.flow.Identifications;
import io.culvert.flow.PacketCounters;
import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;
import io.culvert.wire.Fragmenter;

/**
 * Where packets that we make in a target's name leave: whole, or cut to the on-ramp's MTU, since we
 * stand in for the target, their source (RFC 791 section 2.3, RFC 8200 section 4.5).
 *
 * <p>Confined to one worker.
 */
public final class Outlet implements Fragmenter.Sink {
    private final Identifications identifications;
    private final PacketCounters counters;
    private final Packet fragment = new Packet();

    private PacketDevice ramp;

    public Outlet(Identifications identifications, PacketCounters counters) {
        this.identifications = identifications;
        this.counters = counters;
    }

    /**
     * Sends a packet to a flow's initiator.
     *
     * @param packet with complete checksums where it is longer than the on-ramp's MTU
     */
    void send(Packet packet, FlowKey flow, PacketDevice ramp) {
        this.ramp = ramp;
        if (packet.length() <= ramp.mtu()) {
            count(ramp.send(packet));
            return;
        }
        int identification =
                identifications.next(
                        /* sourceHigh= */ flow.destinationHigh(),
                        /* sourceLow= */ flow.destinationLow(),
                        /* destinationHigh= */ flow.sourceHigh(),
                        /* destinationLow= */ flow.sourceLow(),
                        flow.protocol());
        int unused =
                Fragmenter.cut(
                        packet.bytes(),
                        Packet.OFFSET,
                        packet.length(),
                        ramp.mtu(),
                        identification,
                        fragment.bytes(),
                        Packet.OFFSET,
                        this);
    }

    @Override
    public void fragment(int length) {
        count(ramp.send(fragment.plain(length)));
    }

    private void count(PacketDevice.Sent sent) {
        if (sent == PacketDevice.Sent.TAKEN) {
            counters.returned(1);
        }
    }
}
