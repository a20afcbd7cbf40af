package io.culvert.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/** The question whether a flow could be opened comes to the same as opening it. */
class FlowObstacleTest {
    private static final FlowDecision FORWARD = new FlowDecision.Forward("default", "tunnels");

    private final ManualClock clock = new ManualClock();
    private final Map<Reason, Integer> refusals = new EnumMap<>(Reason.class);
    private final List<Flow> live = new ArrayList<>();
    private int next;

    private void open(FlowTable table, Tenant tenant) {
        int before = table.size();
        int ofTenant = tenant.flows();
        Reason foretold = table.obstacle(tenant, 0);
        assertEquals(before, table.size());
        assertEquals(ofTenant, tenant.flows());
        FlowKey key = new FlowKey().set(tenant.id(), IpProtocol.UDP, 0, 1, 1, 0, next++, 53);
        switch (table.open(key, tenant, 0, FORWARD)) {
            case FlowTable.Opening.Opened(Flow flow) -> {
                assertEquals(null, foretold);
                live.add(flow);
            }
            case FlowTable.Opening.Refused(Reason reason) -> {
                assertEquals(reason, foretold);
                refusals.merge(reason, 1, Integer::sum);
            }
            case FlowTable.Opening.Found found -> throw new AssertionError(found);
        }
    }

    @Test
    void foretellsWhatOpeningAFlowComesTo() {
        Random random = new Random(9);
        for (int round = 0; round < 200; round++) {
            FlowTable table =
                    new FlowTable(
                            1,
                            new FlowLimits(
                                    1 + random.nextInt(12),
                                    1 + random.nextInt(8),
                                    1 + random.nextInt(20)),
                            FlowTimers.DEFAULT,
                            clock,
                            FlowListener.NONE,
                            flow -> {});
            List<Tenant> tenants = List.of(new Tenant(1, "acme"), new Tenant(2, "umbrella"));
            live.clear();
            for (int step = 0; step < 200; step++) {
                switch (random.nextInt(6)) {
                    case 0 -> clock.advance(Duration.ofMillis(random.nextInt(20_000)));
                    case 1 -> {
                        if (!live.isEmpty()) {
                            table.close(live.remove(random.nextInt(live.size())), Reason.FINISHED);
                        }
                    }
                    case 2 -> {
                        if (!live.isEmpty()) {
                            Flow heard = live.get(random.nextInt(live.size()));
                            heard.count(
                                    random.nextInt(5) == 0
                                            ? Direction.FROM_TARGET
                                            : Direction.FROM_INITIATOR,
                                    1,
                                    100,
                                    clock.nanoTime());
                        }
                    }
                    default -> open(table, tenants.get(random.nextInt(2)));
                }
            }
        }
        for (Reason each : List.of(Reason.TABLE_FULL, Reason.TENANT_LIMIT, Reason.TENANT_RATE)) {
            assertTrue(refusals.getOrDefault(each, 0) > 100, refusals::toString);
        }
    }
}
