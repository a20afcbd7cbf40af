package io.culvert.nat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.fail;

import io.culvert.hook.Reason;
import io.culvert.wire.IpAddress;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** A mapping table by written addresses, at a time that the test moves. */
final class TestMappings {
    static final long HOLD_DOWN = MappingSettings.HOLD_DOWN.toNanos();

    /** Near the end of a long, as {@link System#nanoTime} may be. */
    private static final long START = Long.MAX_VALUE - HOLD_DOWN / 2;

    private final MappingTable table;
    private final List<String> blockEvents = new ArrayList<>();
    private long now = START;

    TestMappings(MappingSettings settings) {
        this(settings, 6_056);
    }

    TestMappings(MappingSettings settings, long seed) {
        PortBlockListener listener =
                new PortBlockListener() {
                    @Override
                    public void allotted(PortBlock block) {
                        blockEvents.add(block.tenant() + " has " + block.ports());
                    }

                    @Override
                    public void returned(PortBlock block) {
                        blockEvents.add(block.tenant() + " had " + block.ports());
                    }
                };
        table = new MappingTable(settings, listener, new SplittableRandom(seed));
    }

    /** Ports 20000 to 29999 of one address in each family, shared. */
    static MappingSettings settings() {
        return settings(new PortRange(20_000, 29_999), "198.51.100.7", "2001:db8::7");
    }

    static MappingSettings settings(PortRange ports, String... addresses) {
        return settings(ports, MappingSettings.SHARED, addresses);
    }

    static MappingSettings settings(PortRange ports, int portsPerTenant, String... addresses) {
        return new MappingSettings(
                List.of(addresses).stream().map(IpAddress::parse).toList(),
                ports,
                portsPerTenant,
                Filtering.ENDPOINT_INDEPENDENT,
                MappingSettings.HOLD_DOWN);
    }

    static MappingSettings settings(Filtering filtering) {
        MappingSettings settings = settings();
        return new MappingSettings(
                settings.addresses(),
                settings.ports(),
                settings.portsPerTenant(),
                filtering,
                settings.holdDown());
    }

    MappingTable table() {
        return table;
    }

    /** What the listener was told. */
    List<String> blockEvents() {
        return blockEvents;
    }

    long now() {
        return now;
    }

    void advance(Duration duration) {
        advance(duration.toNanos());
    }

    void advance(long nanos) {
        now += nanos;
    }

    MappingTable.Claim attempt(int tenant, int protocol, String inside, int port, String external) {
        IpAddress from = IpAddress.parse(inside);
        IpAddress to = IpAddress.parse(external);
        MappingTable.Preview preview =
                table.preview(
                        tenant, protocol, from.high(), from.low(), port, to.high(), to.low(), now);
        MappingTable.Claim claim =
                table.claim(
                        tenant, protocol, from.high(), from.low(), port, to.high(), to.low(), now);
        assertForetold(preview, claim);
        return claim;
    }

    /** Whatever a test claims, the question comes to the same as the deed. */
    private static void assertForetold(MappingTable.Preview preview, MappingTable.Claim claim) {
        switch (claim) {
            case MappingTable.Claim.Refused(Reason reason) ->
                    assertEquals(new MappingTable.Preview.Refused(reason), preview);
            case MappingTable.Claim.Mapped(Mapping mapping) -> {
                switch (preview) {
                    case MappingTable.Preview.Known(Mapping known) -> assertSame(mapping, known);
                    case MappingTable.Preview.New(IpAddress address) ->
                            assertEquals(mapping.outside().address(), address);
                    case MappingTable.Preview.Refused refused ->
                            fail("foretold " + refused + ", claimed " + mapping);
                }
            }
        }
    }

    Mapping claim(int tenant, int protocol, String inside, int port, String external) {
        return switch (attempt(tenant, protocol, inside, port, external)) {
            case MappingTable.Claim.Mapped(Mapping mapping) -> mapping;
            case MappingTable.Claim.Refused(Reason reason) ->
                    throw new AssertionError("refused: " + reason);
        };
    }

    Reason refusal(int tenant, int protocol, String inside, int port, String external) {
        return switch (attempt(tenant, protocol, inside, port, external)) {
            case MappingTable.Claim.Mapped(Mapping mapping) ->
                    throw new AssertionError("not refused: " + mapping);
            case MappingTable.Claim.Refused(Reason reason) -> reason;
        };
    }

    void release(Mapping mapping, String external) {
        IpAddress to = IpAddress.parse(external);
        table.release(mapping, to.high(), to.low(), now);
    }

    /** Who has the mapping's outside endpoint. */
    Mapping atOutsideOf(Mapping mapping) {
        return table.find(
                mapping.protocol(),
                mapping.outsideHigh(),
                mapping.outsideLow(),
                mapping.outsidePort());
    }

    Mapping findPortless(int protocol, String outside, String external) {
        IpAddress to = IpAddress.parse(outside);
        IpAddress from = IpAddress.parse(external);
        return table.findPortless(protocol, to.high(), to.low(), from.high(), from.low());
    }

    boolean accepts(Mapping mapping, String external) {
        IpAddress from = IpAddress.parse(external);
        return table.accepts(mapping, from.high(), from.low());
    }

    static String outside(Mapping mapping) {
        return new IpAddress(mapping.outsideHigh(), mapping.outsideLow()).toString();
    }
}
