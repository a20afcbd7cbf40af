package io.culvert.gateway.telemetry;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowListener;
import io.culvert.flow.Tenant;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.wire.IpProtocol;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.util.List;

/**
 * How many flows have opened, been refused and closed, and what the closed ones carried.
 *
 * <p>Threading: each worker counts in cells of its own; anyone reads, a moment late.
 */
final class FlowTotals implements FlowListener {
    /** How protocols are told apart; the last one is every other. */
    static final List<String> PROTOCOLS = List.of("tcp", "udp", "icmp", "icmpv6", "other");

    /** What becomes of a flow that opens. */
    static final List<String> ACTIONS = List.of("forward", "upgrade");

    private static final VarHandle CELL = MethodHandles.arrayElementVarHandle(long[].class);
    private static final int REASONS = Reason.values().length;
    private static final int OPENED = 0;
    private static final int CLOSED = OPENED + PROTOCOLS.size() * ACTIONS.size();
    private static final int REFUSED = CLOSED + REASONS;
    private static final int PACKETS_UP = REFUSED + REASONS;
    private static final int BYTES_UP = PACKETS_UP + 1;
    private static final int PACKETS_DOWN = BYTES_UP + 1;
    private static final int BYTES_DOWN = PACKETS_DOWN + 1;
    private static final int CELLS = BYTES_DOWN + 1;

    // Beyond a cache line's neighbours, so that workers do not take lines from each other.
    private static final int GAP = 16;

    private final long[][] cells;

    FlowTotals(int workers) {
        cells = new long[workers][CELLS + GAP];
    }

    /**
     * What flows have carried, of IP packets and their lengths.
     *
     * @param packetsUp from initiators
     * @param packetsDown from targets
     */
    record Carried(long packetsUp, long bytesUp, long packetsDown, long bytesDown) {
        Carried plus(Flow flow) {
            return new Carried(
                    packetsUp + flow.initiatorPackets(),
                    bytesUp + flow.initiatorBytes(),
                    packetsDown + flow.targetPackets(),
                    bytesDown + flow.targetBytes());
        }
    }

    @Override
    public void opened(Flow flow) {
        int action = flow.decision() instanceof FlowDecision.Upgrade ? 1 : 0;
        int protocol = protocol(flow.key().protocol());
        add(flow.worker(), OPENED + protocol * ACTIONS.size() + action, 1);
    }

    @Override
    public void refused(FlowKey key, Tenant tenant, int worker, String decidedBy, Reason reason) {
        add(worker, REFUSED + reason.ordinal(), 1);
    }

    @Override
    public void closed(Flow flow, Reason reason) {
        int worker = flow.worker();
        add(worker, PACKETS_UP, flow.initiatorPackets());
        add(worker, BYTES_UP, flow.initiatorBytes());
        add(worker, PACKETS_DOWN, flow.targetPackets());
        add(worker, BYTES_DOWN, flow.targetBytes());
        add(worker, CLOSED + reason.ordinal(), 1);
    }

    long opened(int protocol, int action) {
        return sum(OPENED + protocol * ACTIONS.size() + action);
    }

    long closed(Reason reason) {
        return sum(CLOSED + reason.ordinal());
    }

    long refused(Reason reason) {
        return sum(REFUSED + reason.ordinal());
    }

    /** By flows that have ended. */
    Carried carried() {
        return new Carried(sum(PACKETS_UP), sum(BYTES_UP), sum(PACKETS_DOWN), sum(BYTES_DOWN));
    }

    private static int protocol(int number) {
        return switch (number) {
            case IpProtocol.TCP -> 0;
            case IpProtocol.UDP -> 1;
            case IpProtocol.ICMP -> 2;
            case IpProtocol.ICMPV6 -> 3;
            default -> 4;
        };
    }

    private void add(int worker, int cell, long number) {
        long[] own = cells[worker];
        CELL.setOpaque(own, cell, own[cell] + number);
    }

    private long sum(int cell) {
        long sum = 0;
        for (long[] own : cells) {
            sum += (long) CELL.getOpaque(own, cell);
        }
        return sum;
    }
}
