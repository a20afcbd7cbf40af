package io.culvert.upgrade;

import io.culvert.flow.Flow;
import io.culvert.hook.Reason;
import io.culvert.linux.Fd;
import io.culvert.linux.Syscall;
import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;
import io.culvert.wire.IpPacket;

import java.util.Set;

/**
 * One initiator's echo requests to one target under one identifier: each is sent on by a socket of
 * the flow's own, and only what the target answers is answered.
 *
 * <p>Confined to the worker that owns the flow.
 */
final class UpgradedEcho implements PacketPath {
    private final EchoUpgrader upgrader;
    private final Flow flow;
    private final PacketDevice ramp;
    private final SocketOffRamp.Target target;
    private final Fd socket;
    private final Poller.Watch watch;
    private final int identifier;
    private boolean connected;
    private int hopLimit = -1;

    UpgradedEcho(
            EchoUpgrader upgrader,
            Poller poller,
            Flow flow,
            PacketDevice ramp,
            SocketOffRamp.Target target,
            Fd socket,
            int identifier) {
        this.upgrader = upgrader;
        this.flow = flow;
        this.ramp = ramp;
        this.target = target;
        this.socket = socket;
        this.identifier = identifier;
        watch = poller.watch(socket.number(), Poller.IN, events -> upgrader.ready(this, events));
    }

    Flow flow() {
        return flow;
    }

    PacketDevice ramp() {
        return ramp;
    }

    SocketOffRamp.Target target() {
        return target;
    }

    int socket() {
        return socket.number();
    }

    /** What requests carry where the kernel does not choose. */
    int identifier() {
        return identifier;
    }

    boolean isConnected() {
        return connected;
    }

    void connected() {
        connected = true;
    }

    /** The hop limit that the socket sends with; remembered to save a call for each request. */
    boolean changeHopLimit(int limit) {
        boolean change = limit != hopLimit;
        hopLimit = limit;
        return change;
    }

    @Override
    public String state() {
        return flow.isReplied() ? "replied" : "one-way";
    }

    @Override
    public boolean packet(IpPacket ip, Packet packet) {
        // We are the receiver: RFC 1122 section 3.2.2.6, RFC 4443 section 4.2 have a receiver
        // answer, and check, the message.
        if (!packet.checksumPartial() && !ip.transportChecksumValid()) {
            upgrader.counters().dropped(Reason.BAD_CHECKSUM, packet.packets());
        } else if (!ip.icmp().isEchoRequest()) {
            // Another query under the same identifier, which the socket cannot send.
            upgrader.counters().dropped(Reason.NO_FLOW, packet.packets());
        } else {
            upgrader.send(this, ip, packet.packets());
        }
        return true;
    }

    @Override
    public boolean error(IpPacket error, IpPacket quoted, Packet packet) {
        return true;
    }

    @Override
    public boolean usesAny(Set<PacketDevice> devices) {
        return devices.contains(ramp);
    }

    @Override
    public void release() {
        watch.cancel();
        Syscall.close(socket.release());
    }
}
