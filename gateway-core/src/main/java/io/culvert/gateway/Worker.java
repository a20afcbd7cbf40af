package io.culvert.gateway;

import io.culvert.flow.CycleClock;
import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowTable;
import io.culvert.flow.Identifications;
import io.culvert.flow.PacketCounters;
import io.culvert.flow.Reassembler;
import io.culvert.gateway.config.Configuration;
import io.culvert.gateway.forward.DevicePort;
import io.culvert.gateway.forward.Egress;
import io.culvert.gateway.forward.ForwardedFlow;
import io.culvert.gateway.forward.Forwarder;
import io.culvert.gateway.forward.Port;
import io.culvert.gateway.forward.Routes;
import io.culvert.gateway.forward.TunnelPort;
import io.culvert.gateway.plugin.Plugins;
import io.culvert.gateway.policy.LivePolicy;
import io.culvert.hook.Reason;
import io.culvert.linux.NativeMemory;
import io.culvert.nat.SlotAddresses;
import io.culvert.nat.SlotPool;
import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;
import io.culvert.tun.SeqpacketTunnel;
import io.culvert.upgrade.Answers;
import io.culvert.upgrade.Dialer;
import io.culvert.upgrade.EchoUpgrader;
import io.culvert.upgrade.Outlet;
import io.culvert.upgrade.Poller;
import io.culvert.upgrade.RampPath;
import io.culvert.upgrade.SocketOffRamp;
import io.culvert.upgrade.Splicer;
import io.culvert.upgrade.TcpUpgrader;
import io.culvert.upgrade.UdpOwners;
import io.culvert.upgrade.UdpUpgrader;
import io.culvert.upgrade.UpgradeNamespace;
import io.culvert.wire.IpProtocol;

import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.function.Consumer;
import java.util.function.IntConsumer;

/**
 * One thread that carries packets: waits for what comes by devices, sockets and other workers, and
 * gives it to {@link Ingress}, the upgraders and the splicer.
 *
 * <p>Threading: everything runs on the worker's own loop, but for what its {@link Poller} and
 * {@link Inbox} bring there.
 */
final class Worker {
    /** Packets taken from one device before others have their turn. */
    private static final int BUDGET = 64;

    /** How often time limits are looked at. */
    private static final long TICK_MILLIS = 100;

    private static final int LONGEST_PACKET = 65_535;

    /** Where one part of this many of the dials is half open, SYNs are looked at closely. */
    private static final int HALF_OPEN_PART = 4;

    /** Unassured flows ended in one tick at most, where the table is crowded. */
    private static final int LOOKS_PER_TICK = 8_192;

    /** So long may a flow wait for the hooks that are asked about another. */
    private static final long PATIENCE_MILLIS = 5;

    /** The kernel's TIME-WAIT inside the namespace, and a little. */
    private static final long SLOT_HOLD_DOWN_NANOS = 65_000_000_000L;

    private final int index;
    private final Shared shared;
    private Limits limits;
    private final Poller poller;
    private final PacketCounters counters = new PacketCounters();
    private final Reassembler reassembler;
    private final TcpUpgrader tcp;
    private final UdpUpgrader udp;
    private final Forwarder forwarder;
    private final Openings openings;
    private final Ingress ingress;
    private final Reception reception;
    private final Explainer explainer;
    private final Inbox inbox;
    private final SeqpacketTunnel.Buffers buffers = new SeqpacketTunnel.Buffers();
    private final CrowdAlarm crowdAlarm = new CrowdAlarm();

    /** Sockets of tunnels that this worker receives from. */
    private final Map<Integer, Poller.Watch> sockets = new HashMap<>();

    /** What keeps packets until the end of a callback. */
    private final List<Runnable> senders = new ArrayList<>();

    /** This worker's ends, by the name of their off-ramp. */
    private final Map<String, DevicePort> devices = new HashMap<>();

    /**
     * What all workers share.
     *
     * @param offRamps the socket off-ramps by name; may change
     * @param listeners of the on-ramps of type {@code tcp}
     * @param limits to begin with
     * @param web the gateway's own handlers
     * @param undecided the worker of each flow that plugins are being asked about
     * @param peers every worker, by index
     */
    record Shared(
            FlowTable table,
            CycleClock clock,
            LivePolicy policy,
            Map<String, SocketOffRamp> offRamps,
            Routes routes,
            Listeners listeners,
            Limits limits,
            UdpOwners udpOwners,
            Identifications identifications,
            Plugins plugins,
            WebHandlers web,
            Map<FlowKey, Integer> undecided,
            List<Worker> peers) {}

