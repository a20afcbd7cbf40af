package io.culvert.gateway;

import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;

/** The end of something that no packet comes from or goes to, by which flows know it. */
final class Packetless implements PacketDevice {
    private static final int LONGEST = 65_535;

    @Override
    public int receive(PacketHandler handler, int budget) {
        return 0;
    }

    @Override
    public Sent send(Packet packet) {
        return Sent.DOWN;
    }

    @Override
    public int mtu() {
        return LONGEST;
    }

    @Override
    public int descriptor() {
        return -1;
    }

    @Override
    public void close() {}
}
