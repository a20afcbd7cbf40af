package io.culvert.gateway;

import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.Allowance;
import io.culvert.flow.Flow;
import io.culvert.flow.FlowLimits;
import io.culvert.flow.FlowListener;
import io.culvert.flow.FlowTable;
import io.culvert.flow.FlowTimers;
import io.culvert.flow.Identifications;
import io.culvert.flow.PacketCounters;
import io.culvert.flow.RateLimits;
import io.culvert.flow.Reassembler;
import io.culvert.flow.Tenant;
import io.culvert.gateway.explain.Explanation;
import io.culvert.gateway.explain.Question;
import io.culvert.gateway.forward.DeviceOffRamp;
import io.culvert.gateway.forward.DevicePort;
import io.culvert.gateway.forward.Egress;
import io.culvert.gateway.forward.Forwarder;
import io.culvert.gateway.forward.Routes;
import io.culvert.gateway.forward.TunnelPorts;
import io.culvert.gateway.policy.Action;
import io.culvert.gateway.policy.AddressSet;
import io.culvert.gateway.policy.LivePolicy;
import io.culvert.gateway.policy.Origin;
import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.Quota;
import io.culvert.gateway.policy.Rule;
import io.culvert.gateway.policy.Terms;
import io.culvert.hook.Reason;
import io.culvert.nat.Filtering;
import io.culvert.nat.MappingSettings;
import io.culvert.nat.MappingTable;
import io.culvert.nat.PortBlockListener;
import io.culvert.nat.PortRange;
import io.culvert.nat.SlotAddresses;
import io.culvert.nat.SlotPool;
import io.culvert.tun.MemoryDevice;
import io.culvert.tun.Packet;
import io.culvert.upgrade.Answers;
import io.culvert.upgrade.EchoSocket;
import io.culvert.upgrade.EchoUpgrader;
import io.culvert.upgrade.SocketOffRamp;
import io.culvert.upgrade.TcpUpgrader;
import io.culvert.upgrade.UpgradeNamespace;
import io.culvert.wire.IpAddress;
import io.culvert.wire.Prefix;

import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SplittableRandom;

/**
 * One worker, without a kernel, with tenants, tunnels, off-ramps, rules and limits drawn at random,
 * and the explainer beside its packet path. There are no upgraders that open sockets: a packet that
 * gets so far ends in {@link #receive} with {@link Taken#UPGRADED}.
 */
final class ExplainedWorld {
    /** By tenant and tunnel; the same in both tenants, so that they could meet. */
    static final List<List<String>> ROUTES =
            List.of(
                    List.of("10.1.0.0/16", "2001:db8:1::/48"),
                    List.of("10.2.0.0/16", "2001:db8:2::/48"),
                    List.of());

    /** What became of a packet by the packet path. */
    enum Taken {
        YES,
        /** It was given to an upgrader, which is not there. */
        UPGRADED
    }

    private final Random random;
    private final PacketCounters counters = new PacketCounters();
    private final FlowTable table;
    private final Openings openings;
    private final Forwarder forwarder;
    private final Ingress ingress;
    private final Explainer explainer;
    private final Policy policy;
    private final Packet packet = new Packet();
    private final Map<String, MemoryDevice.Pair> cables = new LinkedHashMap<>();
    private final Map<String, TunnelPorts> tunnels = new LinkedHashMap<>();
    private final List<MappingTable> mappings = new ArrayList<>();
    private final List<Flow> opened = new ArrayList<>();
    private final List<Reason> closed = new ArrayList<>();
    private long now = -5_000_000_000L;