    /** A worker's own numbers. */
    record Limits(
            int slots,
            int slotsPerTenant,
            int dials,
            long dialTimeoutNanos,
            long halfClosedNanos,
            int relayBuffer,
            Duration idle,
            boolean midStream) {

        /** A flow between two tunnels has two slots. */
        static Limits of(Configuration configuration) {
            io.culvert.gateway.config.Limits limits = configuration.limits();
            return new Limits(
                    (int) Math.min(2L * limits.flows(), SlotAddresses.MAXIMUM_SLOTS),
                    limits.slotsPerTenant(),
                    limits.dials(),
                    limits.dialTimeout().toNanos(),
                    configuration.timers().tcpTransitory().toNanos(),
                    limits.relayBuffer(),
                    configuration.timers().tcpEstablished(),
                    configuration.midStream());
        }

        int manyHalfOpen() {
            return Math.max(1, dials / HALF_OPEN_PART);
        }
    }

    Worker(
            int index,
            int workers,
            Shared shared,
            Poller poller,
            UpgradeNamespace.Entrance entrance,
            EchoSockets echoSockets) {
        this.index = index;
        this.shared = shared;
        this.poller = poller;
        CycleClock clock = shared.clock();
        limits = shared.limits();
        Answers answers = new Answers(clock, new SplittableRandom(), workers, counters);
        Outlet outlet = new Outlet(shared.identifications(), counters);
        inbox = new Inbox(() -> poller.execute(this::readInbox));
        tcp =
                new TcpUpgrader(
                        shared.table(),
                        entrance,
                        poller,
                        clock,
                        clock::refresh,
                        counters,
                        answers,
                        new SlotPool(limits.slots(), SLOT_HOLD_DOWN_NANOS),
                        new Dialer(
                                poller, limits.dialTimeoutNanos(), limits.dials(), limits.idle()),
                        new Splicer(poller, limits.relayBuffer()),
                        limits.slotsPerTenant());
        udp =
                new UdpUpgrader(
                        shared.table(),
                        poller,
                        clock,
                        clock::refresh,
                        counters,
                        answers,
                        shared.udpOwners(),
                        outlet,
                        index);
        EchoUpgrader echo =
                new EchoUpgrader(
                        shared.table(),
                        poller,
                        clock,
                        clock::refresh,
                        counters,
                        answers,
                        outlet,
                        echoSockets.ipv4(),
                        echoSockets.ipv6());
        reassembler =
                new Reassembler(
                        Reassembler.DEFAULT_MEMORY,
                        Reassembler.DEFAULT_IPV4_TIMEOUT,
                        Reassembler.DEFAULT_IPV6_TIMEOUT,
                        clock,
                        counters);
        forwarder =
                new Forwarder(
                        index,
                        shared.table(),
                        clock,
                        counters,
                        new Egress(clock, answers, counters, shared.identifications()),
                        shared.routes(),
                        limits.midStream());
        openings = new Openings(shared.table(), clock, limits.midStream(), limits.manyHalfOpen());
        Upgraders upgraders =
                new Upgraders(
                        index,
                        tcp,
                        udp,
                        echo,
                        shared.offRamps(),
                        forwarder,
                        new WebAccess(
                                shared.web(),
                                poller,
                                shared.listeners(),
                                new InnerFlows(this::reception, shared.web().resolver()),
                                NativeMemory.allocate(LONGEST_PACKET),
                                shared.policy()),
                        shared.listeners());
        explainer =
                new Explainer(
                        index,
                        shared.table(),
                        clock,
                        shared.policy(),
                        openings,
                        upgraders,
                        forwarder,
                        shared.routes(),
                        shared.listeners(),
                        upgraders.quic());
        ingress =
                Ingress.of(
                        index,
                        shared.table(),
                        clock,
                        shared.policy(),
                        counters,
                        answers,
                        reassembler,
                        openings,
                        upgraders,
                        forwarder,
                        new HookAccess(
                                shared.plugins(),
                                shared.undecided(),
                                this::onLoop,
                                task -> poller.after(PATIENCE_MILLIS, task)),
                        this::handOver);
        reception =
                new Reception(
                        index,
                        shared.table(),
                        clock,
                        clock::refresh,
                        poller,
                        ingress.opener(),
                        openings,
                        upgraders,
                        shared.listeners());
    }

