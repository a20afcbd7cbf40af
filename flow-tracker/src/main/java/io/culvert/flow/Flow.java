package io.culvert.flow;

import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.wire.IpProtocol;
import io.culvert.wire.TcpHeader;

/**
 * A conversation of two sides, the initiator and the target, of one tenant, with what was decided
 * about it and how much has passed. Every piece of per-flow state that outlives a packet is here or
 * in its {@link FlowPath}.
 *
 * <p>Threading: written by the worker that owns it; other threads may read and see values a moment
 * old.
 */
public final class Flow {
    private final FlowKey key;
    private final Tenant tenant;
    private final long id;
    private final int worker;
    private final long openedAtNanos;
    private FlowDecision decision;

    private FlowPath path;
    private FlowCompanion companion;
    private FlowContent content;
    private TcpState tcpState = TcpState.NEW;
    private TcpTracker tracker;
    private RelayFigures relayFigures;
    private Throttle throttle;

    // The acknowledgment number that each side's SYN asks for, then that of its FIN.
    private int initiatorEnd;
    private int targetEnd;
    private boolean initiatorEndAcknowledged;
    private boolean targetEndAcknowledged;

    private boolean ending;
    private boolean closed;
    private Reason closeReason;
    private long lastSeenNanos;
    private long renewAtNanos;
    private long initiatorPackets;
    private long initiatorBytes;
    private long targetPackets;
    private long targetBytes;

    // Its place in its worker's list, while it is in it.
    private UnassuredFlows.Place unassured;

    Flow(FlowKey key, Tenant tenant, long id, int worker, FlowDecision decision, long nowNanos) {
        this.key = key;
        this.tenant = tenant;
        this.id = id;
        this.worker = worker;
        this.decision = decision;
        this.openedAtNanos = nowNanos;
        this.lastSeenNanos = nowNanos;
    }

    public FlowKey key() {
        return key;
    }

    public Tenant tenant() {
        return tenant;
    }

    /** Unique within the process, in order of opening. */
    public long id() {
        return id;
    }

    /** The worker that owns the flow. */
    public int worker() {
        return worker;
    }

    public FlowDecision decision() {
        return decision;
    }

    /**
     * Replaces what was decided, now that it is known what the flow says; the owner's to call. Its
     * path stays.
     */
    public void decision(FlowDecision later) {
        decision = later;
    }

    public FlowPath path() {
        return path;
    }

    /** Says where packets go from now on; the owner's to call. */
    public void path(FlowPath path) {
        this.path = path;
    }

    /** What the flow said first; {@code null} where nobody has asked, or not yet. */
    public FlowContent content() {
        return content;
    }

    /** Says what the flow said first; the owner's to call. */
    public void content(FlowContent said) {
        content = said;
    }

    /** What goes with the flow and hears of its end; {@code null} for most flows. */
    public FlowCompanion companion() {
        return companion;
    }

    /** Gives the flow a companion; the owner's to call, before the flow gets its path. */
    public void companion(FlowCompanion companion) {
        this.companion = companion;
    }

    /** The state of a TCP flow; {@link TcpState#NEW} for every other protocol. */
    public TcpState tcpState() {
        return tcpState;
    }

    /** The judge of a forwarded TCP flow's segments; {@code null} for every other flow. */
    public TcpTracker tracker() {
        return tracker;
    }

    /** From its first segment on a forwarded TCP flow is judged; the owner's to call. */
    public void tracker(TcpTracker tracker) {
        this.tracker = tracker;
    }

    /**
     * Whether a segment of a tracked flow begins another connection between the same ports: RFC
     * 9293 section 3.6.1, RFC 6191. The owner closes this flow then and opens another, of which the
     * segment's sender is the initiator.
     */
    public boolean isReopenedBy(TcpHeader tcp) {
        if (!tcpState.isOver() || !TcpTracker.isOpening(tcp.flags())) {
            return false;
        }
        // A reset may be lost behind us, and the SYN that it answered be repeated.
        return tcpState == TcpState.RESET || tracker.isOtherSyn(tcp);
    }

    /**
     * Counts packets from that side, {@code bytes} in all of their IP lengths. A packet refreshes
     * the flow's timer: RFC 4787 REQ-6.
     */
    public void count(Direction from, int packets, int bytes, long nowNanos) {
        lastSeenNanos = nowNanos;
        if (from == Direction.FROM_INITIATOR) {
            initiatorPackets += packets;
            initiatorBytes += bytes;
        } else {
            targetPackets += packets;
            targetBytes += bytes;
            if (unassured != null && key.protocol() != IpProtocol.TCP) {
                forgetUnassured();
            }
        }
    }

    /**
     * Judges a segment of a tracked flow and moves its state along where it counts; {@link
     * FlowTable#judge} is what its owner calls.
     */
    TcpVerdict judge(Direction from, TcpHeader tcp) {
        TcpVerdict verdict = tracker.judge(tcpState, from, tcp);
        if (verdict == TcpVerdict.RESTART) {
            restart(tcp.acknowledgmentNumber());
        }
        if (verdict == TcpVerdict.ACCEPT || verdict == TcpVerdict.RESTART) {
            segment(from, tcp);
        }
        return verdict;
    }

    /**
     * It begins with a connection that stands; {@link FlowTable#accepted} is what its owner calls.
     */
    void accepted() {
        tcpState = TcpState.ESTABLISHED;
        forgetUnassured();
    }

