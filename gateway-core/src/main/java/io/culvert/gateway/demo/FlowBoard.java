package io.culvert.gateway.demo;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowListener;
import io.culvert.gateway.Gateway;
import io.culvert.gateway.control.FlowView;
import io.culvert.hook.Reason;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Counts flows, and shows those that matter most at this moment: the live ones, newest first, and
 * below them those that have just ended.
 *
 * <p>Thread-safe.
 */
final class FlowBoard implements FlowListener {
    static final int ROWS = 5;

    private final AtomicLong opened = new AtomicLong();
    private final Deque<Ended> ended = new ArrayDeque<>();

    private record Ended(FlowView flow, Reason reason) {}

    @Override
    public void opened(Flow flow) {
        opened.incrementAndGet();
    }

    @Override
    public void closed(Flow flow, Reason reason) {
        FlowView last = FlowView.of(flow, System.nanoTime());
        synchronized (ended) {
            ended.addFirst(new Ended(last, reason));
            if (ended.size() > ROWS) {
                ended.removeLast();
            }
        }
    }

    /** Flows opened since the beginning. */
    long openedCount() {
        return opened.get();
    }

    /** A heading and {@value #ROWS} rows, some of them blank. */
    List<String> rows(Gateway gateway) {
        long now = System.nanoTime();
        List<FlowView> live = new ArrayList<>();
        gateway.forEachFlow(flow -> live.add(FlowView.of(flow, now)));
        live.sort(Comparator.comparingLong(FlowView::id).reversed());
        List<String> rows = new ArrayList<>();
        rows.add(line("TENANT", "PROTO", "INITIATOR", "TARGET", "UP", "DOWN", "STATE"));
        live.stream().limit(ROWS).map(flow -> row(flow, flow.state())).forEach(rows::add);
        synchronized (ended) {
            ended.stream()
                    .limit(ROWS + 1L - rows.size())
                    .map(each -> row(each.flow(), word(each.reason())))
                    .forEach(rows::add);
        }
        while (rows.size() <= ROWS) {
            rows.add("");
        }
        return rows;
    }

    private static String row(FlowView flow, String state) {
        return line(
                flow.tenant(),
                flow.protocol(),
                flow.initiator(),
                flow.target(),
                Amounts.bytes(flow.bytesUp()),
                Amounts.bytes(flow.bytesDown()),
                state);
    }

    private static String line(String... cells) {
        return String.format(Locale.ROOT, "%-6s %-6s %-19s %-24s %9s %9s  %s", (Object[]) cells);
    }

    private static String word(Reason reason) {
        return reason.name().toLowerCase(Locale.ROOT).replace('_', ' ');
    }
}