    /** Has something done on this worker's thread that packets come of. */
    private void onLoop(Runnable task) {
        poller.execute(
                () -> {
                    shared.clock().refresh();
                    task.run();
                    flush();
                });
    }

    private boolean handOver(int worker, Port port, Packet packet) {
        return shared.peers().get(worker).inbox.offer(port, packet);
    }

    /** Begins to take connections and to watch time limits; on the worker's thread. */
    void start() {
        tcp.start();
        poller.afterEach(this::flushSenders);
        poller.every(TICK_MILLIS, this::tick);
    }

    /**
     * Takes packets from a device's port from now on; on the worker's thread, which of those that
     * send by the same queue is one.
     */
    Poller.Watch attach(Port port) {
        return watch(port.device().descriptor(), receiver(port));
    }

    /** Flows may leave by that port of an off-ramp from now on; on the worker's thread. */
    void add(DevicePort device) {
        devices.put(device.offRamp().name(), device);
        forwarder.add(device);
    }

    /** No flow does any more; on the worker's thread. */
    void remove(DevicePort device) {
        devices.remove(device.offRamp().name(), device);
        forwarder.remove(device);
    }

    /** Takes packets from the device of a port, as many as it is told. */
    private IntConsumer receiver(Port port) {
        PacketDevice device = port.device();
        PacketDevice.PacketHandler handler = packet -> receive(port, packet);
        return budget -> device.receive(handler, budget);
    }

    /** Takes a packet that has just come in there; while an intake of this worker's is called. */
    void receive(Port port, Packet packet) {
        ingress.receive(port, packet);
    }

    /**
     * Has packets taken whenever a descriptor is ready; on the worker's thread.
     *
     * @param intake gives packets to {@link #receive}, at most as many as it is told
     */
    Poller.Watch watch(int descriptor, IntConsumer intake) {
        return poller.watch(descriptor, Poller.IN, events -> take(intake));
    }

    /**
     * Has packets taken that no descriptor tells of, once those that are ready have had their turn;
     * on the worker's thread.
     */
    void takeInTurn(IntConsumer intake) {
        poller.inTurn(() -> take(intake));
    }

    private void take(IntConsumer intake) {
        shared.clock().refresh();
        try {
            intake.accept(BUDGET);
        } finally {
            // Nothing may wait beyond this cycle: a queued datagram names its socket by number.
            flush();
        }
    }

    /**
     * Has what was kept sent at the end of each callback; on the worker's thread.
     *
     * @param flush quick where nothing was
     */
    void flushAfterEach(Runnable flush) {
        senders.add(flush);
    }

    /** It is not, any more. */
    void flushNoMore(Runnable flush) {
        senders.remove(flush);
    }

    private void flushSenders() {
        for (int i = 0; i < senders.size(); i++) {
            senders.get(i).run();
        }
    }

    /**
     * Begins to take packets from a tunnel.
     *
     * @param port its device is a {@link SeqpacketTunnel.End}
     * @param socket the tunnel's
     * @param gone told once that its peer has gone
     */
    void receive(TunnelPort port, int socket, Runnable gone) {
        SeqpacketTunnel.End end = (SeqpacketTunnel.End) port.device();
        IntConsumer receiver = receiver(port);
        try {
            Poller.Watch watch =
                    watch(
                            socket,
                            budget -> {
                                receiver.accept(budget);
                                if (end.isOver()) {
                                    stopReceiving(socket);
                                    gone.run();
                                }
                            });
            sockets.put(socket, watch);
        } catch (UncheckedIOException noWatch) {
            gone.run();
        }
    }

    /** No more packets come from that socket of a tunnel. */
    void stopReceiving(int socket) {
        Poller.Watch watch = sockets.remove(socket);
        if (watch != null) {
            watch.cancel();
        }
    }

    /**
     * Tunnels or off-ramps have gone for good, and their flows with them.
     *
     * @param devices this worker's ends of them, told apart by identity
     */
    void dismiss(Set<PacketDevice> devices, Reason reason) {
        List<Flow> stranded = new ArrayList<>();
        own(
                flow -> {
                    if (flow.path() instanceof RampPath path && path.usesAny(devices)) {
                        stranded.add(flow);
                    }
                });
        dismiss(stranded, reason);
    }

