package io.culvert.nat;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowLimits;
import io.culvert.flow.FlowListener;
import io.culvert.flow.FlowTable;
import io.culvert.flow.FlowTimers;
import io.culvert.flow.NanoClock;
import io.culvert.flow.Tenant;
import io.culvert.hook.FlowDecision;

/** Flows in a table. */
final class TestFlows {
    private static final FlowDecision UPGRADE =
            new FlowDecision.Upgrade("default", "relay", "socket");

    private final Tenant tenant = new Tenant(1, "acme");
    private final FlowTable table;

    TestFlows(NanoClock clock) {
        table =
                new FlowTable(
                        1,
                        FlowLimits.DEFAULT,
                        FlowTimers.DEFAULT,
                        clock,
                        FlowListener.NONE,
                        flow -> {});
    }

    FlowTable table() {
        return table;
    }

    Flow open(int protocol, Endpoints sides) {
        FlowKey key =
                new FlowKey()
                        .set(
                                tenant.id(),
                                protocol,
                                sides.sourceHigh(),
                                sides.sourceLow(),
                                sides.sourcePort(),
                                sides.destinationHigh(),
                                sides.destinationLow(),
                                sides.destinationPort());
        if (table.open(key, tenant, 0, UPGRADE) instanceof FlowTable.Opening.Opened opened) {
            return opened.flow();
        }
        throw new AssertionError("the table has room");
    }
}
