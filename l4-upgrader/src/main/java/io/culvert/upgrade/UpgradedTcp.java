package io.culvert.upgrade;

import io.culvert.flow.Direction;
import io.culvert.flow.Flow;
import io.culvert.flow.TcpState;
import io.culvert.hook.Reason;
import io.culvert.nat.SlotAddresses;
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
 *   CLOSING    the sockets are closed, and the kernel may still have segments to exchange; over when all ends know
 * </pre>
 *
 * <p>The target's socket is one of the host's, or one inside the namespace whose packets leave by a
 * tunnel ({@link DowngradedTcp}); nothing else differs.
 *
 * <p>Confined to the worker that owns the flow.
 */
final class UpgradedTcp implements DowngradedPath, Dialer.Outcome, Splicer.Done {
    private enum State {
        DIALING,
        HANDSHAKE,
        RELAYING,
        CLOSING
    }

    private static final int NONE = -1;

    private final TcpUpgrader upgrader;
    private final Flow flow;
    private final TcpLeg initiator;

    /** Null where the target's socket is one of the host's. */
    private final DowngradedTcp downgraded;

    private State state = State.DIALING;
    private HeldPacket syn;

    /** Packets that count as carried while it is not known yet whether they are. */
    private int heldPackets;

    private Dialer.Dial dial;
    private int target = NONE;
    private Poller.Watch targetWatch;
    private Splice splice;
    private boolean initiatorReset;
    private Reason ending = Reason.HANDSHAKE_TIMEOUT;

    /**
     * @param ramp where the initiator is
     * @param tunnel where the target is; {@code null} for a target of the host's
     */
    UpgradedTcp(
            TcpUpgrader upgrader,
            Flow flow,
            Packet syn,
            int heldPackets,
            PacketDevice ramp,
            PacketDevice tunnel) {
        this.upgrader = upgrader;
        this.flow = flow;
        this.syn = new HeldPacket(syn);
        this.heldPackets = heldPackets;
        upgrader.counters().carried(heldPackets);
        initiator = new TcpLeg(upgrader, flow, ramp, TcpUpgrader.ofInitiator(flow.key()));
        downgraded = tunnel == null ? null : new DowngradedTcp(upgrader, flow, tunnel);
    }

    /** Connects to a target of the host's; the outcome may come at once. */
    void dial(SocketOffRamp.Target to, int trafficClass) {
        dial =
                upgrader.dialer()
                        .dial(to.high(), to.low(), to.port(), trafficClass, upgrader.now(), this);
    }

    /** Connects to the target behind the tunnel; the outcome may come at once. */
    void dialIntoTunnel(int trafficClass) {
        if (downgraded.claim()) {
            dial = downgraded.dial(trafficClass, this);
        } else {
            noSlot();
        }
    }

    private void noSlot() {
        upgrader.counters().lost(Reason.SLOTS_EXHAUSTED, heldPackets);
        upgrader.table().close(flow, Reason.SLOTS_EXHAUSTED);
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
        if (isOpening(tcp) && isGone()) {
            // The initiator uses its port again: a connection of its own, RFC 9293 section 3.6.1.
            upgrader.table().close(flow, ending);
            return false;
        }
        int packets = packet.packets();
        track(Direction.FROM_INITIATOR, tcp);
        count(initiator.in(ip, packet, isBusy()), packets);
        closeIfOver(Reason.RESET_BY_INITIATOR);
        return true;
    }

    private void count(boolean taken, int packets) {
        if (taken) {
            upgrader.counters().carried(packets);
        } else {
            upgrader.counters().dropped(Reason.DEVICE_ERROR, packets);
        }
    }

    private static boolean isOpening(TcpHeader tcp) {
        return tcp.syn() && !tcp.ack();
    }

    private boolean isBusy() {
        return splice != null && splice.isBusy();
    }

