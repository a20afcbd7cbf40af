package io.culvert.flow;

import static io.culvert.flow.TcpVerdict.ACCEPT;
import static io.culvert.flow.TcpVerdict.BAD_ACKNOWLEDGMENT;
import static io.culvert.flow.TcpVerdict.BAD_RESET;
import static io.culvert.flow.TcpVerdict.INVALID_FLAGS;
import static io.culvert.flow.TcpVerdict.NO_CONNECTION;
import static io.culvert.flow.TcpVerdict.OUT_OF_WINDOW;
import static io.culvert.flow.TcpVerdict.PASS;
import static io.culvert.flow.TcpVerdict.RESTART;

import io.culvert.wire.TcpHeader;

/**
 * Judges each segment of a forwarded TCP connection as someone between its two ends can.
 *
 * <p><b>Theory of operation.</b> The goal is that a segment which its receiver would discard
 * neither gets there nor moves the flow's state, and that no segment which its receiver could want
 * is ever lost here: RFC 5382 REQ-2 asks for all valid sequences. Upgraded flows need none of this,
 * their judge is the kernel's socket.
 *
 * <p>As everything passes here, of each side is known how far it has sent, how far its peer's
 * windows allow it to, its highest acknowledgment number and its largest window ({@link TcpSide}).
 * An honest segment keeps within bounds that follow from these (G. van Rooij, "Real Stateful TCP
 * Packet Filtering in IP Filter"; RFC 9293 section 3.10.7.4; RFC 5961 section 5.2):
 *
 * <pre>
 *   sequence number  at most    what the receiver allows, with a byte for the probe of a closed window
 *   its end          at least   the sender's furthest byte less the receiver's largest window
 *   acknowledgment   at most    the receiver's furthest byte; for the edges of SACK blocks too
 *   acknowledgment   at least   the sender's highest one less its largest window, or less 66,000
 * </pre>
 *
 * Only where a segment begins is bound, so that it may be as long as offloads make it, and
 * keep-alives, probes and retransmissions are within. What lies below the second bound has been
 * acknowledged already: it is passed on, because its sender may have missed that and needs to be
 * told again.
 *
 * <pre>
 *   state        from       segment                             verdict
 *   any          either     none of SYN, RST, ACK; two or more
 *                           of SYN, RST, FIN                    INVALID_FLAGS
 *   NEW          initiator  SYN                                 ACCEPT
 *                initiator  neither SYN nor RST                 ACCEPT if mid-stream, or NO_CONNECTION
 *                either     anything else                       NO_CONNECTION
 *   SYN_SENT     initiator  SYN, even if its number is another  ACCEPT
 *                initiator  RST of the number after the SYN     ACCEPT
 *                initiator  another RST                         PASS: to a challenge, see below
 *                initiator  anything else                       BAD_ACKNOWLEDGMENT
 *                target     SYN; SYN+ACK that acknowledges
 *                           the SYN                             ACCEPT
 *                target     another SYN+ACK                     BAD_ACKNOWLEDGMENT
 *                target     RST+ACK that acknowledges the SYN   ACCEPT (RFC 9293 section 3.5.2)
 *                target     another RST                         BAD_RESET
 *                target     ACK                                 PASS: a challenge
 *   SYN_RECEIVED target     SYN+ACK that acknowledges the SYN,
 *                           even if its number is another       ACCEPT
 *                target     SYN+ACK of anything else            BAD_ACKNOWLEDGMENT
 *                initiator  SYN+ACK                             by the bounds
 *   it and later target     SYN+ACK that answers a SYN which
 *                           was passed                          RESTART
 *                target     RST+ACK that answers one            ACCEPT
 *                either     SYN, another SYN+ACK                PASS (RFC 5961 section 4.2)
 *                either     RST of the expected number          ACCEPT (RFC 5961 section 3.2)
 *                either     RST in the window                   PASS (RFC 5961 section 3.2)
 *                either     another RST                         BAD_RESET
 *                either     anything else, by the bounds        ACCEPT, OUT_OF_WINDOW,
 *                                                               BAD_ACKNOWLEDGMENT;
 *                                                               PASS where all is acknowledged
 * </pre>
 *
 * <p>The number that a receiver expects is the highest it has acknowledged. The number after the
 * sender's furthest byte counts as well: a RST that follows on the heels of data comes before the
 * acknowledgment of that data.
 *
 * <p>A side that lost its state opens anew with a SYN, which its peer answers with an
 * acknowledgment of the old connection, which is answered with a RST (RFC 9293 section 3.5.1). The
 * connection is then seen to be reset here too, or it was forgotten and these three pass while it
 * is in SYN_SENT. Where the peer has lost its state as well it answers the SYN with a SYN+ACK; so
 * the number of the SYN that was passed is kept. Only who can send as both sides could feign that.
 * A SYN after the end is the owner's affair, {@link Flow#isReopenedBy}.
 *
 * <p>A connection whose beginning was not seen has windows of 2^30 and bounds as wide.
 *
 * <p>With both sides 96 bytes, for there may be a million. A segment is judged whole: the header of
 * a first fragment does not tell how far it reaches.
 *
 * <p>Threading: belongs to the flow's worker.
 */
