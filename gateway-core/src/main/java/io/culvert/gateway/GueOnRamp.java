package io.culvert.gateway;

import io.culvert.flow.NanoClock;
import io.culvert.gateway.config.OnRamp;
import io.culvert.gateway.config.Replacement;
import io.culvert.gateway.forward.TunnelPorts;
import io.culvert.gateway.plugin.Plugins;
import io.culvert.hook.Reason;
import io.culvert.hook.TunnelInfo;
import io.culvert.tun.GueEndpoint;
import io.culvert.tun.GueSettings;
import io.culvert.tun.NetworkNamespace;
import io.culvert.tun.PacketDevice;
import io.culvert.upgrade.Poller;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.random.RandomGenerator;

/**
 * An on-ramp whose tunnels are UDP datagrams, each with a packet in it.
 *
 * <pre>
 *   datagram ─► from a peer's address? ─► context: the peer   ─► the tunnel of its entry
 *                     │ no                context: its text ─► known? ─► a tunnel of text and entry
 *                     └► dropped                                 └ no ─► right? ─► a tunnel more
 *                                                     (or: what do the plugins say? dropped till then)
 * </pre>
 *
 * <p>Each worker has sockets of its own on the same addresses, between which the kernel chooses by
 * outer address and port. Every worker sends into every tunnel by its own sockets.
 *
 * <p>A packet whose way to the peer leads back into the gateway comes in as any other, and may be
 * routed into the same tunnel again. It ends: in GUE in GUE it goes no further than a few times
 * ({@link io.culvert.tun.GuePeer}), and each time it is longer by the headers around it, until it
 * is too long for the way.
 */
final class GueOnRamp implements LiveOnRamp {
    private static final long TICK_MILLIS = 500;

    /** How exactly plugins' deadlines are kept. */
    private static final long QUESTIONS_MILLIS = 100;

    /** Of each worker's peers, which may be as many as the on-ramp has or a few thousand. */
    private static final int MOST_PEERS = 1 << 20;

    private volatile OnRamp.Gue settings;
    private final Routing routing;
    private final Workers group;
    private final List<Worker> workers;
    private final List<GueEndpoint<GueSource>> endpoints = new ArrayList<>();
    private final List<GueIntake> intakes = new ArrayList<>();
    private final GueSource.Table sources;
    private final TunnelQuestions questions;
    private final GueTunnels tunnels;
    private Poller.Repetition ticks;
    private Poller.Repetition expiries;
    private boolean stopped;