    /** Takes the flow back to where the initiator's SYN awaits this acknowledgment. */
    private void restart(int acknowledgmentNumber) {
        tcpState = TcpState.SYN_SENT;
        initiatorEnd = acknowledgmentNumber;
        initiatorEndAcknowledged = false;
        targetEndAcknowledged = false;
    }

    /**
     * Moves a TCP flow's state along by a segment that is believed; {@link FlowTable#segment} is
     * what its owner calls.
     *
     * @return whether another time-out applies from now on
     */
    boolean segment(Direction from, TcpHeader tcp) {
        TcpState before = tcpState;
        int flags = tcp.flags();
        if (before == TcpState.ESTABLISHED && (flags & (TcpHeader.FIN | TcpHeader.RST)) == 0) {
            return false;
        }
        Direction peer = from.opposite();
        if ((flags & TcpHeader.ACK) != 0 && before.awaitsAcknowledgmentOf(peer)) {
            acknowledged(peer, tcp.acknowledgmentNumber());
        }
        if ((flags & TcpHeader.SYN) != 0 && before.isOpening()) {
            ends(from, tcp.sequenceNumber() + 1);
        }
        if ((flags & TcpHeader.FIN) != 0 && !before.hasClosed(from)) {
            ends(from, TcpTracker.endOf(tcp));
        }
        tcpState = before.after(from, flags, initiatorEndAcknowledged && targetEndAcknowledged);
        if (unassured != null) {
            opened(before);
        }
        return before.isEstablished() != tcpState.isEstablished();
    }

    private void opened(TcpState before) {
        if (tcpState.isEstablished()) {
            if (before == TcpState.SYN_RECEIVED) {
                // RFC 9293 section 3.5: its initiator has seen what the target sent it.
                unassured.proveSource();
            }
            forgetUnassured();
        } else if (tcpState.isOver()) {
            unassured.notHalfOpen();
        }
    }

    /** That side's SYN or FIN asks for this number; a repeated one asks for nothing new. */
    private void ends(Direction side, int acknowledgmentNumber) {
        if (side == Direction.FROM_INITIATOR) {
            initiatorEndAcknowledged &= initiatorEnd == acknowledgmentNumber;
            initiatorEnd = acknowledgmentNumber;
        } else {
            targetEndAcknowledged &= targetEnd == acknowledgmentNumber;
            targetEnd = acknowledgmentNumber;
        }
    }

    private void acknowledged(Direction side, int acknowledgmentNumber) {
        // RFC 9293 section 3.4: sequence numbers compare modulo 2^32.
        if (side == Direction.FROM_INITIATOR) {
            initiatorEndAcknowledged |= acknowledgmentNumber - initiatorEnd >= 0;
        } else {
            targetEndAcknowledged |= acknowledgmentNumber - targetEnd >= 0;
        }
    }

    /** Whether the time-out of an idle connection applies, the longest there is. */
    boolean isEstablished() {
        return tcpState.isEstablished() && !ending && !isUnanswered();
    }

    /** Whether data is sent again and again in vain. */
    boolean isUnanswered() {
        return tracker != null && tracker.isUnanswered();
    }

    /**
     * What a relayed TCP flow's sockets said at its end; {@code null} for other flows and before.
     */
    public RelayFigures relayFigures() {
        return relayFigures;
    }

    public void relayFigures(RelayFigures figures) {
        relayFigures = figures;
    }

    /** What lets its packets pass or not; {@code null} for all of them. */
    public Throttle throttle() {
        return throttle;
    }

    /**
     * From now on that one stops packets, too; it is told when the flow ends. The owner's to call.
     */
    public void throttle(Throttle more) {
        throttle = Throttle.of(throttle, more);
    }

    /** Why the flow ended; {@code null} while it lives. */
    public Reason closeReason() {
        return closeReason;
    }

    /**
     * Whether nothing but its last segments is awaited, so that the transitory time-out applies
     * whatever its state.
     */
    boolean isEnding() {
        return ending;
    }

    void ending() {
        ending = true;
    }

    public boolean isClosed() {
        return closed;
    }

    /** Something of it has passed that is in no packet; the owner's to call. */
    public void seen(long nowNanos) {
        lastSeenNanos = nowNanos;
    }

    /** Whether the target has answered yet. */
    public boolean isReplied() {
        return targetPackets > 0;
    }

    public long openedAtNanos() {
        return openedAtNanos;
    }

    public long lastSeenNanos() {
        return lastSeenNanos;
    }

    public long initiatorPackets() {
        return initiatorPackets;
    }

    /** Of its packets' IP lengths, or, where it has none, of what they would carry. */
    public long initiatorBytes() {
        return path == null ? initiatorBytes : initiatorBytes + path.bytesUp();
    }

    public long targetPackets() {
        return targetPackets;
    }

    /** See {@link #initiatorBytes}. */
    public long targetBytes() {
        return path == null ? targetBytes : targetBytes + path.bytesDown();
    }

    /** Where the flow is among those that nothing speaks for. */
    void unassured(UnassuredFlows.Place place) {
        unassured = place;
    }

    /** The flow is none of those any more. */
    void forgetUnassured() {
        if (unassured != null) {
            unassured.leave();
            unassured = null;
        }
    }

    long renewAtNanos() {
        return renewAtNanos;
    }

    void renewAtNanos(long nanos) {
        renewAtNanos = nanos;
    }

    void closed(Reason reason) {
        closed = true;
        closeReason = reason;
    }

    @Override
    public String toString() {
        return "flow " + id + " " + tenant + " " + key;
    }
}