public final class TcpTracker {
    private static final int OPENING = TcpHeader.SYN | TcpHeader.RST | TcpHeader.ACK;

    private final TcpSide initiator = new TcpSide();
    private final TcpSide target = new TcpSide();
    private final boolean midStream;

    /** Of the initiator's SYN. */
    private int initialNumber;

    private boolean pickedUp;

    // The initiator's SYN of another connection, if one was passed, and what acknowledges it.
    private boolean otherSyn;
    private byte otherScale;
    private int otherAcknowledgment;

    /**
     * @param midStream whether a connection may be tracked whose beginning was not seen
     */
    public TcpTracker(boolean midStream) {
        this.midStream = midStream;
    }

    /** Whether anything of that side's own has been seen. */
    public boolean isKnown(Direction side) {
        return side(side).isKnown();
    }

    /** The sequence number behind all that the side has sent and that was passed on. */
    public int next(Direction side) {
        return side(side).end();
    }

    private TcpSide side(Direction side) {
        return side == Direction.FROM_INITIATOR ? initiator : target;
    }

    /**
     * Whether this can be the first segment of a connection to a tracker; others are refused before
     * there is one.
     */
    public static boolean opens(TcpHeader tcp, boolean midStream) {
        int flags = tcp.flags();
        if (!isHonest(flags)) return false;
        return isOpening(flags) || (midStream && (flags & (TcpHeader.SYN | TcpHeader.RST)) == 0);
    }

    /** Whether an ICMP error may quote that segment: RFC 5927 section 4.1. */
    public boolean quotes(Direction of, int sequenceNumber) {
        return of == Direction.FROM_INITIATOR
                ? initiator.isUnderWay(sequenceNumber, target)
                : target.isUnderWay(sequenceNumber, initiator);
    }

    /**
     * Whether a side has sent the same data three times again and its peer nothing at all since:
     * one of them is gone, and the flow need not wait as long as an idle one.
     */
    public boolean isUnanswered() {
        return initiator.isUnanswered() || target.isUnanswered();
    }

    /** Judges a segment, and learns from it what it shows where it is accepted. */
    TcpVerdict judge(TcpState state, Direction from, TcpHeader tcp) {
        int flags = tcp.flags();
        if (!isHonest(flags)) return INVALID_FLAGS;
        boolean initiates = from == Direction.FROM_INITIATOR;
        return switch (state) {
            case NEW -> initiates ? first(tcp) : NO_CONNECTION;
            case SYN_SENT -> initiates ? beforeAnswer(tcp) : answer(tcp);
            default -> {
                TcpSide sender = initiates ? initiator : target;
                TcpSide receiver = initiates ? target : initiator;
                boolean known = initiator.isKnown() && target.isKnown();
                // Otherwise the initiator has reset what was never answered.
                if ((flags & TcpHeader.RST) != 0) {
                    yield known ? reset(sender, receiver, tcp) : PASS;
                }
                if ((flags & TcpHeader.SYN) == 0) {
                    yield known ? segment(sender, receiver, tcp) : NO_CONNECTION;
                }
                yield initiates ? anotherSyn(state, tcp) : anotherAnswer(state, tcp);
            }
        };
    }

    /** Whether a SYN, where the connection is over, is more than a late copy of its own. */
    boolean isOtherSyn(TcpHeader syn) {
        return pickedUp || syn.sequenceNumber() != initialNumber;
    }

    /** RFC 9293 section 3.10.7.4: without ACK a segment is a SYN, a RST, or discarded. */
    private static boolean isHonest(int flags) {
        return switch (flags & (TcpHeader.SYN | TcpHeader.RST | TcpHeader.FIN)) {
            case TcpHeader.SYN, TcpHeader.RST -> true;
            case 0, TcpHeader.FIN -> (flags & TcpHeader.ACK) != 0;
            default -> false;
        };
    }

    static boolean isOpening(int flags) {
        return (flags & OPENING) == TcpHeader.SYN;
    }

    private TcpVerdict first(TcpHeader tcp) {
        if (!opens(tcp, midStream)) return NO_CONNECTION;
        if (tcp.syn()) return synchronize(tcp);
        int number = tcp.sequenceNumber();
        int acknowledgment = tcp.acknowledgmentNumber();
        pickedUp = true;
        initiator.pickUp(endOf(tcp), acknowledgment);
        target.pickUp(acknowledgment, number);
        return ACCEPT;
    }

    /** The initiator's SYN. */
    private TcpVerdict synchronize(TcpHeader syn) {
        initialNumber = syn.sequenceNumber();
        initiator.synchronize(syn, target);
        return ACCEPT;
    }

