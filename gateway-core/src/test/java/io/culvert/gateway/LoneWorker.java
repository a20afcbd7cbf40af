package io.culvert.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowLimits;
import io.culvert.flow.FlowListener;
import io.culvert.flow.FlowTable;
import io.culvert.flow.FlowTimers;
import io.culvert.flow.Identifications;
import io.culvert.flow.PacketCounters;
import io.culvert.flow.Reassembler;
import io.culvert.flow.Tenant;
import io.culvert.gateway.forward.DeviceOffRamp;
import io.culvert.gateway.forward.DevicePort;
import io.culvert.gateway.forward.Egress;
import io.culvert.gateway.forward.ForwardedFlow;
import io.culvert.gateway.forward.Forwarder;
import io.culvert.gateway.forward.Port;
import io.culvert.gateway.forward.Routes;
import io.culvert.gateway.forward.TunnelPorts;
import io.culvert.gateway.policy.Action;
import io.culvert.gateway.policy.AddressSet;
import io.culvert.gateway.policy.LivePolicy;
import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.Rule;
import io.culvert.hook.Reason;
import io.culvert.nat.Filtering;
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
import io.culvert.wire.Prefix;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * What one worker does with packets between two tunnels of a tenant and a device off-ramp, without
 * a kernel and at a time that the test moves.
 *
 * <pre>
 *   client, secondClient ==> tunnel ──┐
 *                                     ├── the worker ──► outside  as Family.outside
 *   branch ================> branch ──┘
 * </pre>
 */
final class LoneWorker {
    static final int MTU = 1500;

    private final PacketCounters counters = new PacketCounters();
    private final FlowTable table;
    private final Reassembler reassembler;
    private final Forwarder forwarder;
    private final Ingress ingress;
    private final MemoryDevice.Pair tunnel;
    private final MemoryDevice.Pair branch;
    private final MemoryDevice.Pair outside;
    private final Port tunnelPort;
    private final Port branchPort;
    private final Port outsidePort;
    private final Packet packet = new Packet();
    private long now;

    /** Everything is forwarded, and all MTUs are the same. */
    LoneWorker(Filtering filtering) {
        this(filtering, MTU, List.of());
    }

    /**
     * @param outsideMtu of the device
     * @param rules of the policy, which forwards what none of them takes
     */
    LoneWorker(Filtering filtering, int outsideMtu, List<Rule> rules) {
        this(filtering, outsideMtu, rules, "lan");
    }

    /**
     * @param defaultDevice where that leaves which no route leads to; empty for nowhere
     */
    LoneWorker(Filtering filtering, int outsideMtu, List<Rule> rules, String defaultDevice) {
        this(filtering, outsideMtu, MTU, rules, defaultDevice);
    }

    /**
     * @param branchMtu of the tunnel to the branch
     */
    LoneWorker(
            Filtering filtering,
            int outsideMtu,
            int branchMtu,
            List<Rule> rules,
            String defaultDevice) {
        tunnel = MemoryDevice.pair(MTU, 64);
        branch = MemoryDevice.pair(branchMtu, 64);
        outside = MemoryDevice.pair(outsideMtu, 64);
        table =
                new FlowTable(
                        1,
                        FlowLimits.DEFAULT,
                        FlowTimers.DEFAULT,
                        this::now,
                        FlowListener.NONE,
                        this::expired);
        Tenant tenant = new Tenant(1, "acme");
        AddressSet anybody = new AddressSet(List.of());
        TunnelPorts toTunnel = new TunnelPorts("tunnel", tenant, anybody, List.of(tunnel.left()));
        TunnelPorts toBranch = new TunnelPorts("branch", tenant, anybody, List.of(branch.left()));
        tunnelPort = toTunnel.of(0);
        branchPort = toBranch.of(0);
        DevicePort outsideEnd =
                new DevicePort(new DeviceOffRamp("lan", -1, mappings(filtering)), outside.left());
        outsidePort = outsideEnd;
        Routes routes = new Routes(defaultDevice);
        routes.add(
                toTunnel, List.of(Prefix.parse("10.50.0.0/16"), Prefix.parse("2001:db8:50::/48")));
        routes.add(toBranch, List.of(Prefix.parse("10.6.0.0/16"), Prefix.parse("2001:db8:6::/48")));
        Answers answers = new Answers(this::now, new SplittableRandom(1), 1, counters);
        reassembler =
                new Reassembler(
                        Reassembler.DEFAULT_MEMORY,
                        Reassembler.DEFAULT_IPV4_TIMEOUT,
                        Reassembler.DEFAULT_IPV6_TIMEOUT,
                        this::now,
                        counters);
        forwarder =
                new Forwarder(
                        0,
                        table,
                        this::now,
                        counters,
                        new Egress(this::now, answers, counters, new Identifications()),
                        routes,
                        false);
        ingress =
                Ingress.of(
                        0,
                        table,
                        this::now,
                        new LivePolicy(new Policy(Action.FORWARD, rules)),
                        counters,
                        answers,
                        reassembler,
                        new Openings(table, this::now, false, 1_000),
                        new Upgraders(
                                0, null, null, null, Map.of(), forwarder, null, new Listeners()),
                        forwarder,
                        HookAccess.none(),
                        (worker, port, each) -> false);
        forwarder.add(outsideEnd);
    }

