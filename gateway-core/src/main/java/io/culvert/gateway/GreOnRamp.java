package io.culvert.gateway;

import io.culvert.flow.NanoClock;
import io.culvert.flow.PacketCounters;
import io.culvert.gateway.config.OnRamp;
import io.culvert.gateway.forward.TunnelPort;
import io.culvert.gateway.forward.TunnelPorts;
import io.culvert.gateway.policy.AddressSet;
import io.culvert.hook.Context;
import io.culvert.hook.Reason;
import io.culvert.hook.TunnelInfo;
import io.culvert.tun.GreEndpoint;
import io.culvert.tun.GreFields;
import io.culvert.tun.GreHandler;
import io.culvert.tun.GreOutcome;
import io.culvert.tun.GreSender;
import io.culvert.tun.GreSettings;
import io.culvert.tun.GreTunnel;
import io.culvert.tun.NetworkNamespace;
import io.culvert.tun.Packet;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * An on-ramp whose tunnels come in by GRE at one address: one for each peer, there from the start.
 *
 * <p>The kernel gives a packet to every raw socket that it fits, so one worker receives, the
 * on-ramp's home, and flows are on other workers only where they have their other end there. Every
 * worker sends. Filters that give each worker's socket a part would have the kernel copy every
 * packet for each of them; where one worker is too little, peers are better spread over several
 * addresses, whose on-ramps are at home on one worker after the other.
 */
final class GreOnRamp implements TunnelListener {
    /** How often some of the paths' MTUs are looked at. */
    private static final long LOOK_MILLIS = 1_000;

    /** In how many looks all of them are. */
    private static final int LOOKS = 60;

    private final GreEndpoint endpoint;
    private final List<Worker> workers;
    private final List<GreSender> senders;
    private final int home;
    private final int looked;

    /** Ends of the home worker. */
    private final TunnelPort[] ports;

    private final GreHandler intake = new Intake();

    private GreOnRamp(
            GreEndpoint endpoint,
            OnRamp.Gre settings,
            Routing routing,
            List<Worker> workers,
            int home) {
        this.endpoint = endpoint;
        this.workers = List.copyOf(workers);
        this.home = home;
        senders = workers.stream().map(_ -> endpoint.sender()).toList();
        looked = Math.ceilDiv(settings.peers().size(), LOOKS);
        List<TunnelPort> homes = new ArrayList<>();
        for (OnRamp.GrePeer peer : settings.peers()) {
            GreTunnel tunnel = endpoint.tunnel(homes.size());
            TunnelPorts all =
                    new TunnelPorts(
                            settings.name() + "/" + peer,
                            routing.tenants().named(peer.tenant()),
                            new AddressSet(peer.strictSource() ? peer.routes() : List.of()),
                            new TunnelInfo(settings.name(), "", Map.of()),
                            Context.EMPTY,
                            senders.stream().map(tunnel::end).toList());
            routing.routes().add(all, peer.routes());
            homes.add(all.of(home));
        }
        ports = homes.toArray(TunnelPort[]::new);
    }

    /**
     * Opens the sockets in the calling thread's network namespace, and makes the routes into the
     * tunnels.
     *
     * @param place among the gateway's on-ramps, by which the home is chosen
     * @throws IOException with a sentence for the operator
     */
    static GreOnRamp open(
            OnRamp.Gre settings, Routing routing, List<Worker> workers, int place, NanoClock clock)
            throws IOException {
        List<GreSettings.Peer> peers = settings.peers().stream().map(GreOnRamp::peer).toList();
        try (NetworkNamespace namespace = NetworkNamespace.current("culvert-" + settings.name())) {
            GreEndpoint endpoint =
                    GreEndpoint.open(
                            namespace,
                            new GreSettings(settings.listen().toInetAddress(), peers),
                            clock::nanoTime);
            return new GreOnRamp(endpoint, settings, routing, workers, place % workers.size());
        } catch (IOException e) {
            throw new IOException("on-ramp " + settings.name() + ": " + e.getMessage(), e);
        }
    }

    private static GreSettings.Peer peer(OnRamp.GrePeer peer) {
        return new GreSettings.Peer(
                peer.from().address().toInetAddress(),
                peer.from().length(),
                new GreFields(
                        peer.key().orElse(GreFields.NO_KEY), peer.checksum(), peer.sequence()),
                peer.mtu().orElse(GreSettings.Peer.OF_THE_PATH));
    }

    @Override
    public void start() {
        for (int i = 0; i < workers.size(); i++) {
            Worker worker = workers.get(i);
            GreSender sender = senders.get(i);
            boolean receives = i == home;
            worker.poller()
                    .execute(
                            () -> {
                                worker.flushAfterEach(sender::flush);
                                if (receives) {
                                    receive(worker);
                                }
                            });
        }
    }

    private void receive(Worker worker) {
        worker.poller().every(LOOK_MILLIS, () -> endpoint.refreshMtus(looked));
        worker.watch(endpoint.descriptor(), budget -> endpoint.receive(intake, budget));
    }

    /** Nobody comes or goes here anyway. */
    @Override
    public void stop() {}

    @Override
    public int tunnels() {
        return endpoint.heard();
    }

    @Override
    public void close() {
        endpoint.close();
    }

    /** What the home worker gets. */
    private final class Intake implements GreHandler {
        @Override
        public void packet(GreTunnel tunnel, Packet packet) {
            workers.get(home).receive(ports[tunnel.number()], packet);
        }

        @Override
        public void other(GreOutcome outcome) {
            PacketCounters counters = workers.get(home).counters();
            counters.received(1);
            if (outcome == GreOutcome.KEEPALIVE) {
                counters.answered(1);
            } else {
                counters.dropped(reason(outcome), 1);
            }
        }
    }

    private static Reason reason(GreOutcome outcome) {
        return switch (outcome) {
            case UNKNOWN_PEER -> Reason.UNKNOWN_PEER;
            case UNKNOWN_KEY -> Reason.TUNNEL_CONTEXT;
            case KEEPALIVE, KEEPALIVE_TOO_OFTEN, KEEPALIVE_ANSWER -> Reason.TUNNEL_CONTROL;
            case OUT_OF_SEQUENCE -> Reason.TUNNEL_SEQUENCE;
            case CONGESTION_UNMARKABLE -> Reason.TUNNEL_ECN;
            case WRONG_CHECKSUM -> Reason.BAD_CHECKSUM;
            case TO_THE_PEER -> Reason.MARTIAN;
            case PACKET,
                    TOO_SHORT,
                    POINT_TO_POINT,
                    UNKNOWN_VERSION,
                    SOURCE_ROUTE,
                    RESERVED_FLAG,
                    ETHERNET,
                    WEB_CACHE,
                    UNKNOWN_PROTOCOL,
                    WRONG_INNER_VERSION,
                    INNER_TOO_SHORT,
                    JOINED_DATAGRAMS,
                    TRUNCATED ->
                    Reason.MALFORMED_TUNNEL;
        };
    }
}
