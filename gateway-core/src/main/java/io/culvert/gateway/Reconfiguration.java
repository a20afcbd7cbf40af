package io.culvert.gateway;

import io.culvert.flow.FlowLimits;
import io.culvert.flow.FlowTable;
import io.culvert.flow.FlowTimers;
import io.culvert.gateway.config.Configuration;
import io.culvert.gateway.plugin.HookChain;
import io.culvert.gateway.plugin.PluginException;
import io.culvert.gateway.plugin.Plugins;
import io.culvert.gateway.policy.LivePolicy;
import io.culvert.gateway.tls.Tls;
import io.culvert.gateway.upstream.Upstreams;
import io.culvert.upgrade.UpgradeNamespace;

import java.io.IOException;

/**
 * Changes what a running gateway does.
 *
 * <p><b>Theory of operation.</b> Everything that may fail is done first, beside what is there, and
 * is taken back where something does; what then follows cannot fail short of a worker that hangs.
 * New ways out come first and new ways in last, with the policy between them, so that no decision
 * names what is not there; what is not wanted any more goes at the end. Between two steps the
 * workers carry packets as ever: no flow that stays is without its way for a moment.
 *
 * <p>Threading: one thread that is no worker's, in the gateway's network namespace; {@link
 * #current} from any.
 */
public final class Reconfiguration {
    private final Parts parts;
    private volatile Configuration current;

    /** What a configuration decides about. */
    record Parts(
            FlowTable table,
            Workers workers,
            LivePolicy policy,
            SocketOffRamps sockets,
            Routing routing,
            UpgradeNamespace namespace,
            Ramps ramps,
            Plugins plugins,
            Tls tls,
            Upstreams upstreams,
            WebHandlers web) {}

    /**
     * Flows that would end with a change.
     *
     * @param ramps because an on-ramp or off-ramp of theirs goes
     * @param policy because the policy decides otherwise, were they asked of it
     */
    public record Closed(int ramps, int policy) {}

    Reconfiguration(Configuration first, Parts parts) {
        current = first;
        this.parts = parts;
    }

    Configuration current() {
        return current;
    }

    static FlowLimits limits(Configuration of) {
        return new FlowLimits(
                of.limits().flows(),
                of.limits().flowsPerTenant(),
                of.limits().flowsPerSecondPerTenant());
    }

    static FlowTimers timers(Configuration of) {
        return new FlowTimers(
                of.timers().tcpEstablished(),
                of.timers().tcpTransitory(),
                of.timers().udp(),
                of.timers().icmp(),
                FlowTimers.DEFAULT.other());
    }

    /**
     * As {@link Gateway#apply}.
     *
     * @return flows that were closed since the policy decides otherwise now
     */
    int apply(Configuration next, boolean recheck) throws IOException {
        refuseRestart(next);
        // No worker hangs, or nothing is begun.
        parts.workers.settle();
        RampChanges changes = new RampChanges(parts.ramps, next);
        Undo undo = new Undo();
        HookChain hooks;
        Tls.Prepared tls;
        Upstreams.Prepared upstreams;
        try {
            hooks = parts.plugins.load(next);
            undo.push(hooks::release);
            tls = parts.tls.prepare(next.tls());
            undo.push(tls::release);
            upstreams = parts.upstreams.prepare(next.upstreams(), next.resolver());
            changes.prepare(undo);
        } catch (PluginException e) {
            throw new IOException(e.getMessage(), e);
        } catch (IOException | RuntimeException e) {
            undo.run();
            throw e;
        }
        tls.commit();
        upstreams.commit();
        parts.web.become(next.http());
        parts.table.limits(limits(next));
        parts.table.timers(timers(next));
        Worker.Limits limits = Worker.Limits.of(next);
        parts.workers.each(worker -> worker.limits(limits));
        parts.namespace.idle(next.timers().tcpEstablished());
        parts.sockets.add(next);
        changes.begin();
        parts.routing.routes().defaultDevice(Routing.firstDevice(next));
        parts.routing.routes().aliases().become(Routing.sources(next));
        parts.policy.replace(next.policy());
        parts.plugins.replace(hooks);
        // What was decided by the old policy has its way by now, and nothing else will be.
        parts.workers.settle();
        changes.receive();
        changes.end();
        parts.sockets.become(next);
        current = next;
        return recheck
                ? new FlowRecheck(parts.table, parts.workers).close(parts.policy.current())
                : 0;
    }

    private void refuseRestart(Configuration next) throws IOException {
        if (next.workers() != current.workers()) {
            throw new IOException(
                    "workers cannot change from %d to %d while the gateway runs; stop it and start"
                                    .formatted(current.workers(), next.workers())
                            + " it again for that");
        }
        if (!next.telemetry().equals(current.telemetry())) {
            throw new IOException(
                    "telemetry cannot change while the gateway runs; stop it and start it again for"
                            + " that");
        }
    }

    Closed wouldClose(Configuration next) throws IOException {
        RampChanges changes = new RampChanges(parts.ramps, next);
        return new FlowRecheck(parts.table, parts.workers).count(changes.ending(), next.policy());
    }
}
