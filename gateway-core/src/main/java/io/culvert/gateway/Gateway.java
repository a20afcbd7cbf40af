package io.culvert.gateway;

import io.culvert.flow.CycleClock;
import io.culvert.flow.Flow;
import io.culvert.flow.FlowLimits;
import io.culvert.flow.FlowListener;
import io.culvert.flow.FlowTable;
import io.culvert.flow.Identifications;
import io.culvert.flow.PacketCounters;
import io.culvert.flow.Tenant;
import io.culvert.gateway.config.Configuration;
import io.culvert.gateway.explain.Explanation;
import io.culvert.gateway.explain.Question;
import io.culvert.gateway.forward.DeviceOffRamp;
import io.culvert.gateway.http.ExchangeListener;
import io.culvert.gateway.http.HttpProxy;
import io.culvert.gateway.http.SteadyEpoll;
import io.culvert.gateway.plugin.PluginException;
import io.culvert.gateway.plugin.Plugins;
import io.culvert.gateway.policy.LivePolicy;
import io.culvert.gateway.tls.Tls;
import io.culvert.gateway.upstream.Upstreams;
import io.culvert.linux.OpenDescriptors;
import io.culvert.nat.SlotAddresses;
import io.culvert.tun.NetworkNamespace;
import io.culvert.tun.Offload;
import io.culvert.tun.OffloadSelfTest;
import io.culvert.tun.TunDevice;
import io.culvert.upgrade.Poller;
import io.culvert.upgrade.UdpOwners;
import io.culvert.upgrade.UpgradeNamespace;
import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * A running gateway: its workers, its on-ramps' devices and the upgrade namespace. Everything it
 * made is gone when it is closed, and, since all of it hangs on descriptors of this process, also
 * when the process dies.
 *
 * <p>Threading: may be used from any thread.
 */
