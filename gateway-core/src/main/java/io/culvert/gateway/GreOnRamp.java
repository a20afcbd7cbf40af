package io.culvert.gateway;

import io.culvert.flow.NanoClock;
import io.culvert.flow.PacketCounters;
import io.culvert.gateway.config.OnRamp;
import io.culvert.gateway.config.Replacement;
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
import io.culvert.tun.PacketDevice;
import io.culvert.upgrade.Poller;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An on-ramp whose tunnels come in by GRE at one address: one for each peer, there from the start.
 *
 * <p>The kernel gives a packet to every raw socket that it fits, so one worker receives, the
 * on-ramp's home, and flows are on other workers only where they have their other end there. Every
 * worker sends. Filters that give each worker's socket a part would have the kernel copy every
 * packet for each of them; where one worker is too little, peers are better spread over several
 * addresses, whose on-ramps are at home on one worker after the other.
 */
final class GreOnRamp implements LiveOnRamp {
    /** How often some of the paths' MTUs are looked at. */
    private static final long LOOK_MILLIS = 1_000;

    /** In how many looks all of them are. */
    private static final int LOOKS = 60;

    private final GreEndpoint endpoint;
    private final Routing routing;
    private final Workers group;
    private final List<Worker> workers;
    private final List<GreSender> senders;
    private final List<Runnable> flushes;
    private final int home;
    private final GreHandler intake = new Intake();

    private OnRamp.Gre settings;
    private List<Entry> entries;
    private Poller.Watch watch;
    private Poller.Repetition looks;

    /** Ends of the home worker, by the tunnel's number; its own. */
    private TunnelPort[] ports;

    /** One of the peers. */
    private record Entry(OnRamp.GrePeer peer, GreTunnel tunnel, TunnelPorts ports) {
        /** Whether packets go on as they do where that is the peer, though by other routes. */
        boolean canBecome(OnRamp.GrePeer next) {
            return peer.tenant().equals(next.tenant()) && settings(peer).equals(settings(next));
        }
    }

    private GreOnRamp(
            GreEndpoint endpoint, OnRamp.Gre settings, Routing routing, Workers group, int home) {
        this.endpoint = endpoint;
        this.settings = settings;
        this.routing = routing;
        this.group = group;
        this.home = home;
        workers = List.copyOf(group.all());
        senders = workers.stream().map(_ -> endpoint.sender()).toList();
        flushes = senders.stream().<Runnable>map(sender -> sender::flush).toList();
        entries = new ArrayList<>();
        for (OnRamp.GrePeer peer : settings.peers()) {
            entries.add(entry(settings.name(), peer, endpoint.tunnel(entries.size())));
        }
        ports = homes();
    }

    private Entry entry(String name, OnRamp.GrePeer peer, GreTunnel tunnel) {
        return new Entry(
                peer,
                tunnel,
                new TunnelPorts(
                        name + "/" + peer,
                        routing.tenants().named(peer.tenant()),
                        sources(peer),
                        new TunnelInfo(name, "", Map.of()),
                        Context.EMPTY,
                        senders.stream().map(tunnel::end).toList()));
    }

    private static AddressSet sources(OnRamp.GrePeer peer) {
        return new AddressSet(peer.strictSource() ? peer.routes() : List.of());
    }

    private TunnelPort[] homes() {
        return entries.stream().map(entry -> entry.ports().of(home)).toArray(TunnelPort[]::new);
    }

    /**
     * Opens the sockets in the calling thread's network namespace.
     *
     * @param place among the gateway's on-ramps, by which the home is chosen
     * @throws IOException with a sentence for the operator
     */
    static GreOnRamp open(
            OnRamp.Gre settings, Routing routing, Workers group, int place, NanoClock clock)
            throws IOException {
        List<GreSettings.Peer> peers = settings.peers().stream().map(GreOnRamp::settings).toList();
        try (NetworkNamespace namespace = NetworkNamespace.current("culvert-" + settings.name())) {
            GreEndpoint endpoint =
                    GreEndpoint.open(
                            namespace,
                            new GreSettings(settings.listen().toInetAddress(), peers),
                            clock::nanoTime);
            return new GreOnRamp(endpoint, settings, routing, group, place % group.size());
        } catch (IOException e) {
            throw new IOException("on-ramp " + settings.name() + ": " + e.getMessage(), e);
        }
    }

