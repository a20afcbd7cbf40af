package io.culvert.gateway.plugin;

import io.culvert.hook.Context;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.Rate;

import java.util.ArrayList;
import java.util.List;

/**
 * What hooks have made of a flow so far. Immutable.
 *
 * @param flow with the context that they have added
 * @param rate the least that any of them allows
 * @param carriers the plugins whose flow hooks said that it is carried, which are told of its end
 */
record Draft(FlowInfo flow, FlowDecision decision, Rate rate, List<LoadedPlugin> carriers) {
    Draft {
        carriers = List.copyOf(carriers);
    }

    static Draft of(FlowInfo flow, FlowDecision proposed) {
        return new Draft(flow, proposed, Rate.UNLIMITED, List.of());
    }

    boolean isRefused() {
        return decision instanceof FlowDecision.Refuse;
    }

    Draft decided(FlowDecision other) {
        return new Draft(flow, other, rate, carriers);
    }

    Draft limitedTo(Rate other) {
        return new Draft(
                flow,
                decision,
                new Rate(
                        least(rate.packetsPerSecond(), other.packetsPerSecond()),
                        least(rate.bytesPerSecond(), other.bytesPerSecond())),
                carriers);
    }

    /** Zero is no limit. */
    private static long least(long one, long other) {
        return one == 0 ? other : other == 0 ? one : Math.min(one, other);
    }

    Draft with(Context more) {
        return new Draft(flow.with(more), decision, rate, carriers);
    }

    Draft carriedBy(LoadedPlugin plugin) {
        List<LoadedPlugin> more = new ArrayList<>(carriers);
        more.add(plugin);
        return new Draft(flow, decision, rate, more);
    }
}
