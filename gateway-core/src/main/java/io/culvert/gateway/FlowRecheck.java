package io.culvert.gateway;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowTable;
import io.culvert.gateway.detect.Facts;
import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.Ruling;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.tun.PacketDevice;
import io.culvert.upgrade.RampPath;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Set;

/**
 * Asks live flows of a policy that they were not decided by. Asking is done here, since a policy
 * may be asked by anybody; workers only close what has to be, a few at a time, so that packets wait
 * no longer than for any other turn.
 *
 * <p>Flows from outside are let in by a mapping, and not by the policy: they stay. Of those that
 * plugins were asked about, the ones go that the policy refuses; plugins are not asked again.
 *
 * <p>Threading: one thread that is no worker's.
 */
final class FlowRecheck {
    /** Flows that a worker closes in one turn. */
    private static final int AT_ONCE = 32;

    private final FlowTable table;
    private final Workers workers;

    FlowRecheck(FlowTable table, Workers workers) {
        this.table = table;
        this.workers = workers;
    }

    /**
     * Closes those that the policy refuses or decides otherwise.
     *
     * @return how many
     */
    int close(Policy policy) throws IOException {
        List<List<Flow>> misfits = new ArrayList<>();
        workers.all().forEach(worker -> misfits.add(new ArrayList<>()));
        table.forEach(
                flow -> {
                    if (!allows(policy, flow)) {
                        misfits.get(flow.worker()).add(flow);
                    }
                });
        int closed = 0;
        for (Worker worker : workers.all()) {
            List<Flow> own = misfits.get(worker.index());
            for (int done = 0; done < own.size(); done += AT_ONCE) {
                List<Flow> few = own.subList(done, Math.min(own.size(), done + AT_ONCE));
                workers.on(worker, one -> one.dismiss(few, Reason.POLICY_CHANGED));
            }
            closed += own.size();
        }
        return closed;
    }

    /** How many there are, of which some use those ends, and others the policy would not let on. */
    Reconfiguration.Closed count(List<? extends PacketDevice> ending, Policy policy) {
        Set<PacketDevice> going = Collections.newSetFromMap(new IdentityHashMap<>());
        going.addAll(ending);
        int[] count = new int[2];
        table.forEach(
                flow -> {
                    if (flow.path() instanceof RampPath path && path.usesAny(going)) {
                        count[0]++;
                    } else if (!allows(policy, flow)) {
                        count[1]++;
                    }
                });
        return new Reconfiguration.Closed(count[0], count[1]);
    }

    private static boolean allows(Policy policy, Flow flow) {
        if (flow.decision() == DeviceIngress.INBOUND) {
            return true;
        }
        Policy.Question question = Policy.Question.of(flow);
        Ruling ruling = policy.decide(question);
        if (ruling.asks()) {
            if (!(flow.content() instanceof Facts facts)) {
                // It is decided by this policy once it is known, or was before anybody asked.
                return flow.decision() instanceof FlowDecision.Upgrade upgrade
                        && ContentDecisions.decide(ruling, upgrade);
            }
            ruling = policy.decide(question, facts);
        }
        FlowDecision decision = ruling.decision();
        // What plugins have made of the policy's word is theirs to say, unless it is a refusal.
        return flow.companion() instanceof HookedFlow
                ? !(decision instanceof FlowDecision.Refuse)
                : agrees(flow.decision(), decision);
    }

    /** Whether a flow of the one may go on under the other, whoever decided. */
    static boolean agrees(FlowDecision before, FlowDecision now) {
        return switch (now) {
            case FlowDecision.Refuse _ -> false;
            case FlowDecision.Forward two ->
                    before instanceof FlowDecision.Forward one && one.via().equals(two.via());
            case FlowDecision.Upgrade two ->
                    before instanceof FlowDecision.Upgrade one
                            && one.via().equals(two.via())
                            && one.handler().equals(two.handler());
        };
    }
}
