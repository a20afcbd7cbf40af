package io.culvert.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowLimits;
import io.culvert.flow.FlowListener;
import io.culvert.flow.FlowTable;
import io.culvert.flow.FlowTimers;
import io.culvert.flow.Tenant;
import io.culvert.hook.Connection;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.Reason;
import io.culvert.upgrade.Handling;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.util.Map;

/**
 * A connection whose off-ramp was taken out of the configuration between the decision and the
 * opening. A handler that is not told of it would keep its plugin for ever.
 */
class UpgradersTest {
    private static final FlowDecision.Upgrade DECISION =
            new FlowDecision.Upgrade("web", "handler", "gone");

    private final Upgraders upgraders =
            new Upgraders(0, null, null, null, Map.of(), null, null, new Listeners());
    private final Recorder recipient = new Recorder();

    /** Counts how often it is told that it is over. */
    private static final class Recorder implements Handling {
        private int over;

        @Override
        public boolean answersFirst() {
            return false;
        }

        @Override
        public FlowInfo flow() {
            throw new AssertionError("nobody asks");
        }

        @Override
        public void handle(Connection connection) {
            throw new AssertionError("there is no connection");
        }

        @Override
        public void failed(Throwable failure) {
            throw new AssertionError(failure);
        }

        @Override
        public void over() {
            over++;
        }
    }

    private static Flow flow(Family family) {
        IpAddress client = IpAddress.parse(family.client(40_000).address());
        IpAddress server = IpAddress.parse(family.server(443).address());
        FlowTable table =
                new FlowTable(
                        1,
                        FlowLimits.DEFAULT,
                        FlowTimers.DEFAULT,
                        () -> 0,
                        FlowListener.NONE,
                        _ -> {});
        FlowKey key =
                new FlowKey()
                        .set(
                                1,
                                IpProtocol.TCP,
                                client.high(),
                                client.low(),
                                40_000,
                                server.high(),
                                server.low(),
                                443);
        return assertInstanceOf(
                        FlowTable.Opening.Opened.class,
                        table.open(key, new Tenant(1, "acme"), 0, DECISION))
                .flow();
    }

    @ParameterizedTest
    @EnumSource
    void aRecipientIsToldOnceThatItIsOverWhereThereIsNoWayOut(Family family) {
        assertEquals(
                Reason.NO_ROUTE,
                upgraders.open(flow(family), DECISION, recipient, null, null, null));
        assertEquals(1, recipient.over);
    }

    @ParameterizedTest
    @EnumSource
    void oneOfAConnectionThatStandsAlreadyIsToldSoToo(Family family) {
        assertEquals(
                Reason.NO_ROUTE,
                upgraders.openAccepted(flow(family), DECISION, recipient, -1, null, null));
        assertEquals(1, recipient.over);
    }

    @ParameterizedTest
    @EnumSource
    void withoutARecipientThereIsOnlyTheReason(Family family) {
        assertEquals(
                Reason.NO_ROUTE, upgraders.open(flow(family), DECISION, null, null, null, null));
    }
}
