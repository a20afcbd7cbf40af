package io.culvert.upgrade;

import io.culvert.flow.Flow;
import io.culvert.nat.Endpoints;
import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;
import io.culvert.wire.IpPacket;
import io.culvert.wire.TcpHeader;

import java.util.Set;

/**
 * The target's side of an upgraded TCP flow that leaves as packets again: a socket inside the
 * {@linkplain UpgradeNamespace namespace} connects to a slot, and what the kernel sends there goes
 * into a tunnel, from the initiator's own address and port to the target's.
 *
 * <p>When the flow is over this may not be: of a connection that is cut the reset has yet to come
 * out of the namespace. So it keeps its slot until it has, or for a moment.
 *
 * <p>Confined to the worker that owns the flow.
 */
final class DowngradedTcp {
    private final TcpUpgrader upgrader;
    private final Flow flow;
    private final TcpLeg leg;
    private final TcpEnding ending = new TcpEnding();
    private boolean flowIsOver;

    /**
     * @param tunnel where the target is
     */
    DowngradedTcp(TcpUpgrader upgrader, Flow flow, PacketDevice tunnel) {
        this.upgrader = upgrader;
        this.flow = flow;
        Endpoints ofTarget = TcpLeg.ofInitiator(flow.key()).reversed();
        leg = new TcpLeg(upgrader, flow, tunnel, ofTarget);
    }

    /** Takes a slot to connect to; false where none is free. */
    boolean claim() {
        boolean claimed = leg.claim();
        if (claimed) {
            upgrader.downgrades(1);
        }
        return claimed;
    }

    /** Begins to connect; the outcome may come at once. */
    Dialer.Dial dial(int trafficClass, Dialer.Outcome outcome) {
        return upgrader.dialSlot(flow.key().isIpv6(), leg.slot(), trafficClass, outcome);
    }

    /** Whether the target is behind one of those. */
    boolean usesAny(Set<PacketDevice> devices) {
        return devices.contains(leg.ramp().underlying());
    }

    boolean has(int slot) {
        return leg.has(slot);
    }

    /**
     * Lets a packet of the target's in.
     *
     * @param socketIsClosed so that nobody but us knows what becomes of the connection
     * @return whether the namespace took it, or will
     */
    boolean in(IpPacket ip, Packet packet, boolean busy, boolean socketIsClosed) {
        if (!leg.isJoined()) {
            return false;
        }
        TcpHeader tcp = ip.tcp();
        ending.fromPeer(tcp);
        if (tcp.rst() && socketIsClosed && leg.isInWindow(tcp.sequenceNumber())) {
            ending.over();
        }
        return leg.in(ip, packet, busy);
    }

    /** Sends a packet of the kernel's into the tunnel. */
    void out(IpPacket ip, Packet packet, boolean busy) {
        if (!leg.isJoined()) {
            // The kernel chose it when it connected.
            leg.join(ip.sourcePort());
        }
        ending.fromKernel(ip.tcp());
        leg.out(ip, packet, ip.packetsOf(packet.segmentSize()), busy);
        if (flowIsOver && ending.isOver()) {
            end();
        }
    }

    /** An ICMP error about a packet that went into the tunnel. */
    boolean errorIn(IpPacket error, IpPacket quoted, Packet packet) {
        return leg.isJoined() && leg.errorIn(error, quoted, packet);
    }

    /** An ICMP error of the kernel's about a packet of the target's. */
    void errorOut(IpPacket error, IpPacket quoted, Packet packet) {
        if (leg.isJoined()) {
            leg.errorOut(error, quoted, packet);
        }
    }

    /** Nothing comes any more, whatever has passed. */
    void over() {
        ending.over();
    }

    /** Whether both ends know that the connection is over. */
    boolean isOver() {
        return ending.isOver();
    }

    /** Whether both have sent their last, acknowledged or not. */
    boolean bothClosed() {
        return ending.bothClosed();
    }

    /** The flow is over. */
    void release() {
        flowIsOver = true;
        leg.forgetHeld();
        if (ending.isOver() || !leg.isJoined()) {
            end();
        } else if (leg.hasSlot()) {
            upgrader.linger(this);
        }
    }

    /** Gives the slot back, whatever may still come; a second call does nothing. */
    void end() {
        if (leg.hasSlot()) {
            leg.release();
            upgrader.downgrades(-1);
        }
    }
}
