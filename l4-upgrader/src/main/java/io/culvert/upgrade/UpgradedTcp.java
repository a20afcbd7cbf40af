package io.culvert.upgrade;

import io.culvert.flow.Direction;
import io.culvert.flow.Flow;
import io.culvert.flow.TcpState;
import io.culvert.hook.Reason;
import io.culvert.nat.Endpoints;
import io.culvert.nat.IcmpErrorTranslation;
import io.culvert.nat.Translation;
import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;
import io.culvert.wire.IpPacket;
import io.culvert.wire.TcpHeader;

import java.util.Set;

/**
 * One TCP flow on its way through the upgrade namespace.
 *
 * <pre>
 *   DIALING    the initiator's SYN is held while we connect to the target; retransmissions are absorbed
 *     | connected: claim a slot, let the SYN into the namespace       | failed: RST or ICMP to the initiator, over
 *   HANDSHAKE  packets are translated; the kernel does the handshake with the initiator
 *     | accepted                                                      | reset, or no ACK in time: over
 *   RELAYING   packets are translated; the splicer joins the kernel's socket to the target's
 *     | the splice is over
 *   CLOSING    the sockets are closed, and the kernel may still have segments to exchange; over when both ends know
 * </pre>
 *
 * <p>Confined to the worker that owns the flow.
 */
final class UpgradedTcp implements PacketPath, Dialer.Outcome, Splicer.Done {
    private enum State {
        DIALING,
        HANDSHAKE,
        RELAYING,
        CLOSING
    }

    private static final int NONE = -1;

    /** No smaller than what the namespace's receive buffers allow. */
    private static final int LARGEST_WINDOW = 64 * 1024 * 1024;

    private final TcpUpgrader upgrader;
    private final Flow flow;
    private final PacketDevice ramp;
    private final boolean ipv6;

    private State state = State.DIALING;
    private HeldPacket syn;

    /** Packets that count as carried while it is not known yet whether they are. */
    private int heldPackets;

    private Dialer.Dial dial;
    private int target = NONE;
    private Poller.Watch targetWatch;
    private int slot = NONE;
    private Translation inward;
    private Translation outward;
    private Splice splice;
    private HeldAcknowledgment heldInward;
    private HeldAcknowledgment heldOutward;
    private int acknowledged;
    private Reason ending = Reason.HANDSHAKE_TIMEOUT;

    UpgradedTcp(TcpUpgrader upgrader, Flow flow, Packet syn, int heldPackets, PacketDevice ramp) {
        this.upgrader = upgrader;
        this.flow = flow;
        this.ramp = ramp;
        this.syn = new HeldPacket(syn);
        this.heldPackets = heldPackets;
        upgrader.counters().carried(heldPackets);
        ipv6 = flow.key().isIpv6();
    }

    /** The outcome may come at once. */
    void dial(SocketOffRamp.Target to, int trafficClass) {
        dial =
                upgrader.dialer()
                        .dial(to.high(), to.low(), to.port(), trafficClass, upgrader.now(), this);
    }

    Flow flow() {
        return flow;
    }

    PacketDevice ramp() {
        return ramp;
    }

    @Override
    public String state() {
        // Asked by other threads too, for whom the splice may be there late or gone already.
        return switch (state) {
            case DIALING -> "dialing";
            case HANDSHAKE -> "handshake";
            case RELAYING -> isHalfClosed(splice) ? "half-closed" : "relaying";
            case CLOSING -> "closing";
        };
    }

    /** Asked from any thread, where a relay may have only just begun or ended. */
    private static boolean isHalfClosed(Splice splice) {
        return splice != null && splice.isHalfClosed();
    }

    @Override
    public boolean packet(IpPacket ip, Packet packet) {
        TcpHeader tcp = ip.tcp();
        if (state == State.DIALING) {
            return whileDialing(tcp, packet);
        }
        boolean opens = tcp.syn() && !tcp.ack();
        if (opens && isGone()) {
            // The initiator uses its port again: a connection of its own, RFC 9293 section 3.6.1.
            upgrader.table().close(flow, ending);
            return false;
        }
        if (isBusy() && mayBeHeld(tcp, packet)) {
            int number = tcp.acknowledgmentNumber();
            track(Direction.FROM_INITIATOR, tcp);
            inward.apply(ip, packet.checksumPartial());
            holdInward(packet, number);
            upgrader.counters().carried(packet.packets());
            return true;
        }
        send(heldInward);
        int packets = packet.packets();
        if (intoNamespace(ip, packet)) {
            upgrader.counters().carried(packets);
        } else {
            upgrader.counters().dropped(Reason.DEVICE_ERROR, packets);
        }
        closeIfOver(Reason.RESET_BY_INITIATOR);
        return true;
    }

