package io.culvert.flow;

import io.culvert.wire.TcpHeader;

/**
 * A TCP connection's state as its packets show it to someone between the two ends (RFC 9293 section
 * 3.3.2 is each end's own view). {@link Flow} holds it and knows what is acknowledged.
 *
 * <pre>
 *   state            entered by                      may live on        left by
 *   NEW              the flow's opening              transitory timer   the first segment
 *   SYN_SENT         the initiator's SYN             transitory timer   the target's SYN, RST
 *   SYN_RECEIVED     the target's SYN, with an ACK
 *                    or, where both open at once
 *                    (RFC 9293 figure 8), without    transitory timer   the ACK of the second SYN to be
 *                                                                       acknowledged, a FIN, RST
 *   PICKED_UP        a first segment other than SYN  transitory timer   the target's segment, a FIN, RST
 *   ESTABLISHED      the ACK that ends the
 *                    handshake; both sides' segments
 *                    where its beginning was missed  established timer  a FIN, RST
 *   INITIATOR_CLOSED the initiator's FIN             transitory timer   the target's FIN, RST
 *   TARGET_CLOSED    the target's FIN                transitory timer   the initiator's FIN, RST
 *   BOTH_CLOSED      the second FIN                  transitory timer   the last ACK, RST
 *   CLOSED           the ACK of whichever FIN was
 *                    acknowledged last               transitory timer   RST
 *   RESET            a RST from either side          transitory timer   -
 * </pre>
 *
 * <p>The last two are over, and what comes then belongs to what was: RFC 7857 section 2.2 keeps a
 * forwarded flow for as long as the transitory timer, because a RST or the last ACK may get lost
 * behind us. An upgraded one goes when its sockets have gone. A SYN begins another flow.
 *
 * <p>Whether a segment is one that its receiver believes is not judged here. Of forwarded flows the
 * {@link TcpTracker} says; of upgraded ones the kernel's socket, and a flow ends when its sockets
 * have.
 */
public enum TcpState {
    NEW,
    SYN_SENT,
    SYN_RECEIVED,
    PICKED_UP,
    ESTABLISHED,
    INITIATOR_CLOSED,
    TARGET_CLOSED,
    BOTH_CLOSED,
    CLOSED,
    RESET;

    /** Whether the connection is over for both ends. */
    public boolean isOver() {
        return this == CLOSED || this == RESET;
    }

    /** Whether the established timer applies, and not the transitory one. */
    public boolean isEstablished() {
        return this == ESTABLISHED;
    }

    /** Whether a SYN belongs to the handshake and is no stranger. */
    boolean isOpening() {
        return this == NEW || this == SYN_SENT || this == SYN_RECEIVED;
    }

    /** Whether that side's FIN has been seen, and its end can still be asked after. */
    boolean hasClosed(Direction side) {
        return this == BOTH_CLOSED
                || this == (side == Direction.FROM_INITIATOR ? INITIATOR_CLOSED : TARGET_CLOSED);
    }

    /** Whether that side has sent a SYN or FIN whose acknowledgment counts. */
    boolean awaitsAcknowledgmentOf(Direction side) {
        return this == SYN_RECEIVED
                || (this == SYN_SENT && side == Direction.FROM_INITIATOR)
                || hasClosed(side);
    }

    /**
     * The state after a segment.
     *
     * @param flags the eight control bits, RFC 9293 section 3.1
     * @param acknowledged whether the last SYN or FIN of each side is, by this segment or before
     */
    TcpState after(Direction from, int flags, boolean acknowledged) {
        if ((flags & TcpHeader.RST) != 0) {
            return RESET;
        }
        boolean initiator = from == Direction.FROM_INITIATOR;
        boolean fin = (flags & TcpHeader.FIN) != 0;
        boolean syn = (flags & TcpHeader.SYN) != 0;
        return switch (this) {
            case NEW -> {
                if (fin) {
                    yield closedBy(from);
                }
                yield syn ? SYN_SENT : PICKED_UP;
            }
            case SYN_SENT -> !initiator && syn ? SYN_RECEIVED : this;
            case SYN_RECEIVED -> {
                if (fin) {
                    // RFC 9293 section 3.10.4: CLOSE is allowed in SYN-RECEIVED.
                    yield closedBy(from);
                }
                yield acknowledged ? ESTABLISHED : this;
            }
            case PICKED_UP -> {
                if (fin) {
                    yield closedBy(from);
                }
                yield initiator ? this : ESTABLISHED;
            }
            case ESTABLISHED -> fin ? closedBy(from) : this;
            case INITIATOR_CLOSED -> !initiator && fin ? BOTH_CLOSED : this;
            case TARGET_CLOSED -> initiator && fin ? BOTH_CLOSED : this;
            case BOTH_CLOSED -> acknowledged ? CLOSED : this;
            case CLOSED, RESET -> this;
        };
    }

    private static TcpState closedBy(Direction side) {
        return side == Direction.FROM_INITIATOR ? INITIATOR_CLOSED : TARGET_CLOSED;
    }
}
