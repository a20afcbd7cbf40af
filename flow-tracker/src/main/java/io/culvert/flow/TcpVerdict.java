package io.culvert.flow;

import io.culvert.hook.Reason;

/** What a {@link TcpTracker} says of a segment; the table of cases is there. */
public enum TcpVerdict {
    /** Honest as far as can be seen: it is passed on and counts. */
    ACCEPT(null),

    /** Passed on, because its receiver knows better what to do with it; it moves nothing here. */
    PASS(null),

    /**
     * It answers the SYN of another connection, which had only been passed: that connection has
     * taken the place of the one before. Passed on.
     */
    RESTART(null),

    /** It begins no connection that may be tracked. */
    NO_CONNECTION(Reason.NO_FLOW),

    /** No honest segment has these control bits. */
    INVALID_FLAGS(Reason.TCP_INVALID_FLAGS),

    /** It begins beyond what its receiver allows. */
    OUT_OF_WINDOW(Reason.TCP_OUT_OF_WINDOW),

    /** It acknowledges what was never sent, or what was acknowledged long ago. */
    BAD_ACKNOWLEDGMENT(Reason.TCP_BAD_ACKNOWLEDGMENT),

    /** A reset that its receiver would not even answer. */
    BAD_RESET(Reason.TCP_BAD_RESET);

    private final Reason reason;

    TcpVerdict(Reason reason) {
        this.reason = reason;
    }

    /** Why the segment is dropped; {@code null} where it is passed on. */
    public Reason reason() {
        return reason;
    }

    public boolean isPassed() {
        return reason == null;
    }
}
