package io.culvert.gateway;

import io.culvert.flow.NanoClock;
import io.culvert.flow.Tenant;
import io.culvert.gateway.config.OnRamp;
import io.culvert.gateway.config.Replacement;
import io.culvert.gateway.forward.TunnelPorts;
import io.culvert.gateway.plugin.Plugins;
import io.culvert.gateway.policy.AddressSet;
import io.culvert.gateway.tunnel.TunnelContext;
import io.culvert.hook.Reason;
import io.culvert.linux.Fd;
import io.culvert.linux.PeerCredentials;
import io.culvert.tun.PacketDevice;
import io.culvert.upgrade.Poller;
import io.culvert.wire.Prefix;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * An on-ramp whose tunnels are connections to a Unix socket. The first message of a connection is
 * its context, and each later one an IP packet. A context is text, or what plugins make of it.
 *
 * <pre>
 *   accepted --context--> joined: known by its id? --yes--> its flows go on
 *      |                     |           no
 *      '--refused------------'           '--> a tunnel more, polled by one worker
 *   peer gone --> its flows wait for the grace time, where it has an id --> ended
 * </pre>
 *
 * <p>Everything here runs on the loop of one worker, its home.
 */
final class SeqpacketOnRamp implements LiveOnRamp {
    private static final Logger LOG = LoggerFactory.getLogger(SeqpacketOnRamp.class);

    private static final long TICK_MILLIS = 100;

    private volatile OnRamp.Seqpacket settings;
    private final Routing routing;
    private final Workers group;
    private final List<Worker> workers;
    private final NanoClock clock;
    private final Worker home;
    private final Fd listener;
    private final TunnelQuestions questions;
    private final Newcomers newcomers;

    /** In the order of their coming. */
    private final Set<Tunnel> tunnels = new LinkedHashSet<>();

    /** Those whose peer has gone and may come back, the first to go foremost. */
    private final Set<Tunnel> away = new LinkedHashSet<>();

    private final UserCounts users = new UserCounts();
    private final Map<Identity, Tunnel> known = new HashMap<>();
    private final List<Tunnel> leaving = new ArrayList<>();
    private Poller.Repetition ticks;
    private int joined;
    private boolean stopped;
    private volatile int connected;

    /** By what a tunnel is known again. */
    private record Identity(String tenant, String id) {}

    /**
     * @param group of which the first is at home here
     * @param plugins asked where the settings say so
     * @throws IOException with a sentence for the operator
     */
    SeqpacketOnRamp(
            OnRamp.Seqpacket settings,
            Routing routing,
            Workers group,
            NanoClock clock,
            Plugins plugins)
            throws IOException {
        this.settings = settings;
        this.routing = routing;
        this.group = group;
        workers = List.copyOf(group.all());
        this.clock = clock;
        home = workers.getFirst();
        listener = UnixListener.open(settings.path(), settings.mode());
        questions = new TunnelQuestions(settings.name(), plugins, home.poller()::execute);
        newcomers =
                new Newcomers(
                        listener,
                        settings.path().toString(),
                        home.poller(),
                        clock,
                        () -> this.settings.asksPlugins(),
                        questions,
                        (socket, peer, admittance) -> join(admittance, socket, peer));
    }

    @Override
    public OnRamp settings() {
        return settings;
    }

    @Override
    public void lead() {
        // Tunnels have yet to come.
    }

    @Override
    public void start() throws IOException {
        group.first(
                worker -> {
                    newcomers.start();
                    ticks = home.poller().every(TICK_MILLIS, this::tick);
                });
    }

    @Override
    public boolean canBecome(OnRamp next) {
        return !Replacement.isNeeded(settings, next);
    }

    @Override
    public Commit change(OnRamp to, Undo undo) throws IOException {
        OnRamp.Seqpacket before = settings;
        OnRamp.Seqpacket next = (OnRamp.Seqpacket) to;
        if (next.mode() != before.mode()) {
            undo.push(() -> UnixListener.mode(before.path(), before.mode()));
            UnixListener.mode(next.path(), next.mode());
        }
        return () ->
                group.first(
                        worker -> {
                            settings = next;
                            tunnels.forEach(
                                    tunnel -> tunnel.ports().sources(sources(tunnel.context())));
                        });
    }

    @Override
    public void stop() {
        stopped = true;
        newcomers.stop();
        questions.stop();
        tunnels.forEach(tunnel -> tunnel.admittance().release());
    }

    @Override
    public void remove(Reason reason) throws IOException {
        group.first(
                worker -> {
                    stop();
                    ticks.cancel();
                    newcomers.leave();
                    for (Tunnel tunnel : tunnels) {
                        routing.routes().remove(tunnel.ports());
                        tunnel.ports().end();
                        leaving.add(tunnel);
                    }
                    away.clear();
                    count();
                });
        // While their peers can still be told.
        group.each(worker -> worker.dismiss(Tunnel.ends(ports(leaving), worker.index()), reason));
        group.first(worker -> leaving.forEach(Tunnel::disconnect));
        group.settle();
        tunnels.clear();
        close();
    }

