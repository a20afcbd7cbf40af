package io.culvert.gateway.telemetry;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowListener;
import io.culvert.flow.Tenant;
import io.culvert.hook.Reason;

import java.util.List;

/** Tells several what one is told. */
record FlowListeners(List<FlowListener> all) implements FlowListener {
    FlowListeners {
        all = List.copyOf(all);
    }

    /** The simplest that tells them all. */
    static FlowListener of(List<FlowListener> listeners) {
        return switch (listeners.size()) {
            case 0 -> NONE;
            case 1 -> listeners.getFirst();
            default -> new FlowListeners(listeners);
        };
    }

    @Override
    public void opened(Flow flow) {
        for (FlowListener each : all) {
            each.opened(flow);
        }
    }

    @Override
    public void refused(FlowKey key, Tenant tenant, int worker, String decidedBy, Reason reason) {
        for (FlowListener each : all) {
            each.refused(key, tenant, worker, decidedBy, reason);
        }
    }

    @Override
    public void closed(Flow flow, Reason reason) {
        for (FlowListener each : all) {
            each.closed(flow, reason);
        }
    }
}
