package io.culvert.gateway.forward;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.Direction;
import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowLimits;
import io.culvert.flow.FlowListener;
import io.culvert.flow.FlowTable;
import io.culvert.flow.FlowTimers;
import io.culvert.flow.Identifications;
import io.culvert.flow.PacketCounters;
import io.culvert.flow.Tenant;
import io.culvert.gateway.policy.AddressSet;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.nat.Filtering;
import io.culvert.nat.Mapping;
import io.culvert.nat.MappingSettings;
import io.culvert.nat.MappingTable;
import io.culvert.nat.PortBlockListener;
import io.culvert.nat.PortRange;
import io.culvert.tun.MemoryDevice;
import io.culvert.tun.Packet;
import io.culvert.upgrade.Answers;
import io.culvert.wire.Defect;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;
import io.culvert.wire.UdpDatagram;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** A datagram flow from a tunnel of MTU 1,280 out of a device of MTU 1,500. */
final class ForwardedFlowTest {
    private static final int PORT = 4_000;

    private final PacketCounters counters = new PacketCounters();
    private final FlowTable table =
            new FlowTable(
                    1,
                    FlowLimits.DEFAULT,
                    FlowTimers.DEFAULT,
                    () -> 0,
                    FlowListener.NONE,
                    flow -> {});
    private final Tenant tenant = new Tenant(1, "acme");
    private final MemoryDevice.Pair tunnel = MemoryDevice.pair(1_280, 8);
    private final MemoryDevice.Pair outside = MemoryDevice.pair(1_500, 8);
    private final Routes routes = new Routes("lan");
    private final Forwarder forwarder =
            new Forwarder(
                    0,
                    table,
                    () -> 0,
                    counters,
                    new Egress(
                            () -> 0,
                            new Answers(() -> 0, new SplittableRandom(1), 1, counters),
                            counters,
                            new Identifications()),
                    routes,
                    true);
    private final Packet packet = new Packet();
    private final IpPacket ip = new IpPacket();

    private IpAddress inside;
    private IpAddress remote;
    private IpAddress ours;
    private ForwardedFlow flow;
    private Mapping mapping;

    private void open(boolean ipv6) {
        inside = IpAddress.parse(ipv6 ? "fd00::1" : "10.0.0.1");
        remote = IpAddress.parse(ipv6 ? "2001:db8::1" : "192.0.2.1");
        ours = IpAddress.parse(ipv6 ? "2001:db8:7::7" : "198.51.100.7");
        MappingTable mappings =
                new MappingTable(
                        new MappingSettings(
                                List.of(ours),
                                new PortRange(20_000, 29_999),
                                MappingSettings.SHARED,
                                Filtering.ENDPOINT_INDEPENDENT,
                                MappingSettings.HOLD_DOWN),
                        PortBlockListener.NONE,
                        new SplittableRandom(1));
        TunnelPorts branch =
                new TunnelPorts(
                        "branch", tenant, new AddressSet(List.of()), List.of(tunnel.left()));
        routes.add(branch, List.of());
        forwarder.add(new DevicePort(new DeviceOffRamp("lan", -1, mappings), outside.left()));
        FlowKey key =
                new FlowKey()
                        .set(
                                1,
                                IpProtocol.UDP,
                                inside.high(),
                                inside.low(),
                                PORT,
                                remote.high(),
                                remote.low(),
                                53);
        FlowDecision.Forward decision = new FlowDecision.Forward("test", Routes.TUNNELS);
        Flow opened = ((FlowTable.Opening.Opened) table.open(key, tenant, 0, decision)).flow();
        assertNull(forwarder.open(opened, branch.of(0), decision));
        flow = (ForwardedFlow) opened.path();
        for (int port = 20_000; port < 30_000 && mapping == null; port++) {
            mapping = mappings.find(IpProtocol.UDP, ours.high(), ours.low(), port);
        }
        assertEquals(inside.low(), mapping.insideLow());
    }

    private void datagram(
            IpAddress from, int fromPort, IpAddress to, int toPort, int hops, int length) {
        int size =
                UdpDatagram.write(
                        from.high(),
                        from.low(),
                        fromPort,
                        to.high(),
                        to.low(),
                        toPort,
                        hops,
                        0xba,
                        ByteBuffer.allocateDirect(length),
                        0,
                        length,
                        false,
                        packet.bytes(),
                        Packet.OFFSET);
        packet.plain(size);
        assertEquals(Defect.NONE, ip.wrap(packet.bytes(), Packet.OFFSET, size));
    }