    private static List<TunnelPorts> ports(List<Tunnel> tunnels) {
        return tunnels.stream().map(Tunnel::ports).toList();
    }

    /**
     * @throws IllegalArgumentException with a sentence for the peer
     */
    private void join(Admittance admittance, int socket, PeerCredentials peer) {
        TunnelContext context = admittance.context();
        Identity identity = new Identity(context.tenant(), context.id());
        Tunnel before = known.get(identity);
        if (before != null && before.peer().uid() != peer.uid()) {
            throw new IllegalArgumentException("the id is in use by another user");
        }
        if (before != null && before.context().equals(context)) {
            before.disconnect();
            before.admittance(admittance);
            before.connect(socket, peer);
            away.remove(before);
            count();
            LOG.info("Tunnel {} is back (pid {})", before.name(), peer.pid());
            return;
        }
        if (before != null) {
            // The same with other routes: what was allowed to the one is not to the other.
            end(before);
        }
        admit(peer.uid());
        Tenant tenant = routing.tenants().named(context.tenant());
        Optional<Prefix> taken = routing.routes().taken(tenant, context.routes());
        if (taken.isPresent()) {
            throw new IllegalArgumentException(taken.get() + " leads into another tunnel already");
        }
        joined++;
        String name =
                settings.name() + "/" + (context.id().isEmpty() ? "#" + joined : context.id());
        Tunnel tunnel =
                new Tunnel(
                        settings.name(),
                        name,
                        tenant,
                        sources(context),
                        admittance,
                        workers,
                        joined % workers.size(),
                        this::gone);
        routing.routes().add(tunnel.ports(), context.routes());
        tunnels.add(tunnel);
        users.add(peer.uid());
        if (!context.id().isEmpty()) {
            known.put(identity, tunnel);
        }
        tunnel.connect(socket, peer);
        count();
        LOG.info(
                "Tunnel {} of tenant {} has come (pid {}, uid {})",
                name,
                tenant.name(),
                peer.pid(),
                peer.uid());
    }

    private AddressSet sources(TunnelContext context) {
        return new AddressSet(settings.strictSource() ? context.routes() : List.of());
    }

    private void admit(int user) {
        if (tunnels.size() >= settings.tunnels()) {
            throw new IllegalArgumentException(
                    "there are " + settings.tunnels() + " tunnels already, as many as may be");
        }
        if (users.of(user) >= settings.tunnelsPerUser()) {
            throw new IllegalArgumentException(
                    "you have "
                            + settings.tunnelsPerUser()
                            + " tunnels already, as many as one user may");
        }
    }

    /** The peer of that connection has gone; on any thread. */
    private void gone(Tunnel tunnel, int connection) {
        home.poller()
                .execute(
                        () -> {
                            if (!stopped
                                    && tunnel.isConnected()
                                    && tunnel.connection() == connection) {
                                left(tunnel);
                            }
                        });
    }

    private void left(Tunnel tunnel) {
        tunnel.disconnect();
        if (tunnel.context().id().isEmpty() || settings.grace().isZero()) {
            end(tunnel);
        } else {
            tunnel.leftAtNanos(clock.nanoTime());
            away.add(tunnel);
            count();
            LOG.info("Tunnel {} has gone; its flows wait {}", tunnel.name(), settings.grace());
        }
    }

    private void count() {
        connected = tunnels.size() - away.size();
    }

    @Override
    public List<PacketDevice> ends() throws IOException {
        List<PacketDevice> ends = new ArrayList<>();
        group.first(
                worker -> ends.addAll(Tunnel.allEnds(ports(List.copyOf(tunnels)), group.size())));
        return ends;
    }

    @Override
    public int tunnels() {
        return connected;
    }

    private void end(Tunnel tunnel) {
        tunnel.disconnect();
        tunnel.admittance().release();
        routing.routes().remove(tunnel.ports());
        tunnels.remove(tunnel);
        away.remove(tunnel);
        users.remove(tunnel.peer().uid());
        known.remove(new Identity(tunnel.context().tenant(), tunnel.context().id()), tunnel);
        leaving.add(tunnel);
        count();
        LOG.info("Tunnel {} has ended", tunnel.name());
    }

    private void tick() {
        if (stopped) {
            return;
        }
        newcomers.tick();
        questions.tick();
        long over = clock.nanoTime() - settings.grace().toNanos();
        while (!away.isEmpty()) {
            Tunnel eldest = away.iterator().next();
            if (eldest.leftAtNanos() - over > 0) {
                break;
            }
            end(eldest);
        }
        if (!leaving.isEmpty()) {
            Tunnel.dismiss(ports(leaving), workers);
            leaving.clear();
        }
    }

    @Override
    public void close() throws IOException {
        listener.close();
        newcomers.close();
        tunnels.forEach(Tunnel::close);
        Files.deleteIfExists(settings.path());
    }
}
