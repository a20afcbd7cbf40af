package io.culvert.gateway.telemetry;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.Tenant;
import io.culvert.hook.Reason;

/** What a worker has to say about a flow, on its way to the flow log. */
sealed interface FlowEvent {
    /** Of its flow only what never changes may be read. */
    record Opened(Flow flow) implements FlowEvent {}

    /** Its flow does not change any more. */
    record Closed(Flow flow, Reason reason, long nanos) implements FlowEvent {}

    /**
     * No flow came of it.
     *
     * @param key a copy
     */
    record Refused(
            FlowKey key, Tenant tenant, int worker, String decidedBy, Reason reason, long nanos)
            implements FlowEvent {}
}