    /** SYN_SENT, from the initiator. */
    private TcpVerdict beforeAnswer(TcpHeader tcp) {
        if (tcp.rst()) return tcp.sequenceNumber() == initiator.end() ? ACCEPT : PASS;
        if (!isOpening(tcp.flags())) return BAD_ACKNOWLEDGMENT;
        if (isOtherSyn(tcp)) return synchronize(tcp);
        initiator.synchronizeAgain(tcp);
        return ACCEPT;
    }

    /** SYN_SENT, from the target. */
    private TcpVerdict answer(TcpHeader tcp) {
        if (tcp.rst()) return acknowledgesSyn(tcp) ? ACCEPT : BAD_RESET;
        if (!tcp.syn()) return PASS;
        if (tcp.ack()) return synchronizeTarget(tcp);
        // RFC 9293 section 3.5, figure 8: both open at once.
        target.synchronize(tcp, initiator);
        return ACCEPT;
    }

    private TcpVerdict synchronizeTarget(TcpHeader tcp) {
        if (!acknowledgesSyn(tcp)) return BAD_ACKNOWLEDGMENT;
        target.synchronize(tcp, initiator);
        target.acknowledges(tcp.acknowledgmentNumber(), tcp.window(), initiator);
        return ACCEPT;
    }

    /** Whether the SYN and no more than its data is acknowledged. */
    private boolean acknowledgesSyn(TcpHeader tcp) {
        int number = tcp.acknowledgmentNumber();
        return tcp.ack()
                && TcpSide.isAfter(number, initialNumber)
                && !TcpSide.isAfter(number, initiator.end());
    }

    /** A SYN or SYN+ACK of the initiator's once there was an answer. */
    private TcpVerdict anotherSyn(TcpState state, TcpHeader tcp) {
        if (tcp.ack()) {
            return state == TcpState.SYN_RECEIVED ? segment(initiator, target, tcp) : PASS;
        }
        if (isOtherSyn(tcp)) {
            otherSyn = true;
            otherAcknowledgment = endOf(tcp);
            otherScale = (byte) tcp.windowScale();
        }
        return PASS;
    }

    /** A SYN or SYN+ACK of the target's once there was one. */
    private TcpVerdict anotherAnswer(TcpState state, TcpHeader tcp) {
        if (answersOtherSyn(tcp)) {
            initialNumber = otherAcknowledgment - 1;
            otherSyn = false;
            pickedUp = false;
            initiator.restart(otherAcknowledgment, otherScale, target);
            synchronizeTarget(tcp);
            return RESTART;
        }
        if (state != TcpState.SYN_RECEIVED || !tcp.ack()) return PASS;
        boolean same = tcp.sequenceNumber() == initiator.acknowledged();
        return same ? segment(target, initiator, tcp) : synchronizeTarget(tcp);
    }

    private boolean answersOtherSyn(TcpHeader tcp) {
        return otherSyn && tcp.ack() && tcp.acknowledgmentNumber() == otherAcknowledgment;
    }

    private TcpVerdict reset(TcpSide sender, TcpSide receiver, TcpHeader tcp) {
        int number = tcp.sequenceNumber();
        if (sender.isExact(number, receiver)) return ACCEPT;
        if (sender == target && answersOtherSyn(tcp)) return ACCEPT;
        return sender.mayReset(number, receiver) ? PASS : BAD_RESET;
    }

    private TcpVerdict segment(TcpSide sender, TcpSide receiver, TcpHeader tcp) {
        int number = tcp.sequenceNumber();
        int end = endOf(tcp);
        int acknowledgment = tcp.acknowledgmentNumber();
        int furthest = receiver.sackPermitted() ? tcp.furthestAcknowledgment() : acknowledgment;
        // What was sent before the connection was picked up can only be guessed.
        int sent = pickedUp ? receiver.rightEdge() : receiver.end();
        if (!sender.mayBegin(number)) return OUT_OF_WINDOW;
        if (TcpSide.isAfter(furthest, sent)) return BAD_ACKNOWLEDGMENT;
        if (!sender.mayAcknowledge(acknowledgment)) return BAD_ACKNOWLEDGMENT;
        if (sender.isOld(end, receiver)) return PASS;

        sender.sends(number, end, receiver);
        sender.acknowledges(acknowledgment, sender.windowOf(tcp, receiver), receiver);
        return ACCEPT;
    }

    /** RFC 9293 section 3.4: SYN and FIN count as one each. */
    static int endOf(TcpHeader tcp) {
        int flags = tcp.flags();
        int syn = (flags & TcpHeader.SYN) != 0 ? 1 : 0;
        int fin = (flags & TcpHeader.FIN) != 0 ? 1 : 0;
        return tcp.sequenceNumber() + syn + tcp.payloadLength() + fin;
    }
}