    private static GreSettings.Peer settings(OnRamp.GrePeer peer) {
        return new GreSettings.Peer(
                peer.from().address().toInetAddress(),
                peer.from().length(),
                new GreFields(
                        peer.key().orElse(GreFields.NO_KEY), peer.checksum(), peer.sequence()),
                peer.mtu().orElse(GreSettings.Peer.OF_THE_PATH));
    }

    @Override
    public OnRamp settings() {
        return settings;
    }

    @Override
    public void lead() {
        entries.forEach(this::lead);
    }

    private void lead(Entry entry) {
        routing.routes().add(entry.ports(), entry.peer().routes());
    }

    @Override
    public void start() throws IOException {
        group.each(worker -> worker.flushAfterEach(flushes.get(worker.index())));
        group.on(
                workers.get(home),
                worker -> {
                    looks = worker.poller().every(LOOK_MILLIS, this::look);
                    watch =
                            worker.watch(
                                    endpoint.descriptor(),
                                    budget -> endpoint.receive(intake, budget));
                });
    }

    private void look() {
        endpoint.refreshMtus(Math.ceilDiv(ports.length, LOOKS));
    }

    @Override
    public boolean canBecome(OnRamp next) {
        return !Replacement.isNeeded(settings, next);
    }

    @Override
    public Commit change(OnRamp next, Undo undo) {
        return () -> become((OnRamp.Gre) next);
    }

    private void become(OnRamp.Gre next) throws IOException {
        List<Entry> old = new ArrayList<>(entries);
        List<Entry> now = new ArrayList<>();
        for (OnRamp.GrePeer peer : next.peers()) {
            Optional<Entry> kept = old.stream().filter(one -> one.canBecome(peer)).findFirst();
            if (kept.isPresent()) {
                old.remove(kept.get());
                now.add(new Entry(peer, kept.get().tunnel(), kept.get().ports()));
                routing.routes().replace(kept.get().ports(), peer.routes());
                kept.get().ports().sources(sources(peer));
            } else {
                Entry added = entry(next.name(), peer, endpoint.make(settings(peer)));
                now.add(added);
                lead(added);
            }
        }
        settings = next;
        entries = now;
        TunnelPort[] homes = homes();
        group.on(
                workers.get(home),
                worker -> {
                    endpoint.have(now.stream().map(Entry::tunnel).toList());
                    ports = homes;
                });
        end(old, Reason.ON_RAMP_REMOVED);
    }

    /** Ends the flows of tunnels that nothing comes from any more, and then sends nothing there. */
    private void end(List<Entry> old, Reason reason) throws IOException {
        List<TunnelPorts> tunnels = old.stream().map(Entry::ports).toList();
        for (TunnelPorts each : tunnels) {
            routing.routes().remove(each);
            each.end();
        }
        group.each(worker -> worker.dismiss(Tunnel.ends(tunnels, worker.index()), reason));
        old.forEach(entry -> entry.tunnel().end());
        group.settle();
    }

    /** Nobody comes or goes here anyway. */
    @Override
    public void stop() {}

    @Override
    public void remove(Reason reason) throws IOException {
        group.on(
                workers.get(home),
                worker -> {
                    watch.cancel();
                    looks.cancel();
                });
        end(entries, reason);
        group.each(worker -> worker.flushNoMore(flushes.get(worker.index())));
        endpoint.close();
    }

    @Override
    public List<PacketDevice> ends() {
        return Tunnel.allEnds(entries.stream().map(Entry::ports).toList(), group.size());
    }

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
