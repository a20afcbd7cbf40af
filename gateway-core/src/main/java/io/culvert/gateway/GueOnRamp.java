package io.culvert.gateway;

import io.culvert.flow.NanoClock;
import io.culvert.gateway.config.OnRamp;
import io.culvert.gateway.forward.TunnelPorts;
import io.culvert.gateway.plugin.Plugins;
import io.culvert.hook.TunnelInfo;
import io.culvert.tun.GueEndpoint;
import io.culvert.tun.GueSettings;
import io.culvert.tun.NetworkNamespace;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
final class GueOnRamp implements TunnelListener {
    private static final long TICK_MILLIS = 500;

    /** How exactly plugins' deadlines are kept. */
    private static final long QUESTIONS_MILLIS = 100;

    /** Of each worker's peers, which may be as many as the on-ramp has or a few thousand. */
    private static final int MOST_PEERS = 1 << 20;

    private final List<Worker> workers;
    private final List<GueEndpoint<GueSource>> endpoints = new ArrayList<>();
    private final List<GueIntake> intakes = new ArrayList<>();
    private final GueSource.Table sources;
    private final TunnelQuestions questions;
    private final GueTunnels tunnels;
    private boolean stopped;

    /**
     * @param workers of which the first looks after tunnels that end, and questions about new ones
     * @param plugins asked where the settings say so
     * @throws IOException with a sentence for the operator
     */
    GueOnRamp(
            OnRamp.Gue settings,
            Routing routing,
            List<Worker> workers,
            NanoClock clock,
            Plugins plugins)
            throws IOException {
        this.workers = List.copyOf(workers);
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
            sources.all().forEach(source -> makeTunnel(source, settings, routing));
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

    private void makeTunnel(GueSource source, OnRamp.Gue settings, Routing routing) {
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
        routing.routes().add(tunnel.ports(), peer.routes());
    }

    @Override
    public void start() {
        for (int i = 0; i < workers.size(); i++) {
            workers.get(i).poller().execute(intakes.get(i)::start);
        }
        workers.getFirst().poller().every(TICK_MILLIS, this::tick);
        workers.getFirst().poller().every(QUESTIONS_MILLIS, questions::tick);
    }

    @Override
    public void stop() {
        stopped = true;
        questions.stop();
        tunnels.release();
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