public final class Gateway implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Gateway.class);
    private static final AtomicLong FAILURES = new AtomicLong();

    /** What is left, at most, of a drain's limit for closing what has not ended. */
    private static final Duration CLOSING_TIME = Duration.ofSeconds(3);

    /** Two a relayed connection, for a few thousand of them. */
    private static final int FEW_DESCRIPTORS = 16_384;

    private final FlowTable table;
    private final Workers workers;
    private final MultiThreadIoEventLoopGroup loops;
    private final Plugins plugins = new Plugins();
    private Tls tls;
    private Upstreams upstreams;

    /** Null before the gateway is open. */
    private WebHandlers web;

    private final AtomicBoolean closed = new AtomicBoolean();
    private volatile Tenants tenants = new Tenants();

    /** A thread of the network namespace that the gateway was started in; null before. */
    private NetworkNamespace home;

    private LivePolicy policy;
    private UpgradeNamespace upgradeNamespace;
    private Ramps ramps;
    private Reconfiguration changes;
    private volatile boolean ending;

    /**
     * Where an on-ramp's device is made when that is not in the configuration.
     *
     * @param namespaces by on-ramp name
     * @param resolver the host's DNS server, for off-ramps with a DNS address
     */
    public record Surroundings(
            Map<String, NetworkNamespace> namespaces, Optional<InetSocketAddress> resolver) {
        public static final Surroundings HOST = new Surroundings(Map.of(), Optional.empty());

        /** Devices where the configuration says, and names by the host's own resolver. */
        public static Surroundings host() {
            return new Surroundings(Map.of(), HostResolver.find());
        }
    }

    private Gateway(Configuration configuration, Surroundings surroundings, FlowListener listener)
            throws IOException {
        int count = configuration.workers();
        if (count > SlotAddresses.MAXIMUM_WORKERS) {
            throw new IOException(
                    "at most " + SlotAddresses.MAXIMUM_WORKERS + " workers are possible");
        }
        CycleClock clock = new CycleClock(System::nanoTime);
        workers = new Workers(new ArrayList<>());
        table =
                new FlowTable(
                        count,
                        Reconfiguration.limits(configuration),
                        Reconfiguration.timers(configuration),
                        clock,
                        listener,
                        this::expired);
        loops =
                new MultiThreadIoEventLoopGroup(
                        count, new DefaultThreadFactory("worker", true), SteadyEpoll.newFactory());
        try {
            open(configuration, surroundings, clock);
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    /**
     * Starts a gateway. Its workers are born here, so they, and the sockets that upgraded flows
     * leave by, are of the calling thread's network namespace.
     *
     * @param listener told of flows on the workers' threads
     * @throws IOException with a sentence for the operator
     */
    public static Gateway start(
            Configuration configuration, Surroundings surroundings, FlowListener listener)
            throws IOException {
        return new Gateway(configuration, surroundings, listener);
    }

    private void open(Configuration configuration, Surroundings surroundings, CycleClock clock)
            throws IOException {
        loadPlugins(configuration);
        tls = Tls.open(configuration.tls());
        upstreams = new Upstreams(tls::client);
        upstreams.prepare(configuration.upstreams(), configuration.resolver()).commit();
        web =
                new WebHandlers(
                        configuration.http(),
                        tls,
                        upstreams,
                        plugins::current,
                        ExchangeListener.NONE);
        warnOfFewDescriptors();
        Set<Offload> offloads = OffloadSelfTest.run();
        EchoSockets echoSockets = EchoSockets.probe();
        if (echoSockets.incomplete()) {
            LOG.warn(
                    "This process may send no echo requests over {}: ping is not forwarded. "
                            + "To allow it: sysctl -w net.ipv4.ping_group_range='0 2147483647'",
                    echoSockets.ipv4() == echoSockets.ipv6()
                            ? "IPv4 and IPv6"
                            : "one of IPv4 and IPv6");
        }
        home = NetworkNamespace.current("culvert-changes");
        upgradeNamespace =
                UpgradeNamespace.open(
                        configuration.workers(), offloads, configuration.timers().tcpEstablished());
        Routing routing = Routing.of(configuration);
        SocketOffRamps sockets = new SocketOffRamps(surroundings.resolver());
        sockets.become(configuration);
        policy = new LivePolicy(configuration.policy());
        tenants = routing.tenants();
        Worker.Shared shared =
                new Worker.Shared(
                        table,
                        clock,
                        policy,
                        sockets.byName(),
                        routing.routes(),
                        routing.listeners(),
                        Worker.Limits.of(configuration),
                        new UdpOwners(),
                        new Identifications(),
                        plugins,
                        web,
                        new ConcurrentHashMap<>(),
                        Collections.unmodifiableList(workers.all()));
        for (EventExecutor loop : loops) {
            Poller poller = new Poller((IoEventLoop) loop, Gateway::failed);
            int index = workers.size();
            workers.all()
                    .add(
                            new Worker(
                                    index,
                                    configuration.workers(),
                                    shared,
                                    poller,
                                    upgradeNamespace.entrance(index),
                                    echoSockets));
        }
        ramps =
                new Ramps(
                        workers,
                        routing,
                        new DeviceOpener(workers, surroundings, offloads, routing),
                        clock,
                        plugins);
        changes =
                new Reconfiguration(
                        configuration,
                        new Reconfiguration.Parts(
                                table,
                                workers,
                                policy,
                                sockets,
                                routing,
                                upgradeNamespace,
                                ramps,
                                plugins,
                                tls,
                                upstreams,
                                web));
        ramps.open(configuration);
        workers.each(Worker::start);
        ramps.start();
    }

    private void loadPlugins(Configuration configuration) throws IOException {
        try {
            plugins.replace(plugins.load(configuration));
        } catch (PluginException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    /** The plugins in force. */
    public Plugins plugins() {
        return plugins;
    }

    /** What ends TLS and begins it. */
    public Tls tls() {
        return tls;
    }

    /** Who carries requests. */
    public HttpProxy http() {
        return web.proxy();
    }

    /** Where requests go on to. */
    public Upstreams upstreams() {
        return upstreams;
    }

    private static void warnOfFewDescriptors() throws IOException {
        long limit = OpenDescriptors.limit();
        if (limit < FEW_DESCRIPTORS) {
            LOG.warn(
                    "This process may open {} files, so no more than about {} upgraded TCP "
                            + "connections can live at once. To raise it: ulimit -n 1048576, or "
                            + "LimitNOFILE=1048576 in a systemd unit",
                    limit,
                    limit / 2);
        }
    }

    /** What the gateway does. */
    public Configuration configuration() {
        return changes.current();
    }

    /**
     * Does from now on what that configuration says, without losing a flow that it allows. All of
     * it, or, where this throws, nothing.
     *
     * @param recheck whether flows that live are asked of the new policy, too, and closed where it
     *     decides otherwise
     * @return flows that were closed for that
     * @throws IOException with a sentence for the operator
     */
    public int apply(Configuration next, boolean recheck) throws IOException {
        return home.call(
                () -> {
                    if (ending) {
                        throw new IOException(
                                "the gateway is about to end, and changes nothing any more; start"
                                        + " it again with the configuration");
                    }
                    return changes.apply(next, recheck);
                });
    }

    /** What would become of the flows that live, at that configuration. */
    public Reconfiguration.Closed wouldClose(Configuration next) throws IOException {
        return home.call(() -> changes.wouldClose(next));
    }

    /** Every live flow, in no order. */
    public void forEachFlow(Consumer<Flow> reader) {
        table.forEach(reader);
    }

    /** Live flows. */
    public int flows() {
        return table.size();
    }

    /** What bounds the flows. */
    public FlowLimits limits() {
        return table.limits();
    }

    /** Every tenant that has been named, in no order. */
    public Collection<Tenant> tenants() {
        return tenants.all();
    }

    /** How many flows each rule in audit mode would have refused, by its name. */
    public Map<String, Long> wouldRefuse() {
        return policy.current().wouldRefuse();
    }

    /** The off-ramps that translate. */
    public List<DeviceOffRamp> deviceOffRamps() {
        return ramps.offRamps().stream().map(LiveOffRamp::ramp).toList();
    }

    /** Tunnels that came by themselves and whose peer is there. */
    public int tunnels() {
        return ramps.tunnels();
    }

    /**
     * Says what would become of a flow; nothing is sent, opened or counted.
     *
     * @throws IOException with a sentence: there is no such tenant or on-ramp, or no answer
     */
    public Explanation explain(Question question) throws IOException {
        return new Explanations(workers.all(), table, new ExplainedHooks(plugins)).of(question);
    }

    /** Says what a live flow is. */
    public Explanation explainFlow(long id) throws IOException {
        return new Explanations(workers.all(), table, new ExplainedHooks(plugins)).of(id);
    }

    /** Each worker's count of packets. */
    public List<PacketCounters> counters() {
        return workers.all().stream().map(Worker::counters).toList();
    }

    /** The device of an on-ramp. */
    public TunDevice device(String onRamp) {
        return ramps.device(onRamp).orElseThrow();
    }

    /** What the workers hold now. */
    public List<WorkerStatus> status() throws IOException {
        return workers.ask(Worker::status);
    }

    /** The same by worker, as each gets round to an answer; one that is stuck gives none. */
    public List<CompletableFuture<WorkerStatus>> askStatus() {
        return workers.begin(Worker::status);
    }

    /**
     * Opens no flow any more, and waits until TCP connections have ended or so little of the time
     * is left that closing the others will use it up.
     *
     * @param atOnce ends the waiting when it reaches zero
     */
    public void drain(Duration limit, CountDownLatch atOnce)
            throws IOException, InterruptedException {
        ending = true;
        for (Worker worker : workers.all()) {
            worker.poller().execute(worker::drain);
        }
        web.drain();
        // A quarter of a short limit is time enough for closing.
        Duration closing = limit.dividedBy(4);
        Duration waiting =
                limit.minus(closing.compareTo(CLOSING_TIME) < 0 ? closing : CLOSING_TIME);
        long deadline = System.nanoTime() + waiting.toNanos();
        while (connections() > 0 && System.nanoTime() - deadline < 0) {
            if (atOnce.await(20, TimeUnit.MILLISECONDS)) {
                return;
            }
        }
    }

    /**
     * A slot stays with its flow until the initiator has everything: bytes that a relay handed over
     * wait in the namespace's sockets, which end with this process. A connection that was accepted
     * has none and counts for itself.
     */
    private int connections() throws IOException {
        return status().stream()
                .mapToInt(status -> status.slots() + status.dials() + status.accepted())
                .sum();
    }

    /**
     * Ends every flow, with a reset where it is a connection, and gives everything back. A second
     * call does nothing.
     */
    @Override
    public void close() {
        if (closed.getAndSet(true)) {
            return;
        }
        ending = true;
        if (home != null) {
            endChanges();
        }
        if (ramps != null) {
            ramps.stop();
        }
        for (Worker worker : workers.all()) {
            try {
                workers.on(worker, Worker::closeFlows);
            } catch (IOException e) {
                LOG.warn("A worker does not answer; its flows end with the process", e);
            }
        }
        plugins.close();
        if (upstreams != null) {
            upstreams.close();
        }
        if (tls != null) {
            tls.close();
        }
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
        workers.all().forEach(Worker::close);
        if (ramps != null) {
            ramps.close();
        }
        if (upgradeNamespace != null) {
            upgradeNamespace.close();
        }
    }

    /** What is being changed is changed first. */
    private void endChanges() {
        try {
            boolean _ = home.call(() -> true);
        } catch (IOException e) {
            LOG.warn("A change of the configuration has not ended", e);
        }
        home.close();
    }

    private void expired(Flow flow) {
        Worker owner = workers.all().get(flow.worker());
        owner.poller().execute(() -> owner.expire(flow));
    }

    private static void failed(Throwable failure) {
        // Whoever can provoke one can provoke a million: the first, the second, the fourth and so
        // on are logged.
        long count = FAILURES.incrementAndGet();
        if (Long.bitCount(count) == 1) {
            LOG.error(
                    "A packet or event could not be handled (number {}); the worker goes on",
                    count,
                    failure);
        }
    }
}
