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
 *   RELAYING   packets are translated; a {@link Joint} has the kernel's socket and the target's
 *     | the joint is over
 *   CLOSING    the sockets are closed, and the kernel may still have segments to exchange; over when all ends know
 * </pre>
 *
 * <p>Of a handler that answers first the target is dialed when it asks for it, if it does, and the
 * flow begins with HANDSHAKE. How the target is reached is {@link TargetSide}'s affair.
 *
 * <p>Confined to the worker that owns the flow.
 */
final class UpgradedTcp implements DowngradedPath, TcpPath, Targets.Outcome {
    private enum State {
        DIALING,
        HANDSHAKE,
        RELAYING,
        CLOSING
    }

    private final TcpUpgrader upgrader;
    private final Flow flow;
    private final TcpLeg initiator;
    private final TargetSide target;
    private final UpgradedSockets sockets;

    private State state = State.DIALING;

    /** Null once it has been let in. */
    private HeldSyn syn;

    private boolean initiatorReset;
    private Reason ending = Reason.HANDSHAKE_TIMEOUT;

    /**
     * @param ramp where the initiator is
     */
    UpgradedTcp(
            TcpUpgrader upgrader,
            Flow flow,
            HeldSyn syn,
            PacketDevice ramp,
            TargetSide target,
            UpgradedSockets sockets) {
        this.upgrader = upgrader;
        this.flow = flow;
        this.syn = syn;
        this.target = target;
        this.sockets = sockets;
        initiator = new TcpLeg(upgrader, flow, ramp, TcpLeg.ofInitiator(flow.key()));
    }

    /** Goes towards the target, or lets the initiator in where that comes first. */
    void open() {
        if (sockets.areAnsweredFirst()) {
            letIn();
        } else {
            target.dial(this);
        }
    }

    @Override
    public String state() {
        // Asked by other threads too, for whom the joint may be there late or gone already.
        return switch (state) {
            case DIALING -> "dialing";
            case HANDSHAKE -> "handshake";
            case RELAYING -> sockets.state("relaying");
            case CLOSING -> "closing";
        };
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
        return sockets.areBusy();
    }

    /** Whether the kernel's socket is closed, or was reset a moment ago. */
    private boolean isGone() {
        return state == State.CLOSING || (state == State.RELAYING && sockets.areBroken());
    }

    private boolean whileDialing(TcpHeader tcp, Packet packet) {
        if (tcp.rst()) {
            upgrader.table().close(flow, Reason.RESET_BY_INITIATOR);
        } else if (tcp.syn()) {
            syn.replace(packet);
        }
        syn.absorb(packet);
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
            target.packets().out(ip, packet, isBusy());
            closeIfOver(Reason.RESET_BY_TARGET);
        }
    }

    private boolean isOfTarget(int slot) {
        DowngradedTcp packets = target.packets();
        return packets != null && packets.has(slot);
    }

    private void toInitiator(IpPacket ip, Packet packet) {
        int packets = ip.packetsOf(packet.segmentSize());
        boolean socket = target.packets() == null;
        // A reset is never sent again; what a target in a tunnel sends was asked for as it came in.
        if (socket && !ip.tcp().rst() && upgrader.withholds(flow, packets, packet.length())) {
            return;
        }
        if (socket) {
            // All that we see of the target.
            flow.count(Direction.FROM_TARGET, packets, packet.length(), upgrader.now());
        }
        track(Direction.FROM_TARGET, ip.tcp());
        initiator.out(ip, packet, packets, isBusy());
        closeIfOver(Reason.RESET_BY_TARGET);
    }

    @Override
    public boolean fromTarget(IpPacket ip, Packet packet) {
        DowngradedTcp downgraded = target.packets();
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
        return target.packets() == null || target.packets().isOver();
    }

    @Override
    public boolean error(IpPacket error, IpPacket quoted, Packet packet) {
        return initiator.hasSlot() && initiator.errorIn(error, quoted, packet);
    }

    @Override
    public boolean errorFromTarget(IpPacket error, IpPacket quoted, Packet packet) {
        return target.packets() != null && target.packets().errorIn(error, quoted, packet);
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
            target.packets().errorOut(error, quoted, packet);
        }
    }

    @Override
    public void connected(int socket, Poller.Watch watch) {
        sockets.target(socket, watch);
        letIn();
    }

    @Override
    public void failed(Reason reason) {
        syn.refuse(upgrader, reason, reason, initiator.ramp());
        upgrader.table().close(flow, reason);
    }

    /** Lets the SYN in that was held. */
    private void letIn() {
        if (!initiator.claim()) {
            syn.lost(Reason.SLOTS_EXHAUSTED);
            upgrader.table().close(flow, Reason.SLOTS_EXHAUSTED);
            return;
        }
        initiator.join(SlotAddresses.LISTENER_PORT);
        state = State.HANDSHAKE;
        HeldSyn held = syn;
        syn = null;
        upgrader.replay(held.packet(), this);
    }

    /** The SYN that was held, as it was. */
    void begin(IpPacket ip, Packet packet) {
        track(Direction.FROM_INITIATOR, ip.tcp());
        boolean unused = initiator.in(ip, packet, false);
    }

    /** The handshake is done and the listener has the initiator's socket. */
    boolean accepted(int socket) {
        if (state != State.HANDSHAKE) {
            return false;
        }
        state = State.RELAYING;
        upgrader.table().keepUntilClosed(flow);
        sockets.join(socket, flow, target, this::done);
        return true;
    }

    private void done(Joint over, Reason reason) {
        flow.relayFigures(upgrader.lastLook().figures(over));
        state = State.CLOSING;
        ending = reason;
        DowngradedTcp downgraded = target.packets();
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
        return upgrader.lastLook().isGone(socket)
                && (!bothClosed || upgrader.lastLook().hasFailed(socket));
    }

    /**
     * The process may open no more files: the listener's connection is turned away. The flow ends
     * with its reset, which has yet to come out of the namespace.
     */
    void turnedAway() {
        if (state == State.HANDSHAKE) {
            state = State.CLOSING;
            ending = Reason.DESCRIPTORS_EXHAUSTED;
            sockets.resetTarget();
        }
    }

    /** The flow ends with the reset that then comes out of the namespace. */
    @Override
    public void reset(Reason reason) {
        sockets.abort(reason);
    }

    @Override
    public void cut(Reason reason) {
        if (state == State.DIALING) {
            syn.refuse(upgrader, Reason.DIAL_UNREACHABLE, reason, initiator.ramp());
            upgrader.table().close(flow, reason);
        } else {
            reset(reason);
        }
    }

    @Override
    public Reason ending() {
        return ending;
    }

    @Override
    public boolean usesAny(Set<PacketDevice> devices) {
        return devices.contains(initiator.ramp())
                || (target.tunnel() != null && devices.contains(target.tunnel()));
    }

    @Override
    public void release() {
        state = State.CLOSING;
        initiator.forgetHeld();
        sockets.release(flow.closeReason());
        flow.tenant().releaseSlot();
        initiator.release();
        target.release();
    }
}
