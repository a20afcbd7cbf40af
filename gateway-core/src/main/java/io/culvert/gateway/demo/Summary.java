package io.culvert.gateway.demo;

import io.culvert.gateway.control.GatewayStatus;
import io.culvert.hook.Reason;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.LockSupport;

/**
 * What the scenes have left behind: every packet accounted for, and nothing held any more.
 *
 * <p>Immutable.
 */
record Summary(
        int good,
        int scenes,
        long nanos,
        long opened,
        GatewayStatus status,
        Holdings start,
        Holdings end) {
    private static final long GLANCE_NANOS = 20_000_000L;

    /** Waits, not for long, until what the scenes held is given back. */
    static Summary of(Stage stage, int good, int scenes, long nanos, Holdings start)
            throws IOException {
        long deadline = System.nanoTime() + Patience.RETURN.toNanos();
        Holdings end = Holdings.of(stage.gateway());
        while (!end.isBackAt(start) && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(GLANCE_NANOS);
            end = Holdings.of(stage.gateway());
        }
        return new Summary(
                good,
                scenes,
                nanos,
                stage.board().openedCount(),
                GatewayStatus.of(stage.gateway()),
                start,
                end);
    }

    boolean isGood() {
        return good == scenes && isAccountedFor() && end.isBackAt(start);
    }

    private boolean isAccountedFor() {
        return status.received()
                == status.carried() + status.answered() + dropped() + status.held();
    }

    private long dropped() {
        return status.dropped().values().stream().mapToLong(Long::longValue).sum();
    }

    List<String> lines() {
        List<String> lines = new ArrayList<>();
        lines.add(
                line("scenes", good + " of " + scenes + " as expected, in " + Amounts.time(nanos)));
        lines.add(
                line(
                        "packets",
                        Amounts.count(status.received())
                                + " received from clients "
                                + (isAccountedFor() ? "= " : "BUT ")
                                + Amounts.count(status.carried())
                                + " carried + "
                                + Amounts.count(status.answered())
                                + " answered + "
                                + Amounts.count(dropped())
                                + " dropped"));
        lines.add(line("", Amounts.count(status.returned()) + " returned to clients"));
        for (Map.Entry<String, Long> dropped : status.dropped().entrySet()) {
            lines.add(
                    line(
                            "dropped",
                            Amounts.count(dropped.getValue())
                                    + " "
                                    + dropped.getKey()
                                    + ": "
                                    + Reason.valueOf(dropped.getKey()).meaning()));
        }
        lines.add(
                line(
                        "flows",
                        Amounts.count(opened) + " opened, " + back(start.flows(), end.flows())));
        lines.add(line("slots", back(start.slots(), end.slots())));
        lines.add(line("sockets", back(start.sockets(), end.sockets())));
        lines.add(
                line(
                        "descriptors",
                        back(start.descriptors(), end.descriptors())
                                + "; "
                                + end.pipes()
                                + " pipes kept for the next connections"));
        return lines;
    }

    private static String back(long before, long after) {
        return after == before
                ? after + " at the end as at the start"
                : after + " at the end, BUT " + before + " at the start";
    }

    private static String line(String what, String text) {
        return String.format("  %-12s %s", what, text);
    }
}
