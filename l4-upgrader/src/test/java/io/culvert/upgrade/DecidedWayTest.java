package io.culvert.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowLimits;
import io.culvert.flow.FlowListener;
import io.culvert.flow.FlowTable;
import io.culvert.flow.FlowTimers;
import io.culvert.flow.Tenant;
import io.culvert.hook.Endpoint;
import io.culvert.hook.FlowDecision;
import io.culvert.upgrade.SocketOffRamp.Target;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Test;

import java.net.InetSocketAddress;
import java.util.Optional;

/** Where flows go, by what was decided about them. */
class DecidedWayTest {
    private static final IpAddress CLIENT = IpAddress.parse("10.1.0.2");
    private static final IpAddress STANDS_FOR_LOOPBACK = IpAddress.parse("10.0.0.1");
    private static final IpAddress STANDS_FOR_DNS = IpAddress.parse("10.0.0.2");
    private static final IpAddress LOOPBACK = IpAddress.parse("127.0.0.1");

    private final SocketOffRamp offRamp =
            new SocketOffRamp(
                    Optional.of(STANDS_FOR_LOOPBACK),
                    Optional.of(STANDS_FOR_DNS),
                    Optional.of(new InetSocketAddress(LOOPBACK.toInetAddress(), 5_353)));

    private static Flow flow(int protocol, IpAddress to, int port, FlowDecision decision) {
        FlowTable table =
                new FlowTable(
                        1,
                        new FlowLimits(1, 1, 1),
                        FlowTimers.DEFAULT,
                        new ManualClock(),
                        FlowListener.NONE,
                        flow -> {});
        FlowKey key =
                new FlowKey()
                        .set(
                                1,
                                protocol,
                                CLIENT.high(),
                                CLIENT.low(),
                                port,
                                to.high(),
                                to.low(),
                                port);
        return assertInstanceOf(
                        FlowTable.Opening.Opened.class,
                        table.open(key, new Tenant(1, "acme"), 0, decision))
                .flow();
    }

    private static FlowDecision decision(Optional<Endpoint> upstream, Optional<IpAddress> source) {
        return new FlowDecision.Upgrade(
                "egress", "relay", "socket", upstream, source.map(IpAddress::toInetAddress));
    }

    private static Target target(IpAddress address, int port, IpAddress source) {
        return new Target(address.high(), address.low(), port, source);
    }

    @Test
    void whereNothingWasDecidedTheDestinationCounts() {
        FlowDecision plain = new FlowDecision.Upgrade("default", "relay", "socket");

        assertEquals(
                target(LOOPBACK, 80, null),
                offRamp.target(flow(IpProtocol.TCP, STANDS_FOR_LOOPBACK, 80, plain)));
        assertEquals(
                target(LOOPBACK, 5_353, null),
                offRamp.target(flow(IpProtocol.UDP, STANDS_FOR_DNS, 53, plain)));
    }

    @Test
    void theIdentifierOfAnEchoRequestIsNoPort() {
        FlowDecision plain = new FlowDecision.Upgrade("default", "relay", "socket");

        assertEquals(
                target(STANDS_FOR_DNS, 0, null),
                offRamp.target(flow(IpProtocol.ICMP, STANDS_FOR_DNS, 53, plain)));
    }

    @Test
    void anUpstreamIsTakenAsItIs() {
        for (IpAddress to : new IpAddress[] {LOOPBACK, STANDS_FOR_LOOPBACK, CLIENT}) {
            Endpoint upstream = new Endpoint(to.toInetAddress(), 53);

            assertEquals(
                    target(to, 53, null),
                    offRamp.target(
                            flow(
                                    IpProtocol.TCP,
                                    STANDS_FOR_DNS,
                                    53,
                                    decision(Optional.of(upstream), Optional.empty()))));
        }
    }

    @Test
    void aSourceGoesWithTheDestination() {
        IpAddress source = IpAddress.parse("198.51.100.7");

        assertEquals(
                target(LOOPBACK, 80, source),
                offRamp.target(
                        flow(
                                IpProtocol.TCP,
                                STANDS_FOR_LOOPBACK,
                                80,
                                decision(Optional.empty(), Optional.of(source)))));
    }
}
