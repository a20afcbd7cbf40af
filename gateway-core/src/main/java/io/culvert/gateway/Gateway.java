package io.culvert.gateway;

import io.culvert.flow.CycleClock;
import io.culvert.flow.Flow;
import io.culvert.flow.FlowLimits;
import io.culvert.flow.FlowListener;
import io.culvert.flow.FlowTable;
import io.culvert.flow.FlowTimers;
import io.culvert.flow.Identifications;
import io.culvert.flow.PacketCounters;
import io.culvert.flow.Tenant;
import io.culvert.gateway.config.Configuration;
import io.culvert.gateway.config.OffRamp;
import io.culvert.gateway.config.OnRamp;
import io.culvert.gateway.explain.Explanation;
import io.culvert.gateway.explain.Question;
import io.culvert.gateway.forward.DeviceOffRamp;
import io.culvert.gateway.forward.DevicePort;
import io.culvert.gateway.forward.Port;
import io.culvert.gateway.plugin.PluginException;
import io.culvert.gateway.plugin.Plugins;
import io.culvert.gateway.policy.LivePolicy;
import io.culvert.linux.OpenDescriptors;
import io.culvert.nat.SlotAddresses;
import io.culvert.tun.NetworkNamespace;
import io.culvert.tun.Offload;
import io.culvert.tun.OffloadSelfTest;
import io.culvert.tun.TunDevice;
import io.culvert.upgrade.Poller;
import io.culvert.upgrade.SocketOffRamp;
import io.culvert.upgrade.UdpOwners;
import io.culvert.upgrade.UpgradeNamespace;
import io.netty.channel.IoEventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.EventExecutor;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
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

    private static final Duration ANSWER_TIME = Duration.ofSeconds(5);

    private final FlowTable table;
    private final Worker[] workers;
    private final MultiThreadIoEventLoopGroup loops;
    private final List<AutoCloseable> resources = new ArrayList<>();
    private final Map<String, TunDevice> devices = new HashMap<>();
    private final List<TunnelListener> listeners = new ArrayList<>();
    private final Plugins plugins = new Plugins();
    private final AtomicBoolean closed = new AtomicBoolean();
    private final List<DeviceOffRamp> deviceOffRamps = new CopyOnWriteArrayList<>();
    private volatile Tenants tenants = new Tenants();

    /**
     * Where an on-ramp's device is made when that is not in the configuration.
     *
     * @param namespaces by on-ramp name
     * @param resolver the host's DNS server, for off-ramps with a DNS address
     */
    public record Surroundings(
            Map<String, NetworkNamespace> namespaces, Optional<InetSocketAddress> resolver) {
        public static final Surroundings HOST = new Surroundings(Map.of(), Optional.empty());
    }

    private Gateway(Configuration configuration, Surroundings surroundings, FlowListener listener)
            throws IOException {
        int count = configuration.workers();
        if (count > SlotAddresses.MAXIMUM_WORKERS) {
            throw new IOException(
                    "at most " + SlotAddresses.MAXIMUM_WORKERS + " workers are possible");
        }
        CycleClock clock = new CycleClock(System::nanoTime);
        workers = new Worker[count];
        table =
                new FlowTable(
                        count,
                        new FlowLimits(
                                configuration.limits().flows(),
                                configuration.limits().flowsPerTenant(),
                                configuration.limits().flowsPerSecondPerTenant()),
                        new FlowTimers(
                                configuration.timers().tcpEstablished(),
                                configuration.timers().tcpTransitory(),
                                configuration.timers().udp(),
                                configuration.timers().icmp(),
                                FlowTimers.DEFAULT.other()),
                        clock,
                        listener,
                        this::expired);
        loops =
                new MultiThreadIoEventLoopGroup(
                        count,
                        new DefaultThreadFactory("worker", true),
                        EpollIoHandler.newFactory());
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
        UpgradeNamespace namespace =
                UpgradeNamespace.open(
                        workers.length, offloads, configuration.timers().tcpEstablished());
        resources.add(namespace);
        Routing routing = Routing.of(configuration);
        tenants = routing.tenants();
        Worker.Shared shared =
                new Worker.Shared(
                        table,
                        clock,
                        new LivePolicy(configuration.policy()),
                        socketOffRamps(configuration, surroundings),
                        routing.routes(),
                        new Worker.Limits(
                                slots(configuration.limits().flows()),
                                configuration.limits().slotsPerTenant(),
                                configuration.limits().dials(),
                                configuration.limits().dialTimeout().toNanos(),
                                configuration.timers().tcpTransitory().toNanos(),
                                configuration.limits().relayBuffer(),
                                configuration.timers().tcpEstablished(),
                                configuration.midStream()),
                        new UdpOwners(),
                        new Identifications(),
                        plugins,
                        new ConcurrentHashMap<>(),
                        Arrays.asList(workers));
        int index = 0;
        for (EventExecutor loop : loops) {
            Poller poller = new Poller((IoEventLoop) loop, Gateway::failed);
            workers[index] =
                    new Worker(index, shared, poller, namespace.entrance(index), echoSockets);
            index++;
        }
        DeviceOpener opener = new DeviceOpener(workers.length, surroundings, offloads, resources);
        List<DeviceOpener.Opened> opened = new ArrayList<>();
        for (OnRamp onRamp : configuration.onramps()) {
            switch (onRamp) {
                case OnRamp.Tun tun -> {
                    opened.add(opener.open(tun, routing));
                    devices.put(tun.name(), opened.getLast().device());
                }
                case OnRamp.Seqpacket seqpacket ->
                        listen(
                                new SeqpacketOnRamp(
                                        seqpacket, routing, List.of(workers), clock, plugins));
                case OnRamp.Gue gue ->
                        listen(new GueOnRamp(gue, routing, List.of(workers), clock, plugins));
                case OnRamp.Gre gre ->
                        listen(
                                GreOnRamp.open(
                                        gre, routing, List.of(workers), listeners.size(), clock));
            }
        }
        for (OffRamp offRamp : configuration.offramps()) {
            if (offRamp instanceof OffRamp.Device device) {
                opened.add(opener.open(device));
                deviceOffRamps.add(((DevicePort) opened.getLast().ports().apply(0)).offRamp());
            }
        }
        for (Worker worker : workers) {
            onLoop(worker, Worker::start);
        }
        for (DeviceOpener.Opened each : opened) {
            attach(each);
        }
        for (TunnelListener listener : listeners) {
            onLoop(workers[0], worker -> listener.start());
        }
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

    /** A flow between two tunnels has two. */
    private static int slots(int flows) {
        return (int) Math.min(2L * flows, SlotAddresses.MAXIMUM_SLOTS);
    }

    private void listen(TunnelListener listener) {
        resources.add(listener);
        listeners.add(listener);
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

    private void attach(DeviceOpener.Opened opened) throws IOException {
        for (int i = 0; i < workers.length; i++) {
            Port port = opened.ports().apply(i);
            boolean own = opened.isOwn(i);
            onLoop(workers[i], worker -> worker.attach(port, own));
        }
    }

    private static Map<String, SocketOffRamp> socketOffRamps(
            Configuration configuration, Surroundings surroundings) {
        Map<String, SocketOffRamp> sockets = new HashMap<>();
        for (OffRamp offRamp : configuration.offramps()) {
            if (offRamp instanceof OffRamp.Socket socket) {
                sockets.put(
                        socket.name(),
                        new SocketOffRamp(
                                socket.hostLoopback(), socket.dns(), surroundings.resolver()));
            }
        }
        return sockets;
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

    /** The off-ramps that translate. */
    public List<DeviceOffRamp> deviceOffRamps() {
        return List.copyOf(deviceOffRamps);
    }

    /** Tunnels that came by themselves and whose peer is there. */
    public int tunnels() {
        return listeners.stream().mapToInt(TunnelListener::tunnels).sum();
    }

    /**
     * Says what would become of a flow; nothing is sent, opened or counted.
     *
     * @throws IOException with a sentence: there is no such tenant or on-ramp, or no answer
     */
    public Explanation explain(Question question) throws IOException {
        return new Explanations(Arrays.asList(workers), table, HookQuestions.NONE).of(question);
    }

    /** Says what a live flow is. */
    public Explanation explainFlow(long id) throws IOException {
        return new Explanations(Arrays.asList(workers), table, HookQuestions.NONE).of(id);
    }

    /** Each worker's count of packets. */
    public List<PacketCounters> counters() {
        return Arrays.stream(workers).map(Worker::counters).toList();
    }

    /** The device of an on-ramp. */
    public TunDevice device(String onRamp) {
        return devices.get(onRamp);
    }

    /** What the workers hold now. */
    public List<WorkerStatus> status() throws IOException {
        List<WorkerStatus> all = new ArrayList<>();
        for (CompletableFuture<WorkerStatus> answer : askStatus()) {
            all.add(await(answer));
        }
        return all;
    }

    /** The same by worker, as each gets round to an answer; one that is stuck gives none. */
    public List<CompletableFuture<WorkerStatus>> askStatus() {
        List<CompletableFuture<WorkerStatus>> answers = new ArrayList<>();
        for (Worker worker : workers) {
            CompletableFuture<WorkerStatus> answer = new CompletableFuture<>();
            answers.add(answer);
            try {
                worker.poller().execute(() -> answer.complete(worker.status()));
            } catch (RejectedExecutionException ended) {
                answer.completeExceptionally(ended);
            }
        }
        return answers;
    }

    /**
     * Opens no flow any more, and waits until TCP connections have ended or so little of the time
     * is left that closing the others will use it up.
     *
     * @param atOnce ends the waiting when it reaches zero
     */
    public void drain(Duration limit, CountDownLatch atOnce)
            throws IOException, InterruptedException {
        for (Worker worker : workers) {
            worker.poller().execute(worker::drain);
        }
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
     * wait in the namespace's sockets, which end with this process.
     */
    private int connections() throws IOException {
        return status().stream().mapToInt(status -> status.slots() + status.dials()).sum();
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
        for (TunnelListener listener : listeners) {
            workers[0].poller().execute(listener::stop);
        }
        for (Worker worker : workers) {
            if (worker != null) {
                try {
                    onLoop(worker, Worker::closeFlows);
                } catch (IOException e) {
                    LOG.warn("A worker does not answer; its flows end with the process", e);
                }
            }
        }
        plugins.close();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
        for (Worker worker : workers) {
            if (worker != null) {
                worker.close();
            }
        }
        for (AutoCloseable resource : resources.reversed()) {
            try {
                resource.close();
            } catch (Exception e) {
                LOG.warn("Could not close {}", resource, e);
            }
        }
        resources.clear();
    }

    private static void onLoop(Worker worker, Consumer<Worker> task) throws IOException {
        CompletableFuture<Boolean> done = new CompletableFuture<>();
        worker.poller()
                .execute(
                        () -> {
                            try {
                                task.accept(worker);
                                done.complete(true);
                            } catch (RuntimeException e) {
                                done.completeExceptionally(e);
                            }
                        });
        await(done);
    }

    private static <T> T await(CompletableFuture<T> answer) throws IOException {
        try {
            return answer.get(ANSWER_TIME.toMillis(), TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting for a worker", e);
        } catch (ExecutionException e) {
            throw new IOException(e.getCause().getMessage(), e.getCause());
        } catch (TimeoutException e) {
            throw new IOException(
                    "a worker did not answer within " + ANSWER_TIME.toSeconds() + " s", e);
        }
    }

    private void expired(Flow flow) {
        Worker owner = workers[flow.worker()];
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
