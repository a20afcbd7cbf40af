package io.culvert.flow;

import io.culvert.hook.Reason;

/** Two of them, of which the first is asked first; what only the second stops counts for it. */
record Throttles(Throttle first, Throttle second) implements Throttle {
    @Override
    public Reason pass(int packets, int bytes, long nowNanos) {
        Reason reason = first.pass(packets, bytes, nowNanos);
        return reason != null ? reason : second.pass(packets, bytes, nowNanos);
    }

    @Override
    public void closed() {
        first.closed();
        second.closed();
    }
}