    private static MappingTable mappings(Filtering filtering) {
        return new MappingTable(
                new MappingSettings(
                        List.of(
                                IpAddress.parse(Family.IPV4.outside()),
                                IpAddress.parse(Family.IPV6.outside())),
                        new PortRange(20_000, 29_999),
                        MappingSettings.SHARED,
                        filtering,
                        MappingSettings.HOLD_DOWN),
                PortBlockListener.NONE,
                new SplittableRandom(1));
    }

    private long now() {
        return now;
    }

    private void expired(io.culvert.flow.Flow flow) {
        table.close(
                flow,
                flow.path() instanceof ForwardedFlow forwarded ? forwarded.ending() : Reason.IDLE);
    }

    /** Lets time pass, and all that time ends end. */
    void advance(Duration duration) {
        now += duration.toNanos();
        table.expire();
        reassembler.expire();
        forwarder.expire();
    }

    /** The branch's device goes down. */
    void cutOffBranch() {
        branch.right().close();
    }

    void fromTunnel(byte[] bytes) {
        receive(tunnelPort, bytes);
    }

    void fromBranch(byte[] bytes) {
        receive(branchPort, bytes);
    }

    void fromOutside(byte[] bytes) {
        receive(outsidePort, bytes);
    }

    private void receive(Port port, byte[] bytes) {
        packet.bytes().put(Packet.OFFSET, bytes);
        packet.plain(bytes.length);
        ingress.receive(port, packet);
        forwarder.flush();
    }

    /** What has come out of a tunnel or the device since it was last asked for. */
    List<byte[]> bytesAtTunnel() {
        return taken(tunnel);
    }

    List<byte[]> bytesAtBranch() {
        return taken(branch);
    }

    List<byte[]> bytesOutside() {
        return taken(outside);
    }

    /** The same, each packet as a person writes it. */
    List<String> atTunnel() {
        return texts(bytesAtTunnel());
    }

    List<String> atBranch() {
        return texts(bytesAtBranch());
    }

    List<String> outside() {
        return texts(bytesOutside());
    }

    /** Takes the one packet that has gone out, and answers the endpoint that it came from. */
    End mapped() {
        List<byte[]> out = bytesOutside();
        assertEquals(1, out.size(), () -> "" + texts(out));
        IpPacket seen = LoneWorker.wrapped(out.getFirst());
        IpAddress source = new IpAddress(seen.sourceHigh(), seen.sourceLow());
        return new End(source.toString(), seen.sourcePort());
    }

    /** The host's part in hairpinning: what goes out to the off-ramp's own address comes back. */
    void hairpin() {
        for (byte[] each : bytesOutside()) {
            int hops = each[Bytes.isIpv4(each) ? 8 : 7];
            fromOutside(Bytes.hops(each, hops - 1));
        }
    }

    /** Flows that live. */
    int flows() {
        return table.size();
    }

    long dropped(Reason reason) {
        return counters.droppedCount(reason);
    }

    /** Packets received of which nobody says what became of them. */
    long unaccounted() {
        return counters.receivedCount()
                - counters.carriedCount()
                - counters.answeredCount()
                - counters.droppedCount();
    }

    private static List<byte[]> taken(MemoryDevice.Pair cable) {
        List<byte[]> all = new ArrayList<>();
        int received =
                cable.right()
                        .receive(
                                each -> {
                                    byte[] bytes = new byte[each.length()];
                                    each.bytes().get(Packet.OFFSET, bytes);
                                    all.add(bytes);
                                },
                                64);
        assertEquals(received, all.size());
        return all;
    }

    private static List<String> texts(List<byte[]> packets) {
        return packets.stream().map(LoneWorker::text).toList();
    }

    private static IpPacket wrapped(byte[] bytes) {
        IpPacket ip = new IpPacket();
        assertEquals(Defect.NONE, ip.wrap(java.nio.ByteBuffer.wrap(bytes), 0, bytes.length));
        return ip;
    }

    /** Ends, protocol and what else there is to tell; the packet's checksums are true. */
    static String text(byte[] bytes) {
        IpPacket ip = wrapped(bytes);
        assertTrue(ip.isFragment() || ip.transportChecksumValid(), "a wrong checksum");
        return ends(ip) + " " + what(ip) + ", " + ip.timeToLive() + " hops";
    }

    private static String ends(IpPacket ip) {
        End from =
                new End(new IpAddress(ip.sourceHigh(), ip.sourceLow()).toString(), ip.sourcePort());
        End to =
                new End(
                        new IpAddress(ip.destinationHigh(), ip.destinationLow()).toString(),
                        ip.destinationPort());
        return from + " > " + to;
    }

    private static String what(IpPacket ip) {
        if (ip.tcp() != null) {
            return "tcp "
                    + (ip.tcp().syn() ? "S" : "")
                    + (ip.tcp().rst() ? "R" : "")
                    + (ip.tcp().ack() ? "A" : "");
        } else if (ip.udp() != null) {
            return "udp " + (ip.transportLength() - 8);
        } else if (ip.icmp() == null || !ip.icmp().isError()) {
            return ip.icmp() == null ? "protocol " + ip.protocol() : "icmp " + ip.icmp().type();
        }
        IpPacket quoted = new IpPacket();
        int at = ip.icmp().payloadOffset();
        assertEquals(Defect.NONE, quoted.wrapQuoted(ip.bytes(), at, ip.start() + ip.length() - at));
        return "icmp %d/%d %d about %s"
                .formatted(
                        ip.icmp().type(), ip.icmp().code(), ip.icmp().information(), ends(quoted));
    }
}
