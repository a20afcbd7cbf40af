package io.culvert.e2e;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowListener;
import io.culvert.flow.Tenant;
import io.culvert.hook.Reason;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Remembers what it was told of flows. */
final class FlowLog implements FlowListener {
    private final List<Flow> opened = new CopyOnWriteArrayList<>();
    private final List<Ended> closed = new CopyOnWriteArrayList<>();
    private final List<Refused> refused = new CopyOnWriteArrayList<>();

    record Ended(Flow flow, Reason reason) {}

    record Refused(FlowKey key, String tenant, String decidedBy, Reason reason) {}

    @Override
    public void refused(FlowKey key, Tenant tenant, int worker, String decidedBy, Reason reason) {
        refused.add(new Refused(key.copy(), tenant.name(), decidedBy, reason));
    }

    @Override
    public void opened(Flow flow) {
        opened.add(flow);
    }

    @Override
    public void closed(Flow flow, Reason reason) {
        closed.add(new Ended(flow, reason));
    }

    List<Flow> openedFlows() {
        return opened;
    }

    List<Ended> closedFlows() {
        return closed;
    }

    /** What was refused, as soon as there is so much. */
    List<Refused> refused(int count) throws Exception {
        Eventually.equal(count, "refused", refused::size);
        return refused;
    }

    /** What was told so far is not of interest. */
    void clear() {
        opened.clear();
        closed.clear();
        refused.clear();
    }

    /** How many ended for that reason. */
    long closed(Reason reason) {
        return closed.stream().filter(ended -> ended.reason() == reason).count();
    }

    /** The flow to that port, once it has ended. */
    Ended ended(int targetPort) throws Exception {
        Eventually.holds("a flow to port " + targetPort + " ends", () -> find(targetPort) != null);
        return find(targetPort);
    }

    private Ended find(int targetPort) {
        return closed.stream()
                .filter(ended -> ended.flow().key().destinationPort() == targetPort)
                .findFirst()
                .orElse(null);
    }
}
