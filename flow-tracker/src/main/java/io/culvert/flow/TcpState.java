package io.culvert.flow;

import io.culvert.wire.TcpHeader;

/**
 * A TCP connection's state as its packets show it to someone between the two ends (RFC 9293 section
 * 3.3.2 is each end's own view).
 *
 * <pre>
 *   state            entered by                      may live on        left by
 *   SYN_SENT         the initiator's SYN             transitory timer   the target's SYN+ACK, RST
 *   SYN_RECEIVED     the target's SYN+ACK            transitory timer   the initiator's ACK, a FIN, RST
 *   ESTABLISHED      the ACK that ends the handshake established timer  a FIN, RST
 *   INITIATOR_CLOSED the initiator's FIN             transitory timer   the target's FIN, RST
 *   TARGET_CLOSED    the target's FIN                transitory timer   the initiator's FIN, RST
 *   BOTH_CLOSED      the second FIN                  transitory timer   the last ACK, RST
 *   CLOSED           the ACK of whichever FIN was
 *                    acknowledged last               nothing            -
 *   RESET            a RST from either side          nothing            -
 * </pre>
 *
 * <p>Whether a RST is one that its receiver believes is not judged here: for upgraded flows the
 * kernel's socket says, and a flow ends when its sockets have.
 */
public enum TcpState {
    SYN_SENT,
    SYN_RECEIVED,
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

    /** Whether that side's FIN has been seen, and its end can still be asked after. */
    boolean hasClosed(Direction side) {
        return this == BOTH_CLOSED
                || this == (side == Direction.FROM_INITIATOR ? INITIATOR_CLOSED : TARGET_CLOSED);
    }

    /**
     * The state after a segment.
     *
     * @param flags the eight control bits, RFC 9293 section 3.1
     * @param finsAcknowledged whether every FIN seen has been acknowledged, this segment included
     */
    TcpState after(Direction from, int flags, boolean finsAcknowledged) {
        if ((flags & TcpHeader.RST) != 0) {
            return RESET;
        }
        boolean initiator = from == Direction.FROM_INITIATOR;
        boolean fin = (flags & TcpHeader.FIN) != 0;
        return switch (this) {
            case SYN_SENT -> !initiator && isSyn(flags) && isAck(flags) ? SYN_RECEIVED : this;
            case SYN_RECEIVED -> {
                if (fin) {
                    // RFC 9293 section 3.10.4: CLOSE is allowed in SYN-RECEIVED.
                    yield initiator ? INITIATOR_CLOSED : TARGET_CLOSED;
                }
                yield initiator && isAck(flags) && !isSyn(flags) ? ESTABLISHED : this;
            }
            case ESTABLISHED -> {
                if (!fin) {
                    yield this;
                }
                yield initiator ? INITIATOR_CLOSED : TARGET_CLOSED;
            }
            case INITIATOR_CLOSED -> !initiator && fin ? BOTH_CLOSED : this;
            case TARGET_CLOSED -> initiator && fin ? BOTH_CLOSED : this;
            case BOTH_CLOSED -> finsAcknowledged ? CLOSED : this;
            case CLOSED, RESET -> this;
        };
    }

    private static boolean isSyn(int flags) {
        return (flags & TcpHeader.SYN) != 0;
    }

    private static boolean isAck(int flags) {
        return (flags & TcpHeader.ACK) != 0;
    }
}
