package io.culvert.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.culvert.hook.Context;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Test;

import java.util.ArrayList;
import java.util.List;

class FlowCompanionTest {
    private final List<String> events = new ArrayList<>();
    private RuntimeException listenerFails;
    private final FlowTable table =
            new FlowTable(
                    1,
                    new FlowLimits(4, 4, 1_000_000),
                    FlowTimers.DEFAULT,
                    new ManualClock(),
                    new FlowListener() {
                        @Override
                        public void closed(Flow flow, Reason reason) {
                            events.add("listener " + reason);
                            if (listenerFails != null) {
                                throw listenerFails;
                            }
                        }
                    },
                    flow -> {});

    private Flow open() {
        FlowKey key = new FlowKey().set(1, IpProtocol.UDP, 0, 1, 5_000, 0, 2, 53);
        FlowTable.Opening opening =
                table.open(
                        key,
                        new Tenant(1, "acme"),
                        0,
                        new FlowDecision.Forward("default", "tunnels"));
        return assertInstanceOf(FlowTable.Opening.Opened.class, opening).flow();
    }

    /** Writes down what it hears. */
    private final class Recorder implements FlowCompanion {
        @Override
        public Context context() {
            return Context.EMPTY.with("a value");
        }

        @Override
        public void closed(Flow flow, Reason reason) {
            events.add("companion " + reason + (flow.isClosed() ? " closed" : " open"));
        }
    }

    @Test
    void aFlowHasNoneUnlessItIsGivenOne() {
        Flow flow = open();

        assertNull(flow.companion());
        table.close(flow, Reason.IDLE);

        assertEquals(List.of("listener IDLE"), events);
    }

    @Test
    void itBringsTheContextOfTheFlow() {
        Flow flow = open();

        flow.companion(new Recorder());

        assertEquals("a value", flow.companion().context().get(String.class).orElseThrow());
    }

    @Test
    void itHearsOfTheEndOnceAndAfterTheListener() {
        Flow flow = open();
        flow.companion(new Recorder());

        table.close(flow, Reason.FINISHED);
        table.close(flow, Reason.IDLE);

        assertEquals(List.of("listener FINISHED", "companion FINISHED closed"), events);
    }

    @Test
    void itHearsOfTheEndThoughTheListenerFails() {
        Flow flow = open();
        flow.companion(new Recorder());
        listenerFails = new IllegalStateException("a listener that fails");

        assertThrows(IllegalStateException.class, () -> table.close(flow, Reason.IDLE));

        assertEquals(List.of("listener IDLE", "companion IDLE closed"), events);
    }
}