    /** Ends flows of this worker's. */
    void dismiss(List<Flow> stranded, Reason reason) {
        shared.clock().refresh();
        // Somebody at the other end of an upgraded connection may still be there to be told.
        stranded.forEach(flow -> tell(flow, reason));
        tcp.deliver();
        stranded.forEach(flow -> shared.table().close(flow, reason));
        tcp.deliver();
    }

    private void tell(Flow flow, Reason reason) {
        if (flow.path() instanceof ForwardedFlow forwarded) {
            // A tunnel that has gone by itself may come back, or another lead there.
            if (reason != Reason.TUNNEL_GONE) {
                forwarded.reset();
            }
        } else {
            tcp.cut(flow, reason);
        }
    }

    /** From now on these apply; on the worker's thread. */
    void limits(Limits replacement) {
        limits = replacement;
        tcp.limits(
                limits.slots(),
                limits.slotsPerTenant(),
                limits.dials(),
                limits.dialTimeoutNanos(),
                limits.idle(),
                limits.relayBuffer());
        openings.limits(limits.midStream(), limits.manyHalfOpen());
        forwarder.midStream(limits.midStream());
    }

    /** From now on no flow is opened. */
    void drain() {
        openings.drain();
    }

    /** Ends every flow of this worker, and opens no other. */
    void closeFlows() {
        openings.drain();
        shared.clock().refresh();
        reception.close();
        // Resets first, and out of the namespace with them: a flow that is closed carries nothing.
        own(flow -> tcp.reset(flow, Reason.SHUTDOWN));
        tcp.deliver();
        own(flow -> shared.table().close(flow, Reason.SHUTDOWN));
        // What was not relayed yet has targets, too.
        tcp.deliver();
    }

    private void own(Consumer<Flow> task) {
        shared.table()
                .forEach(
                        flow -> {
                            if (flow.worker() == index) {
                                task.accept(flow);
                            }
                        });
    }

    /** Frees what is left once the loop has ended. */
    void close() {
        tcp.close();
    }

    /** For this worker's ends of tunnels. */
    SeqpacketTunnel.Buffers buffers() {
        return buffers;
    }

    /** Says what becomes of flows; asked on this worker's thread, with its clock up to date. */
    Explainer explainer() {
        shared.clock().refresh();
        return explainer;
    }

    /** This worker's connections that are no flows yet; on its thread. */
    Reception reception() {
        return reception;
    }

    int index() {
        return index;
    }

    Poller poller() {
        return poller;
    }

    PacketCounters counters() {
        return counters;
    }

    /** What this worker holds now; asked on its own thread. */
    WorkerStatus status() {
        return new WorkerStatus(
                index,
                tcp.relays(),
                tcp.dials(),
                tcp.downgrades(),
                tcp.slotsUsed(),
                tcp.pipes(),
                udp.sessions(),
                reassembler.held(),
                ingress.undecidedPackets(),
                tcp.spareSockets(),
                tcp.accepted(),
                reception.pauses());
    }

    /** A flow of this worker's has outlived its time-out. */
    void expire(Flow flow) {
        if (flow.path() instanceof ForwardedFlow forwarded) {
            shared.table().close(flow, forwarded.ending());
        } else if (flow.key().protocol() == IpProtocol.TCP && flow.path() != null) {
            tcp.expire(flow);
        } else {
            shared.table().close(flow, Reason.IDLE);
        }
    }

    private void tick() {
        shared.clock().refresh();
        tcp.tick(limits.halfClosedNanos());
        reassembler.expire();
        ingress.tick();
        reception.tick();
        shared.table().relieve(index, LOOKS_PER_TICK);
        if (index == 0) {
            crowdAlarm.look(shared.table(), shared.clock().nanoTime());
            shared.table().expire();
            forwarder.expire();
        }
    }

    private void readInbox() {
        shared.clock().refresh();
        inbox.drain(this::handed);
        flush();
    }

    /** What leaves does so by this worker's own end. */
    private void handed(Port port, Packet packet) {
        Port own =
                switch (port) {
                    case TunnelPort tunnel -> tunnel.tunnel().of(index);
                    case DevicePort device -> devices.get(device.offRamp().name());
                };
        if (own != null) {
            ingress.handed(own, packet);
        } else {
            counters.dropped(Reason.NO_ROUTE, packet.packets());
        }
    }

    private void flush() {
        tcp.flush();
        udp.flush();
        forwarder.flush();
    }
}