    private boolean isBusy() {
        return splice != null && splice.isBusy();
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

    private static void forget(HeldAcknowledgment held) {
        if (held != null) {
            held.forget();
        }
    }

    /** Whether the kernel's socket is closed, or was reset a moment ago. */
    private boolean isGone() {
        return state == State.CLOSING || (state == State.RELAYING && splice.isBroken());
    }

    /**
     * Translates a packet of the initiator's and lets it in; whether the namespace's device took
     * it.
     */
    boolean intoNamespace(IpPacket ip, Packet packet) {
        TcpHeader tcp = ip.tcp();
        if (tcp.syn()) {
            limitSegmentSize(tcp, packet);
        }
        track(Direction.FROM_INITIATOR, tcp);
        inward.apply(ip, packet.checksumPartial());
        return upgrader.intoNamespace(packet);
    }

    private boolean whileDialing(TcpHeader tcp, Packet packet) {
        int packets = packet.packets();
        if (tcp.rst()) {
            upgrader.table().close(flow, Reason.RESET_BY_INITIATOR);
        } else if (tcp.syn()) {
            syn = new HeldPacket(packet);
        }
        heldPackets += packets;
        upgrader.counters().carried(packets);
        return true;
    }

    /**
     * Moves the flow's TCP state along. While it is relayed a RST counts for nothing here: its
     * receiver may not believe it (RFC 5961 section 3.2), and if it does the socket says so. Before
     * there is a socket and once it is closed nobody says so, and an initiator's must at least be
     * in the window (RFC 9293 section 3.10.7.4): bytes of ours may still be on their way.
     */
    private void track(Direction from, TcpHeader tcp) {
        boolean believed =
                switch (state) {
                    case RELAYING -> false;
                    case HANDSHAKE, CLOSING ->
                            from == Direction.FROM_TARGET || isInWindow(tcp.sequenceNumber());
                    case DIALING -> true;
                };
        if (believed || !tcp.rst()) {
            upgrader.table().segment(flow, from, tcp);
        }
    }

    private boolean isInWindow(int sequenceNumber) {
        int ahead = sequenceNumber - acknowledged;
        return ahead >= 0 && ahead < LARGEST_WINDOW;
    }

    /** A reply of the kernel's, out of the namespace. */
    void reply(IpPacket ip, Packet packet) {
        TcpHeader tcp = ip.tcp();
        if (tcp.syn()) {
            limitSegmentSize(tcp, packet);
        }
        flow.count(
                Direction.FROM_TARGET,
                ip.packetsOf(packet.segmentSize()),
                packet.length(),
                upgrader.now());
        if (tcp.ack()) {
            acknowledged = tcp.acknowledgmentNumber();
        }
        track(Direction.FROM_TARGET, tcp);
        boolean hold = isBusy() && mayBeHeld(tcp, packet);
        int number = tcp.acknowledgmentNumber();
        outward.apply(ip, packet.checksumPartial());
        if (hold) {
            holdOutward(packet, number);
            return;
        }
        send(heldOutward);
        upgrader.toInitiator(packet, ip.packetsOf(packet.segmentSize()), ramp);
        closeIfOver(Reason.RESET_BY_TARGET);
    }

    /**
     * The sockets decide when a relayed flow is over; packets decide before there is one, and after
     * there was.
     */
    private void closeIfOver(Reason reset) {
        if (flow.tcpState().isOver()) {
            if (state == State.HANDSHAKE) {
                upgrader.table().close(flow, reset);
            } else if (state == State.CLOSING) {
                upgrader.table().close(flow, ending);
            }
        }
    }

    /**
     * Segments must fit the on-ramp in both directions, and the namespace's device knows nothing of
     * its MTU.
     */
    private void limitSegmentSize(TcpHeader tcp, Packet packet) {
        tcp.limitSegmentSize(ramp.mtu(), ipv6, packet.checksumPartial());
    }

    @Override
    public boolean error(IpPacket error, IpPacket quoted, Packet packet) {
        if (slot == NONE) {
            return false;
        }
        // The quoted packet is one of the kernel's, which knows both ends by the names they have in
        // the namespace.
        Endpoints inner = inward.to().reversed();
        IcmpErrorTranslation.apply(error, quoted, inward.to(), inner);
        return upgrader.intoNamespace(packet);
    }

    /** An ICMP error of the kernel's about one of the initiator's packets, out of the namespace. */
    void errorReply(IpPacket error, IpPacket quoted, Packet packet) {
        Endpoints inner = outward.to().reversed();
        IcmpErrorTranslation.apply(error, quoted, outward.to(), inner);
        upgrader.toInitiator(packet, 1, ramp);
    }

    @Override
    public void connected(int socket, Poller.Watch watch) {
        dial = null;
        target = socket;
        targetWatch = watch;
        slot = upgrader.slots().claim(flow, upgrader.now());
        if (slot == NONE) {
            upgrader.counters().lost(Reason.SLOTS_EXHAUSTED, heldPackets);
            upgrader.table().close(flow, Reason.SLOTS_EXHAUSTED);
            return;
        }
        // Early data or an error of the target waits in the socket, and the splice looks there
        // first.
        watch.ready(events -> {});
        inward = upgrader.inward(flow, slot);
        outward = upgrader.outward(flow, slot);
        state = State.HANDSHAKE;
        HeldPacket held = syn;
        syn = null;
        upgrader.replay(held, this);
    }

    @Override
    public void failed(int errno) {
        dial = null;
        Reason reason = Answers.reasonOf(errno);
        if (upgrader.answer(syn, reason, ramp)) {
            upgrader.counters().refused(heldPackets);
        } else {
            upgrader.counters().lost(reason, heldPackets);
        }
        upgrader.table().close(flow, reason);
    }

    /** The handshake is done and the listener has the initiator's socket. */
    boolean accepted(int socket) {
        if (state != State.HANDSHAKE) {
            return false;
        }
        state = State.RELAYING;
        upgrader.table().keepUntilClosed(flow);
        int to = target;
        target = NONE;
        Splice joined =
                upgrader.splicer().join(socket, null, to, targetWatch, upgrader.now(), this);
        if (state == State.RELAYING) {
            splice = joined;
        }
        return true;
    }

    @Override
    public void done(Splice over, Reason reason) {
        flow.relayFigures(upgrader.figures(over));
        splice = null;
        state = State.CLOSING;
        ending = reason;
        boolean reset = reason == Reason.RESET_BY_INITIATOR || wasReset(over.initiator());
        if (reset || flow.tcpState().isOver()) {
            upgrader.table().close(flow, reason);
        } else {
            upgrader.table().expireSoon(flow);
        }
    }

    /**
     * Of a reset that came just before, the splice may not know. A connection that both sides have
     * closed is gone too, but its last acknowledgment may not have come out of the namespace yet.
     */
    private boolean wasReset(int socket) {
        return upgrader.isGone(socket)
                && (flow.tcpState() != TcpState.BOTH_CLOSED || upgrader.hasFailed(socket));
    }

    /**
     * The process may open no more files: the listener's connection is turned away. The flow ends
     * with its reset, which has yet to come out of the namespace.
     */
    void turnedAway() {
        if (state == State.HANDSHAKE) {
            state = State.CLOSING;
            ending = Reason.DESCRIPTORS_EXHAUSTED;
            resetTarget();
        }
    }

    /** Cuts a relay: the flow ends with the reset that then comes out of the namespace. */
    void reset(Reason reason) {
        if (splice != null) {
            splice.abort(reason);
        }
    }

    /** What to call the flow's end when its time is over. */
    Reason ending() {
        return ending;
    }

    @Override
    public boolean usesAny(Set<PacketDevice> devices) {
        return devices.contains(ramp);
    }

    @Override
    public void release() {
        state = State.CLOSING;
        forget(heldInward);
        forget(heldOutward);
        if (dial != null) {
            dial.cancel();
        }
        if (splice != null) {
            splice.abort(flow.closeReason());
        }
        resetTarget();
        flow.tenant().releaseSlot();
        if (slot != NONE) {
            upgrader.slots().release(slot, upgrader.now());
            slot = NONE;
        }
    }

    private void resetTarget() {
        if (target != NONE) {
            targetWatch.cancel();
            upgrader.closeWithReset(target);
            target = NONE;
        }
    }
}
