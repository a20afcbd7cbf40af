package io.culvert.flow;

import io.culvert.hook.Reason;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * What became of every packet that one worker received from on-ramps: {@code received = carried +
 * answered + dropped}, always, once the worker is at rest. A super-packet counts as the packets it
 * stands for. What targets send is counted beside that, as it leaves by an on-ramp: returned, or
 * withheld.
 *
 * <p>Threading: written by one worker; read, a moment late, by anyone.
 */
public final class PacketCounters {
    private static final VarHandle CELL = MethodHandles.arrayElementVarHandle(long[].class);
    private static final int RECEIVED = 0;
    private static final int CARRIED = 1;
    private static final int ANSWERED = 2;
    private static final int RETURNED = 3;
    private static final int FIRST_REASON = 4;

    private static final int REASONS = Reason.values().length;
    private static final int FIRST_WITHHELD = FIRST_REASON + REASONS;

    private final long[] cells = new long[FIRST_WITHHELD + REASONS];

    public void received(int packets) {
        add(RECEIVED, packets);
    }

    /** A flow took it. */
    public void carried(int packets) {
        add(CARRIED, packets);
    }

    /** It got a RST or an ICMP error for an answer and went nowhere. */
    public void answered(int packets) {
        add(ANSWERED, packets);
    }

    /** A packet of a target, or a made one of ours, went out by an on-ramp. */
    public void returned(int packets) {
        add(RETURNED, packets);
    }

    /** A packet of a target did not go out, because of a rate. */
    public void withheld(Reason reason, int packets) {
        add(FIRST_WITHHELD + reason.ordinal(), packets);
    }

    public void dropped(Reason reason, int packets) {
        add(FIRST_REASON + reason.ordinal(), packets);
    }

    /** Packets that counted as carried were lost after all. */
    public void lost(Reason reason, int packets) {
        add(CARRIED, -packets);
        dropped(reason, packets);
    }

    /** Packets that counted as carried went nowhere, and got an answer that says so. */
    public void refused(int packets) {
        add(CARRIED, -packets);
        answered(packets);
    }

    public long receivedCount() {
        return get(RECEIVED);
    }

    public long carriedCount() {
        return get(CARRIED);
    }

    public long answeredCount() {
        return get(ANSWERED);
    }

    public long returnedCount() {
        return get(RETURNED);
    }

    public long withheldCount(Reason reason) {
        return get(FIRST_WITHHELD + reason.ordinal());
    }

    public long droppedCount(Reason reason) {
        return get(FIRST_REASON + reason.ordinal());
    }

    /** Packets dropped, for whatever reason. */
    public long droppedCount() {
        long dropped = 0;
        for (Reason reason : Reason.values()) {
            dropped += droppedCount(reason);
        }
        return dropped;
    }

    private void add(int cell, int packets) {
        CELL.setOpaque(cells, cell, cells[cell] + packets);
    }

    private long get(int cell) {
        return (long) CELL.getOpaque(cells, cell);
    }
}