    private void request(int hops, int length) {
        datagram(inside, PORT, remote, 53, hops, length);
        assertTrue(flow.carry(Direction.FROM_INITIATOR, ip, packet));
        forwarder.flush();
    }

    private void reply(int hops, int length) {
        datagram(remote, 53, ours, mapping.outsidePort(), hops, length);
        assertTrue(flow.carry(Direction.FROM_TARGET, ip, packet));
        forwarder.flush();
    }

    /** Each packet that came out there, as a person writes it; its checksums are true. */
    private static List<String> at(MemoryDevice device) {
        List<String> all = new ArrayList<>();
        IpPacket seen = new IpPacket();
        int unused =
                device.receive(
                        each -> {
                            assertEquals(
                                    Defect.NONE,
                                    seen.wrap(each.bytes(), Packet.OFFSET, each.length()));
                            assertTrue(seen.isFragment() || seen.transportChecksumValid());
                            all.add(text(seen));
                        },
                        8);
        return all;
    }

    private static String text(IpPacket seen) {
        IpAddress from = new IpAddress(seen.sourceHigh(), seen.sourceLow());
        IpAddress to = new IpAddress(seen.destinationHigh(), seen.destinationLow());
        String ends = from + " > " + to;
        if (seen.icmp() != null) {
            return "%s type %d code %d info %d"
                    .formatted(
                            ends,
                            seen.icmp().type(),
                            seen.icmp().code(),
                            seen.icmp().information());
        }
        return "%s ports %d > %d hops %d class %x"
                .formatted(
                        ends,
                        seen.sourcePort(),
                        seen.destinationPort(),
                        seen.timeToLive(),
                        seen.trafficClass());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void goesOutUnderTheOutsideAddressAndComesBackOneHopLessEachWay(boolean ipv6) {
        open(ipv6);
        request(64, 100);
        assertEquals(
                List.of(
                        "%s > %s ports %d > 53 hops 63 class ba"
                                .formatted(ours, remote, mapping.outsidePort())),
                at(outside.right()));
        reply(50, 100);
        assertEquals(
                List.of("%s > %s ports 53 > %d hops 49 class ba".formatted(remote, inside, PORT)),
                at(tunnel.right()));
        assertEquals(2, counters.carriedCount());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whoIsOutsideHearsOfItsErrorsFromTheOutsideAddress(boolean ipv6) {
        open(ipv6);
        reply(1, 100);
        reply(50, 1_400);
        assertEquals(
                List.of(
                        "%s > %s type %d code 0 info 0".formatted(ours, remote, ipv6 ? 3 : 11),
                        "%s > %s type %d code %d info 1280"
                                .formatted(ours, remote, ipv6 ? 2 : 3, ipv6 ? 0 : 4)),
                at(outside.right()));
        assertEquals(List.of(), at(tunnel.right()));
        assertEquals(2, counters.answeredCount());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void whoIsInsideHearsOfItsErrorsFromTheGateway(boolean ipv6) {
        open(ipv6);
        request(1, 100);
        assertEquals(
                List.of(
                        "%s > %s type %d code 0 info 0"
                                .formatted(
                                        ipv6 ? "fd00:c0:1::1" : "192.0.0.8",
                                        inside,
                                        ipv6 ? 3 : 11)),
                at(tunnel.right()));
        assertEquals(List.of(), at(outside.right()));
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aFlowThatIsOverGivesItsPortBack(boolean ipv6) {
        open(ipv6);
        assertTrue(mapping.isAlive());
        table.forEach(each -> table.close(each, Reason.IDLE));
        assertTrue(!mapping.isAlive());
    }

    @ParameterizedTest
    @ValueSource(booleans = {false})
    void whatMayBeCutIsCutUnderAnIdentificationOfOurs(boolean ipv6) {
        open(ipv6);
        datagram(remote, 53, ours, mapping.outsidePort(), 64, 1_400);
        ip.ipv4().fragment(false, false, 0).identification(7);
        assertTrue(flow.carry(Direction.FROM_TARGET, ip, packet));
        assertEquals(2, at(tunnel.right()).size());
        assertEquals(1, counters.carriedCount());
    }
}