    /** Whether the kernel's socket is closed, or was reset a moment ago. */
    private boolean isGone() {
        return state == State.CLOSING || (state == State.RELAYING && splice.isBroken());
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
                            from == Direction.FROM_TARGET
                                    || initiator.isInWindow(tcp.sequenceNumber());
                    case DIALING -> true;
                };
        if (believed || !tcp.rst()) {
            upgrader.table().segment(flow, from, tcp);
        }
    }

    /**
     * A packet of the kernel's, out of the namespace.
     *
     * @param slot whom it is for
     */
    void reply(int slot, IpPacket ip, Packet packet) {
        if (initiator.has(slot)) {
            toInitiator(ip, packet);
        } else if (isOfTarget(slot)) {
            downgraded.out(ip, packet, isBusy());
            closeIfOver(Reason.RESET_BY_TARGET);
        }
    }

    private boolean isOfTarget(int slot) {
        return downgraded != null && downgraded.has(slot);
    }

    private void toInitiator(IpPacket ip, Packet packet) {
        int packets = ip.packetsOf(packet.segmentSize());
        if (downgraded == null) {
            // All that we see of the target.
            flow.count(Direction.FROM_TARGET, packets, packet.length(), upgrader.now());
        }
        track(Direction.FROM_TARGET, ip.tcp());
        initiator.out(ip, packet, packets, isBusy());
        closeIfOver(Reason.RESET_BY_TARGET);
    }

    @Override
    public boolean fromTarget(IpPacket ip, Packet packet) {
        if (downgraded == null) {
            upgrader.counters().dropped(Reason.NO_FLOW, packet.packets());
            return true;
        }
        boolean closed = state == State.CLOSING;
        if (closed && isOpening(ip.tcp())) {
            // The target turns to the initiator: a connection of its own.
            upgrader.table().close(flow, ending);
            return false;
        }
        int packets = packet.packets();
        count(downgraded.in(ip, packet, isBusy(), closed), packets);
        closeIfOver(Reason.RESET_BY_TARGET);
        return true;
    }

    /**
     * The sockets decide when a relayed flow is over; packets decide before there is one, and after
     * there was.
     */
    private void closeIfOver(Reason reset) {
        if (isInitiatorOver()) {
            if (state == State.HANDSHAKE) {
                upgrader.table().close(flow, reset);
            } else if (state == State.CLOSING && isTargetOver()) {
                upgrader.table().close(flow, ending);
            }
        }
    }

    private boolean isInitiatorOver() {
        return initiatorReset || flow.tcpState().isOver();
    }

    /** Whether nothing that passes can matter to the target any more. */
    private boolean isTargetOver() {
        return downgraded == null || downgraded.isOver();
    }

    @Override
    public boolean error(IpPacket error, IpPacket quoted, Packet packet) {
        return initiator.hasSlot() && initiator.errorIn(error, quoted, packet);
    }

    @Override
    public boolean errorFromTarget(IpPacket error, IpPacket quoted, Packet packet) {
        return downgraded != null && downgraded.errorIn(error, quoted, packet);
    }

    /**
     * An ICMP error of the kernel's, out of the namespace.
     *
     * @param slot whom it is for
     */
    void errorReply(int slot, IpPacket error, IpPacket quoted, Packet packet) {
        if (initiator.has(slot)) {
            initiator.errorOut(error, quoted, packet);
        } else if (isOfTarget(slot)) {
            downgraded.errorOut(error, quoted, packet);
        }
    }

    @Override
    public void connected(int socket, Poller.Watch watch) {
        dial = null;
        target = socket;
        targetWatch = watch;
        if (!initiator.claim()) {
            noSlot();
            return;
        }
        // Early data or an error of the target waits in the socket, and the splice looks there
        // first.
        watch.ready(events -> {});
        initiator.join(SlotAddresses.LISTENER_PORT);
        state = State.HANDSHAKE;
        HeldPacket held = syn;
        syn = null;
        upgrader.replay(held, this);
    }

    /** Lets the SYN in that was held. */
    void begin(IpPacket ip, Packet packet) {
        track(Direction.FROM_INITIATOR, ip.tcp());
        boolean unused = initiator.in(ip, packet, false);
    }

    @Override
    public void failed(int errno) {
        dial = null;
        if (downgraded != null) {
            downgraded.over();
        }
        Reason reason = Answers.reasonOf(errno);
        refuse(reason, reason);
        upgrader.table().close(flow, reason);
    }

    /** Tells the initiator that its SYN goes nowhere. */
    private void refuse(Reason told, Reason counted) {
        if (upgrader.answer(syn, told, initiator.ramp())) {
            upgrader.counters().refused(heldPackets);
        } else {
            upgrader.counters().lost(counted, heldPackets);
        }
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
        if (downgraded != null
                && (reason == Reason.RESET_BY_TARGET
                        || wasReset(over.target(), downgraded.bothClosed()))) {
            downgraded.over();
        }
        boolean reset = reason == Reason.RESET_BY_INITIATOR;
        initiatorReset =
                reset || wasReset(over.initiator(), flow.tcpState() == TcpState.BOTH_CLOSED);
        // Bytes of an initiator that has gone may still be on their way to the target.
        if (isInitiatorOver() && (reset || isTargetOver())) {
            upgrader.table().close(flow, reason);
        } else {
            upgrader.table().expireSoon(flow);
        }
    }

    /**
     * Of a reset that came just before, the splice may not know. A connection that both sides have
     * closed is gone too, but its last acknowledgment may not have come out of the namespace yet.
     */
    private boolean wasReset(int socket, boolean bothClosed) {
        return upgrader.isGone(socket) && (!bothClosed || upgrader.hasFailed(socket));
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

    /** The flow may not go on: whoever is there is told what can be told. */
    void cut(Reason reason) {
        if (dial != null) {
            refuse(Reason.DIAL_UNREACHABLE, reason);
            upgrader.table().close(flow, reason);
        } else {
            reset(reason);
        }
    }

    /** What to call the flow's end when its time is over. */
    Reason ending() {
        return ending;
    }

    @Override
    public boolean usesAny(Set<PacketDevice> devices) {
        return devices.contains(initiator.ramp())
                || (downgraded != null && downgraded.usesAny(devices));
    }

    @Override
    public void release() {
        state = State.CLOSING;
        initiator.forgetHeld();
        if (dial != null) {
            dial.cancel();
        }
        if (splice != null) {
            splice.abort(flow.closeReason());
        }
        resetTarget();
        flow.tenant().releaseSlot();
        initiator.release();
        if (downgraded != null) {
            downgraded.release();
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
