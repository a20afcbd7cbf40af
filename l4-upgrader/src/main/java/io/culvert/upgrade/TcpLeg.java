package io.culvert.upgrade;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.nat.Endpoints;
import io.culvert.nat.IcmpErrorTranslation;
import io.culvert.nat.Translation;
import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;
import io.culvert.wire.IpPacket;
import io.culvert.wire.TcpHeader;

/**
 * One side of a TCP flow that is packets outside and a socket of the kernel's inside the
 * {@linkplain UpgradeNamespace namespace}: the slot that stands there for the peer, and what
 * translates the packets of both.
 *
 * <pre>
 *   peer --- its address : its port --> slot's address : slot's port --- kernel's address : port
 *            inward translates both ends -->         <-- outward does
 * </pre>
 *
 * <p>Confined to the worker that owns the flow.
 */
final class TcpLeg {
    private static final int NONE = -1;

    /** No smaller than what the namespace's receive buffers allow. */
    private static final int LARGEST_WINDOW = 64 * 1024 * 1024;

    private final TcpUpgrader upgrader;
    private final Flow flow;
    private final PacketDevice ramp;
    private final Endpoints ofPeer;
    private final boolean ipv6;

    private int slot = NONE;
    private Translation inward;
    private Translation outward;
    private HeldAcknowledgment heldInward;
    private HeldAcknowledgment heldOutward;
    private int acknowledged;

    /**
     * @param ramp where the peer is
     * @param ofPeer what the peer's packets carry
     */
    TcpLeg(TcpUpgrader upgrader, Flow flow, PacketDevice ramp, Endpoints ofPeer) {
        this.upgrader = upgrader;
        this.flow = flow;
        this.ramp = ramp;
        this.ofPeer = ofPeer;
        ipv6 = flow.key().isIpv6();
    }

    /** What the packets of a flow's initiator carry. */
    static Endpoints ofInitiator(FlowKey key) {
        return new Endpoints(
                key.sourceHigh(),
                key.sourceLow(),
                key.sourcePort(),
                key.destinationHigh(),
                key.destinationLow(),
                key.destinationPort());
    }

    /** Where the peer is. */
    PacketDevice ramp() {
        return ramp;
    }

    /** Whether that slot stands for the peer. */
    boolean has(int number) {
        return slot == number;
    }

    /** Whether any does. */
    boolean hasSlot() {
        return slot != NONE;
    }

    /** Takes a slot; false where none is free. */
    boolean claim() {
        slot = upgrader.slots().claim(flow, upgrader.now());
        return slot != NONE;
    }

    /** The slot's number. */
    int slot() {
        return slot;
    }

    /** The port of the kernel's end is known: packets can pass. */
    void join(int kernelPort) {
        Endpoints inside = upgrader.slotFlows().inside(ipv6, slot, kernelPort);
        inward = new Translation(ofPeer, inside);
        outward = new Translation(inside.reversed(), ofPeer.reversed());
    }

    boolean isJoined() {
        return inward != null;
    }

    /**
     * Lets a packet of the peer's in.
     *
     * @param busy whether so much passes that an acknowledgment may wait for the next
     * @return whether the namespace took it, or will
     */
    boolean in(IpPacket ip, Packet packet, boolean busy) {
        TcpHeader tcp = ip.tcp();
        if (busy && mayBeHeld(tcp, packet)) {
            int number = tcp.acknowledgmentNumber();
            inward.apply(ip, packet.checksumPartial());
            holdInward(packet, number);
            return true;
        }
        send(heldInward);
        if (tcp.syn()) {
            limitSegmentSize(tcp, packet);
        }
        inward.apply(ip, packet.checksumPartial());
        return upgrader.intoNamespace(packet);
    }

    /** Sends the peer a packet of the kernel's. */
    void out(IpPacket ip, Packet packet, int packets, boolean busy) {
        TcpHeader tcp = ip.tcp();
        if (tcp.syn()) {
            limitSegmentSize(tcp, packet);
        }
        if (tcp.ack()) {
            acknowledged = tcp.acknowledgmentNumber();
        }
        boolean hold = busy && mayBeHeld(tcp, packet);
        outward.apply(ip, packet.checksumPartial());
        if (hold) {
            holdOutward(packet, acknowledged);
            return;
        }
        send(heldOutward);
        upgrader.send(packet, packets, ramp);
    }

    /** Whether the kernel may take what the peer sends with that number. */
    boolean isInWindow(int sequenceNumber) {
        int ahead = sequenceNumber - acknowledged;
        return ahead >= 0 && ahead < LARGEST_WINDOW;
    }

    /**
     * Segments must fit the peer's tunnel in both directions, and the namespace's device knows
     * nothing of its MTU.
     */
    private void limitSegmentSize(TcpHeader tcp, Packet packet) {
        tcp.limitSegmentSize(ramp.mtu(), ipv6, packet.checksumPartial());
    }

    /**
     * Lets an ICMP error in that came from the peer's side. What it quotes is one of the kernel's
     * packets, and the kernel knows both ends by the names they have in the namespace.
     *
     * @return whether the namespace took it
     */
    boolean errorIn(IpPacket error, IpPacket quoted, Packet packet) {
        Endpoints to = inward.to();
        IcmpErrorTranslation.apply(error, quoted, to, to.reversed());
        return upgrader.intoNamespace(packet);
    }

    /** Sends the peer an ICMP error of the kernel's about one of its packets. */
    void errorOut(IpPacket error, IpPacket quoted, Packet packet) {
        Endpoints to = outward.to();
        IcmpErrorTranslation.apply(error, quoted, to, to.reversed());
        upgrader.send(packet, 1, ramp);
    }

    private static boolean mayBeHeld(TcpHeader tcp, Packet packet) {
        return packet.length() <= HeldAcknowledgment.LONGEST && tcp.isPlainAcknowledgment();
    }

    private void holdInward(Packet packet, int number) {
        if (heldInward == null) {
            heldInward = upgrader.holdInward();
        }
        heldInward.hold(packet, number);
    }

    private void holdOutward(Packet packet, int number) {
        if (heldOutward == null) {
            heldOutward = upgrader.holdOutward(ramp);
        }
        heldOutward.hold(packet, number);
    }

    private static void send(HeldAcknowledgment held) {
        if (held != null) {
            held.send();
        }
    }

    /** What waits need not be sent any more. */
    void forgetHeld() {
        forget(heldInward);
        forget(heldOutward);
    }

    private static void forget(HeldAcknowledgment held) {
        if (held != null) {
            held.forget();
        }
    }

    /** Gives the slot back, if there is one. */
    void release() {
        if (slot != NONE) {
            upgrader.slots().release(slot, upgrader.now());
            slot = NONE;
        }
    }
}