    /**
     * @param group of which the first looks after tunnels that end, and questions about new ones
     * @param plugins asked where the settings say so
     * @throws IOException with a sentence for the operator
     */
    GueOnRamp(OnRamp.Gue settings, Routing routing, Workers group, NanoClock clock, Plugins plugins)
            throws IOException {
        this.settings = settings;
        this.routing = routing;
        this.group = group;
        workers = List.copyOf(group.all());
        sources = new GueSource.Table(settings.peers());
        questions =
                new TunnelQuestions(settings.name(), plugins, workers.getFirst().poller()::execute);
        tunnels = new GueTunnels(settings, routing, clock, endpoints, questions);
        try {
            openEndpoints(settings);
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
        for (int i = 0; i < workers.size(); i++) {
            GueContexts contexts =
                    new GueContexts(
                            settings.isNamedByPackets() ? 2 * GueTunnels.MOST : 1,
                            RandomGenerator.getDefault().nextLong());
            intakes.add(
                    new GueIntake(i, workers.get(i), endpoints.get(i), tunnels, contexts, clock));
        }
        if (!settings.isNamedByPackets()) {
            sources.all().forEach(this::makeTunnel);
        }
    }

    private void openEndpoints(OnRamp.Gue settings) throws IOException {
        GueSettings of =
                new GueSettings(
                        settings.listen(),
                        settings.sourcePorts(),
                        Math.clamp(
                                2L * settings.peers().size(),
                                GueSettings.DEFAULT_PEERS,
                                MOST_PEERS),
                        settings.isNamedByPackets(),
                        settings.zeroChecksums());
        try (NetworkNamespace namespace = NetworkNamespace.current("culvert-" + settings.name())) {
            GueEndpoint.ensureFree(namespace, of);
            for (int i = 0; i < workers.size(); i++) {
                endpoints.add(GueEndpoint.open(namespace, of, sources));
            }
        }
    }

    private void makeTunnel(GueSource source) {
        OnRamp.Gue.Peer peer = source.settings();
        GueTunnel tunnel =
                new GueTunnel(
                        settings.name() + "/" + source,
                        routing.tenants().named(peer.tenant().orElseThrow()),
                        source.sources(settings.strictSource(), peer.routes()),
                        new TunnelInfo(settings.name(), "", Map.of()),
                        null,
                        new byte[0],
                        peer.mtu(),
                        endpoints);
        if (source.isOneAddress()) {
            tunnel.expect(
                    endpoints
                            .getFirst()
                            .peer(peer.from().address().high(), peer.from().address().low()));
        }
        source.tunnel(tunnel);
    }

    @Override
    public OnRamp settings() {
        return settings;
    }

    @Override
    public void lead() {
        sources.all().forEach(this::lead);
    }

    private void lead(GueSource source) {
        if (source.tunnel() != null) {
            routing.routes().add(source.tunnel().ports(), source.settings().routes());
        }
    }

    @Override
    public void start() throws IOException {
        group.each(worker -> intakes.get(worker.index()).start());
        group.first(
                worker -> {
                    ticks = worker.poller().every(TICK_MILLIS, this::tick);
                    expiries = worker.poller().every(QUESTIONS_MILLIS, questions::tick);
                });
    }

    @Override
    public boolean canBecome(OnRamp next) {
        return !Replacement.isNeeded(settings, next);
    }

    @Override
    public Commit change(OnRamp next, Undo undo) {
        return () -> become((OnRamp.Gue) next);
    }

    private void become(OnRamp.Gue next) throws IOException {
        settings = next;
        Set<GueSource> old = new LinkedHashSet<>(sources.all());
        List<GueSource> now = new ArrayList<>();
        for (OnRamp.Gue.Peer peer : next.peers()) {
            Optional<GueSource> kept = old.stream().filter(one -> one.canBecome(peer)).findFirst();
            if (kept.isPresent()) {
                old.remove(kept.get());
                now.add(kept.get());
                kept.get().become(peer);
                route(kept.get());
            } else {
                now.add(new GueSource(peer));
            }
        }
        Set<GueSource> added = new LinkedHashSet<>(now);
        added.removeAll(sources.all());
        sources.have(now);
        if (!next.isNamedByPackets()) {
            // An endpoint is its worker's.
            group.first(worker -> added.forEach(this::makeTunnel));
            added.forEach(this::lead);
        }
        List<TunnelPorts> ended = new ArrayList<>(tunnels.become(next, old));
        ended.addAll(ports(old));
        end(ended, Reason.ON_RAMP_REMOVED);
        group.each(
                worker -> {
                    intakes.get(worker.index()).forget();
                    endpoints.get(worker.index()).readmit();
                });
    }

    /** The routes of a tunnel that stays. */
    private void route(GueSource source) {
        GueTunnel tunnel = source.tunnel();
        if (tunnel != null) {
            OnRamp.Gue.Peer peer = source.settings();
            routing.routes().replace(tunnel.ports(), peer.routes());
            tunnel.ports().sources(source.sources(settings.strictSource(), peer.routes()));
        }
    }

    /** Tunnels that are there since an entry says so. */
    private static List<TunnelPorts> ports(Collection<GueSource> entries) {
        return entries.stream()
                .map(GueSource::tunnel)
                .filter(Objects::nonNull)
                .map(GueTunnel::ports)
                .toList();
    }

    /** Nothing goes into those tunnels any more, and their flows end. */
    private void end(List<TunnelPorts> ended, Reason reason) throws IOException {
        for (TunnelPorts each : ended) {
            routing.routes().remove(each);
            each.end();
        }
        group.each(worker -> worker.dismiss(Tunnel.ends(ended, worker.index()), reason));
    }

    @Override
    public void stop() {
        stopped = true;
        questions.stop();
        tunnels.release();
    }

    @Override
    public void remove(Reason reason) throws IOException {
        group.first(
                worker -> {
                    stop();
                    ticks.cancel();
                    expiries.cancel();
                });
        group.each(worker -> intakes.get(worker.index()).stop());
        List<TunnelPorts> ended = new ArrayList<>(tunnels.endAll());
        ended.addAll(ports(sources.all()));
        end(ended, reason);
        group.each(
                worker -> {
                    intakes.get(worker.index()).leave();
                    endpoints.get(worker.index()).close();
                });
    }

    private void tick() {
        List<TunnelPorts> ended = stopped ? List.of() : tunnels.endSilent();
        if (!ended.isEmpty()) {
            Tunnel.dismiss(ended, workers);
            for (int i = 0; i < workers.size(); i++) {
                workers.get(i).poller().execute(intakes.get(i)::forget);
            }
        }
    }

    @Override
    public List<PacketDevice> ends() {
        List<TunnelPorts> all = new ArrayList<>(tunnels.ports());
        all.addAll(ports(sources.all()));
        return Tunnel.allEnds(all, group.size());
    }

    @Override
    public int tunnels() {
        long heard =
                sources.all().stream()
                        .filter(source -> source.tunnel() != null && source.tunnel().isHeard())
                        .count();
        return Math.toIntExact(heard) + tunnels.size();
    }

    @Override
    public void close() {
        endpoints.forEach(GueEndpoint::close);
    }
}
