package io.culvert.bench;

import io.culvert.flow.CycleClock;
import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowLimits;
import io.culvert.flow.FlowListener;
import io.culvert.flow.FlowTable;
import io.culvert.flow.FlowTimers;
import io.culvert.flow.Tenant;
import io.culvert.hook.FlowDecision;
import io.culvert.wire.IpAddress;

/** A table of flows, as benchmarks need it. */
final class Flows {
    static final Tenant TENANT = new Tenant(1, "acme");
    static final FlowDecision UPGRADE = new FlowDecision.Upgrade("default", "relay", "socket");

    private static final IpAddress SERVER = IpAddress.parse("203.0.113.7");

    private Flows() {}

    static FlowTable table(CycleClock clock) {
        return new FlowTable(
                1,
                new FlowLimits(2_000_000, 2_000_000, 1_000_000),
                FlowTimers.DEFAULT,
                clock,
                FlowListener.NONE,
                flow -> {});
    }

    /** Sets the key of the flow with that number: 65,536 of them differ in the port alone. */
    static FlowKey set(FlowKey key, int protocol, int number) {
        IpAddress client = IpAddress.ofIpv4(0x0a32_0000 + (number >>> 16));
        return key.set(
                TENANT.id(),
                protocol,
                client.high(),
                client.low(),
                number & 0xffff,
                SERVER.high(),
                SERVER.low(),
                443);
    }

    static Flow open(FlowTable table, FlowKey key) {
        if (table.open(key, TENANT, 0, UPGRADE) instanceof FlowTable.Opening.Opened opened) {
            return opened.flow();
        }
        throw new IllegalStateException("the table has room");
    }
}
