package io.culvert.gateway.forward;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowLimits;
import io.culvert.flow.FlowListener;
import io.culvert.flow.FlowTable;
import io.culvert.flow.FlowTimers;
import io.culvert.flow.Tenant;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.wire.IpAddress;

import org.junit.jupiter.api.Test;

import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;

class AliasesTest {
    private static final int TCP = 6;
    private static final IpAddress OURS = IpAddress.parse("10.9.0.1");
    private static final IpAddress TARGET = IpAddress.parse("10.6.0.2");

    private final Aliases aliases = new Aliases(new SplittableRandom(1));
    private final FlowTable table =
            new FlowTable(
                    1,
                    FlowLimits.DEFAULT,
                    FlowTimers.DEFAULT,
                    () -> 0,
                    FlowListener.NONE,
                    flow -> {});

    private Flow flow(String source, int port, IpAddress target) {
        IpAddress from = IpAddress.parse(source);
        FlowKey key =
                new FlowKey()
                        .set(
                                1,
                                TCP,
                                from.high(),
                                from.low(),
                                port,
                                target.high(),
                                target.low(),
                                443);
        FlowTable.Opening opening =
                table.open(
                        key,
                        new Tenant(1, "acme"),
                        0,
                        new FlowDecision.Upgrade("test", "relay", "tunnels"));
        return ((FlowTable.Opening.Opened) opening).flow();
    }

    private static FlowKey reply(int tenant, IpAddress from, int port) {
        return new FlowKey()
                .set(tenant, TCP, from.high(), from.low(), 443, OURS.high(), OURS.low(), port);
    }

    @Test
    void hasAnAddressOfEachVersionOfIpWhereThereIsOne() {
        assertNull(aliases.address(false));
        aliases.become(List.of(OURS));
        assertEquals(OURS, aliases.address(false));
        assertNull(aliases.address(true));
        aliases.become(List.of(IpAddress.parse("fd00:9::1"), OURS));
        assertEquals(IpAddress.parse("fd00:9::1"), aliases.address(true));
        aliases.become(List.of());
        assertNull(aliases.address(true));
    }

    @Test
    void keepsTheInitiatorsPortWhereItIsFree() {
        Flow first = flow("10.1.0.2", 5_000, TARGET);
        Flow second = flow("10.1.0.3", 5_000, TARGET);
        Flow elsewhere = flow("10.1.0.3", 5_000, IpAddress.parse("10.6.0.3"));

        assertSame(first, claimed(first, 5_000, TARGET));
        Alias other = aliases.claim(second, OURS);
        assertNotEquals(5_000, other.ofTarget().destinationPort());
        assertSame(other, aliases.find(other.ofTarget()));
        assertSame(elsewhere, claimed(elsewhere, 5_000, IpAddress.parse("10.6.0.3")));
    }

    private Flow claimed(Flow flow, int port, IpAddress target) {
        assertNotNull(aliases.claim(flow, OURS));
        return aliases.find(reply(1, target, port)).flow();
    }

    @Test
    void isFoundByTheFlowsTenantAndTargetAlone() {
        assertNotNull(aliases.claim(flow("10.1.0.2", 5_000, TARGET), OURS));

        assertNotNull(aliases.find(reply(1, TARGET, 5_000)));
        assertNull(aliases.find(reply(2, TARGET, 5_000)));
        assertNull(aliases.find(reply(1, IpAddress.parse("10.6.0.9"), 5_000)));
        assertNull(aliases.find(reply(1, TARGET, 5_001)));
    }

    @Test
    void givesBackWhatFlowsHadThatAreOver() {
        Flow over = flow("10.1.0.2", 5_000, TARGET);
        Flow lives = flow("10.1.0.3", 5_001, TARGET);
        assertNotNull(aliases.claim(over, OURS));
        assertNotNull(aliases.claim(lives, OURS));
        table.close(over, Reason.FINISHED);

        aliases.expire();

        assertEquals(1, aliases.size());
        assertNull(aliases.find(reply(1, TARGET, 5_000)));
        assertSame(lives, aliases.find(reply(1, TARGET, 5_001)).flow());
    }

    /** Each target has all ports, and one that has most of them taken still gives some. */
    @Test
    void findsPortsWhileHalfOfThemAreFree() {
        Set<Integer> ports = new HashSet<>();
        for (int i = 0; i < 30_000; i++) {
            Alias alias =
                    aliases.claim(
                            flow("10.1.%d.%d".formatted(i / 250, 1 + i % 250), 5_000, TARGET),
                            OURS);
            ports.add(alias.ofTarget().destinationPort());
        }
        assertEquals(30_000, ports.size());
    }
}
