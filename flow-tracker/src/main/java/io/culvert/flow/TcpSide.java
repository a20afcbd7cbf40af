package io.culvert.flow;

import io.culvert.wire.TcpHeader;

/**
 * What the segments of both show of one side of a TCP connection; a {@link TcpTracker} has two.
 * Sequence numbers compare modulo 2^32 (RFC 9293 section 3.4). 32 bytes.
 */
final class TcpSide {
    /** RFC 7323 section 2.3: a window is smaller than 2^30. */
    private static final int LARGEST_WINDOW = 1 << 30;

    /** By how much an acknowledgment may be late where no window was as large: one unscaled. */
    private static final int LATE = 66_000;

    /** Taken for the window of a SYN that was not kept; it is never scaled. */
    private static final int LARGEST_UNSCALED_WINDOW = 0xffff;

    private static final int LARGEST_SCALE = 14;
    private static final int UNSCALED = -1;
    private static final int UNANSWERED = 3;

    /** The number after the furthest byte that it has sent. */
    private int end;

    /** The furthest number that the peer's windows have allowed it. */
    private int rightEdge;

    /** Its highest acknowledgment number; before the first, the peer's first number. */
    private int acknowledged;

    /** The largest window it has offered, and no less than the byte that probes a closed one. */
    private int window;

    /** The shift count that its SYN offers. */
    private byte scale = UNSCALED;

    private boolean sackPermitted;

    /** How often, without an answer, it has sent the first byte again that is unacknowledged. */
    private byte repeats;

    /** Its SYN, the first or one that takes the place of it. */
    void synchronize(TcpHeader syn, TcpSide peer) {
        int number = syn.sequenceNumber();
        end = number + 1 + syn.payloadLength();
        rightEdge = later(end, number + 1 + peer.window);
        window = Math.max(1, syn.window());
        scale = (byte) syn.windowScale();
        sackPermitted = syn.sackPermitted();
        repeats = 0;
        peer.acknowledged = number;
    }

    /** The same SYN again, which some send without their options or without their data. */
    void synchronizeAgain(TcpHeader syn) {
        end = later(end, syn.sequenceNumber() + 1 + syn.payloadLength());
        rightEdge = later(end, rightEdge);
        window = Math.max(window, syn.window());
        scale = (byte) Math.max(scale, syn.windowScale());
        sackPermitted |= syn.sackPermitted();
    }

    /** A SYN of which only this is known has been acknowledged. */
    void restart(int acknowledgmentNumber, int scale, TcpSide peer) {
        end = acknowledgmentNumber;
        rightEdge = acknowledgmentNumber;
        window = LARGEST_UNSCALED_WINDOW;
        this.scale = (byte) scale;
        sackPermitted = true;
        repeats = 0;
        peer.acknowledged = acknowledgmentNumber - 1;
    }

    /** A connection whose beginning was not seen: everything is taken for as large as can be. */
    void pickUp(int end, int acknowledged) {
        this.end = end;
        this.acknowledged = acknowledged;
        rightEdge = end + LARGEST_WINDOW;
        window = LARGEST_WINDOW;
        scale = LARGEST_SCALE;
        sackPermitted = true;
    }

    int end() {
        return end;
    }

    int rightEdge() {
        return rightEdge;
    }

    int acknowledged() {
        return acknowledged;
    }

    /** Whether anything of its own has been seen: then it has offered a window, if of one byte. */
    boolean isKnown() {
        return window != 0;
    }

    boolean sackPermitted() {
        return sackPermitted;
    }

    boolean isUnanswered() {
        return repeats >= UNANSWERED;
    }

    /** Whether it may send from that number on. */
    boolean mayBegin(int number) {
        return !isAfter(number, rightEdge);
    }

    /** Whether all of that lies before what the peer could still want. */
    boolean isOld(int end, TcpSide peer) {
        // Both, as two of the largest windows are half of all numbers.
        return isAfter(this.end, end) && isAfter(this.end - peer.window, end);
    }

    /** RFC 5961 section 5.2: an acknowledgment may be late by the largest window. */
    boolean mayAcknowledge(int number) {
        return !isAfter(acknowledged, number)
                || !isAfter(acknowledged - Math.max(LATE, window), number);
    }

    /** Whether a reset of that number is in the window of the peer. */
    boolean mayReset(int number, TcpSide peer) {
        return !isAfter(peer.acknowledged, number) && mayBegin(number);
    }

    /** RFC 5961 section 3.2: whether it is the number that the peer expects next. */
    boolean isExact(int number, TcpSide peer) {
        return number == peer.acknowledged || number == end;
    }

    /** Whether the byte of that number is sent and not acknowledged. */
    boolean isUnderWay(int number, TcpSide peer) {
        return !isAfter(peer.acknowledged, number) && isAfter(end, number);
    }

    /** It sends those numbers, {@code to} excluded. */
    void sends(int from, int to, TcpSide peer) {
        peer.repeats = 0;
        if (from == peer.acknowledged && from != to && !isAfter(to, end)) {
            repeats = (byte) Math.min(UNANSWERED, repeats + 1);
        }
        end = later(end, to);
    }

    /** It acknowledges, and offers a window from there. */
    void acknowledges(int number, int window, TcpSide peer) {
        acknowledged = later(acknowledged, number);
        // RFC 9293 section 3.8.6.1: a closed window is probed with a byte.
        int size = Math.max(1, window);
        this.window = Math.max(this.window, size);
        peer.rightEdge = later(peer.rightEdge, number + size);
    }

    /** The window that this segment of its offers. */
    int windowOf(TcpHeader tcp, TcpSide peer) {
        // RFC 7323 section 2.2: scaled where both have offered to, and never in a SYN.
        boolean scaled = !tcp.syn() && scale != UNSCALED && peer.scale != UNSCALED;
        return scaled ? tcp.window() << scale : tcp.window();
    }

    static boolean isAfter(int number, int other) {
        return number - other > 0;
    }

    private static int later(int number, int other) {
        return isAfter(number, other) ? number : other;
    }
}