    ExplainedWorld(Random random) {
        this.random = random;
        FlowLimits limits =
                new FlowLimits(
                        few(40), few(25), random.nextInt(4) == 0 ? 1 + random.nextInt(5) : 1_000);
        FlowListener listener =
                new FlowListener() {
                    @Override
                    public void opened(Flow flow) {
                        opened.add(flow);
                    }

                    @Override
                    public void closed(Flow flow, Reason reason) {
                        closed.add(reason);
                    }
                };
        table =
                new FlowTable(
                        1,
                        limits,
                        FlowTimers.DEFAULT,
                        this::now,
                        listener,
                        flow -> this.table().close(flow, Reason.IDLE));
        List<String> devices = random.nextInt(4) == 0 ? List.of() : List.of("lan", "wan");
        Routes routes = new Routes(devices.isEmpty() ? "" : devices.getFirst());
        Answers answers = new Answers(this::now, new SplittableRandom(1), 1, counters);
        forwarder =
                new Forwarder(
                        0,
                        table,
                        this::now,
                        counters,
                        new Egress(this::now, answers, counters, new Identifications()),
                        routes,
                        false);
        for (int tenant = 0; tenant < 2; tenant++) {
            addTunnels(routes, new Tenant(tenant + 1, tenantName(tenant)));
        }
        devices.forEach(name -> addDevice(name, devices.indexOf(name)));
        policy = new Policy(any(Action.values()), rules(devices));
        LivePolicy live = new LivePolicy(policy);
        openings = new Openings(table, this::now, false, few(8));
        if (random.nextInt(20) == 0) {
            openings.drain();
        }
        Upgraders upgraders =
                new Upgraders(
                        0,
                        random.nextInt(6) == 0 ? tcpWithoutSlots(answers) : null,
                        null,
                        random.nextInt(6) == 0 ? echoWithoutSockets(answers) : null,
                        Map.of("socket", SocketOffRamp.PLAIN),
                        forwarder,
                        null,
                        new Listeners());
        ingress =
                Ingress.of(
                        0,
                        table,
                        this::now,
                        live,
                        counters,
                        answers,
                        new Reassembler(
                                Reassembler.DEFAULT_MEMORY,
                                Reassembler.DEFAULT_IPV4_TIMEOUT,
                                Reassembler.DEFAULT_IPV6_TIMEOUT,
                                this::now,
                                counters),
                        openings,
                        upgraders,
                        forwarder,
                        HookAccess.none(),
                        (worker, port, each) -> false);
        explainer =
                new Explainer(
                        0,
                        table,
                        this::now,
                        live,
                        openings,
                        upgraders,
                        forwarder,
                        routes,
                        new Listeners(),
                        null);
    }

    /** Every tenant has all the connections that it may, so no socket is ever opened. */
    private TcpUpgrader tcpWithoutSlots(Answers answers) {
        int slots = random.nextInt(3);
        for (TunnelPorts tunnel : tunnels.values()) {
            for (int i = tunnel.tenant().slots(); i < slots; i++) {
                assertTrue(tunnel.tenant().claimSlot(slots));
            }
        }
        return new TcpUpgrader(
                table,
                new UpgradeNamespace.Entrance(
                        null, null, null, null, new SlotAddresses(0), Runnable::run),
                null,
                this::now,
                () -> {},
                counters,
                answers,
                new SlotPool(1, 0),
                null,
                null,
                slots);
    }

    /** The host lets nobody send echo requests. */
    private EchoUpgrader echoWithoutSockets(Answers answers) {
        return new EchoUpgrader(
                table,
                null,
                this::now,
                () -> {},
                counters,
                answers,
                null,
                EchoSocket.UNAVAILABLE,
                EchoSocket.UNAVAILABLE);
    }

    /** Mostly plenty. */
    private int few(int bound) {
        return random.nextInt(2) == 0 ? 1 + random.nextInt(bound) : 10_000;
    }

    @SafeVarargs
    private <T> T any(T... of) {
        return of[random.nextInt(of.length)];
    }

    private long now() {
        return now;
    }

    FlowTable table() {
        return table;
    }

    Policy policy() {
        return policy;
    }

    PacketCounters counters() {
        return counters;
    }

    static String tenantName(int tenant) {
        return tenant == 0 ? "acme" : "umbrella";
    }

    private void addTunnels(Routes routes, Tenant tenant) {
        int count = 1 + random.nextInt(ROUTES.size());
        for (int i = 0; i < count; i++) {
            String name = tenant.name() + i;
            MemoryDevice.Pair cable = MemoryDevice.pair(1500, 64);
            List<Prefix> prefixes = ROUTES.get(i).stream().map(Prefix::parse).toList();
            boolean strict = random.nextBoolean();
            TunnelPorts tunnel =
                    new TunnelPorts(
                            name,
                            tenant,
                            new AddressSet(strict ? prefixes : List.of()),
                            List.of(cable.left()));
            cables.put(name, cable);
            tunnels.put(name, tunnel);
            routes.add(tunnel, prefixes);
        }
    }

    private void addDevice(String name, int number) {
        MemoryDevice.Pair cable = MemoryDevice.pair(1500, 64);
        int ports = random.nextBoolean() ? 4 + random.nextInt(6) : 1_000;
        MappingTable table =
                new MappingTable(
                        new MappingSettings(
                                List.of(
                                        IpAddress.parse("198.51.100." + (number + 7)),
                                        IpAddress.parse("2001:db8:7::" + (number + 7))),
                                new PortRange(20_000, 20_000 + ports - 1),
                                random.nextInt(2) == 0 ? 2 : MappingSettings.SHARED,
                                any(Filtering.values()),
                                MappingSettings.HOLD_DOWN),
                        PortBlockListener.NONE,
                        new SplittableRandom(random.nextLong()));
        mappings.add(table);
        cables.put(name, cable);
        forwarder.add(new DevicePort(new DeviceOffRamp(name, -1 - number, table), cable.left()));
    }

    private List<Rule> rules(List<String> devices) {
        List<Rule> rules = new ArrayList<>();
        int count = random.nextInt(7);
        for (int i = 0; i < count; i++) {
            Action action = any(Action.values());
            String via =
                    switch (action) {
                        case DENY, REJECT -> "";
                        case UPGRADE -> any("socket", "tunnels");
                        case FORWARD ->
                                devices.isEmpty() ? "tunnels" : any("tunnels", "lan", "wan");
                    };
            rules.add(
                    new Rule(
                            "rule " + i,
                            sometimes("acme", "umbrella"),
                            sometimes("10.1.0.0/17", "10.0.0.0/8", "2001:db8::/32", "::/0").stream()
                                    .map(Prefix::parse)
                                    .toList(),
                            sometimes("203.0.113.0/25", "10.2.0.0/16", "0.0.0.0/0", "::/0").stream()
                                    .map(Prefix::parse)
                                    .toList(),
                            sometimes("6", "17", "1", "58", "47").stream()
                                    .map(Integer::valueOf)
                                    .toList(),
                            random.nextInt(4) == 0
                                    ? List.of(new PortRange(53, 53), new PortRange(400, 500))
                                    : List.of(),
                            action,
                            action == Action.UPGRADE ? Policy.RELAY : "",
                            via,
                            terms(action),
                            Origin.NONE));
        }
        return rules;
    }

    private Terms terms(Action action) {
        boolean refuses = action == Action.DENY || action == Action.REJECT;
        Optional<Quota> quota =
                refuses || random.nextInt(3) > 0
                        ? Optional.empty()
                        : Optional.of(
                                new Quota(
                                        any(RateLimits.Per.values()),
                                        new Allowance(
                                                random.nextInt(4), 1 + random.nextInt(4), 0, 0)));
        return new Terms(Optional.empty(), quota, false, refuses && random.nextInt(3) == 0);
    }

    private List<String> sometimes(String... of) {
        return random.nextInt(3) == 0
                ? List.of(of).stream().filter(one -> random.nextBoolean()).toList()
                : List.of();
    }

    void advance(Duration duration) {
        now += duration.toNanos();
        table.expire();
        forwarder.expire();
    }

    List<String> tunnelNames(String tenant) {
        return tunnels.keySet().stream().filter(name -> name.startsWith(tenant)).toList();
    }

    Explanation explain(Question question) {
        return explainer.end(explainer.begin(question));
    }

    /** All that an explanation may not change. */
    String state() {
        return "%d flows, %s, %s, %s"
                .formatted(
                        table.size(),
                        mappings.stream().map(MappingTable::usage).toList(),
                        mappings.stream().map(MappingTable::blocks).toList(),
                        List.of(
                                counters.receivedCount(),
                                counters.carriedCount(),
                                counters.answeredCount(),
                                counters.returnedCount()));
    }

    /** The packet comes in by that tunnel. */
    Taken receive(String tunnel, byte[] bytes) {
        opened.clear();
        closed.clear();
        packet.bytes().put(Packet.OFFSET, bytes);
        packet.plain(bytes.length);
        try {
            ingress.receive(tunnels.get(tunnel).of(0), packet);
        } catch (NullPointerException noUpgrader) {
            if (!noUpgrader.getStackTrace()[0].getClassName().equals(Upgraders.class.getName())) {
                throw noUpgrader;
            }
            opened.forEach(flow -> table.close(flow, Reason.SHUTDOWN));
            return Taken.UPGRADED;
        }
        forwarder.flush();
        return Taken.YES;
    }

    /** The flows that the last packet opened. */
    List<Flow> opened() {
        return List.copyOf(opened);
    }

    /** Why flows closed since. */
    List<Reason> closed() {
        return List.copyOf(closed);
    }

    /** What came out of each cable since it was last asked, by its name. */
    Map<String, List<byte[]>> out() {
        Map<String, List<byte[]>> out = new LinkedHashMap<>();
        cables.forEach(
                (name, cable) -> {
                    List<byte[]> packets = new ArrayList<>();
                    cable.right()
                            .receive(
                                    each -> {
                                        byte[] bytes = new byte[each.length()];
                                        each.bytes().get(Packet.OFFSET, bytes);
                                        packets.add(bytes);
                                    },
                                    64);
                    if (!packets.isEmpty()) {
                        out.put(name, packets);
                    }
                });
        return out;
    }
}
