package io.culvert.gateway;

import io.culvert.flow.NanoClock;
import io.culvert.flow.Tenant;
import io.culvert.gateway.config.OnRamp;
import io.culvert.gateway.forward.TunnelPorts;
import io.culvert.gateway.tunnel.TextContext;
import io.culvert.gateway.tunnel.TunnelContext;
import io.culvert.hook.Endpoint;
import io.culvert.hook.Reason;
import io.culvert.hook.TunnelInfo;
import io.culvert.tun.GueEndpoint;
import io.culvert.tun.GuePeer;
import io.culvert.wire.IpAddress;
import io.culvert.wire.Prefix;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The tunnels of a {@link GueOnRamp} that packets name by the text in their headers. One begins
 * with its first packet, and ends when none has come for a while; there are no more than {@value
 * #MOST}.
 *
 * <p>Where plugins say what a text means, packets are dropped until they have.
 *
 * <p>Threading: any; workers ask here only about texts that are new to them.
 */
final class GueTunnels {
    static final int MOST = 4_096;

    private static final Logger LOG = LoggerFactory.getLogger(GueTunnels.class);

    private OnRamp.Gue settings;
    private final Routing routing;
    private final NanoClock clock;
    private final List<GueEndpoint<GueSource>> endpoints;
    private final TunnelQuestions questions;
    private final Map<Identity, GueTunnel> tunnels = new LinkedHashMap<>();
    private final GueQuestions<Identity> unknown = new GueQuestions<>();
    private boolean stopped;
    private int made;
    private long refused;
    private boolean over;

    /** What tells tunnels apart: two peers may say the same. */
    private record Identity(GueSource source, String text) {}

    /** What a text is. */
    sealed interface Named {
        /** One of ours. */
        record Known(GueTunnel tunnel) implements Named {}

        /** None, and the packet goes nowhere. */
        record Refused(Reason reason) implements Named {}
    }

    GueTunnels(
            OnRamp.Gue settings,
            Routing routing,
            NanoClock clock,
            List<GueEndpoint<GueSource>> endpoints,
            TunnelQuestions questions) {
        this.settings = settings;
        this.routing = routing;
        this.clock = clock;
        this.endpoints = endpoints;
        this.questions = questions;
    }

    /**
     * The tunnel of packets with that text, made where it is new.
     *
     * @param privateData the text, and maybe zeros behind it that fill the header up
     */
    synchronized Named named(GuePeer<GueSource> peer, byte[] privateData) {
        GueSource source = peer.owner();
        byte[] bytes = withoutPadding(privateData);
        // One character for each byte, so that different bytes are never the same.
        Identity identity = new Identity(source, new String(bytes, StandardCharsets.ISO_8859_1));
        GueTunnel known = tunnels.get(identity);
        if (known != null) {
            return new Named.Known(known);
        }
        if (over) {
            return new Named.Refused(Reason.UNKNOWN_PEER);
        }
        if (tunnels.size() >= MOST) {
            return refuse(source, Reason.TUNNEL_LIMIT, "there are " + MOST + " tunnels already");
        }
        if (settings.asksPlugins()) {
            return ask(identity, peer, bytes);
        }
        try {
            Admittance text = Admittance.of(TextContext.parse(ByteBuffer.wrap(bytes)));
            GueTunnel made = make(source, text, bytes);
            tunnels.put(identity, made);
            return new Named.Known(made);
        } catch (IllegalArgumentException wrong) {
            return refuse(source, Reason.TUNNEL_CONTEXT, wrong.getMessage());
        }
    }

    private Named ask(Identity identity, GuePeer<GueSource> peer, byte[] text) {
        if (unknown.isRefused(identity, clock.nanoTime())) {
            return new Named.Refused(Reason.TUNNEL_CONTEXT);
        }
        if (stopped || unknown.isAsked(identity) || !unknown.begin(identity, identity.source)) {
            return new Named.Refused(Reason.TUNNEL_UNDECIDED);
        }
        questions.ask(
                text,
                Optional.empty(),
                Optional.of(
                        new Endpoint(
                                new IpAddress(peer.high(), peer.low()).toInetAddress(),
                                peer.port())),
                new TunnelQuestions.Taker() {
                    @Override
                    public void admitted(Admittance admittance) {
                        admit(identity, admittance, text);
                    }

                    @Override
                    public void refused(String why) {
                        reject(identity, why);
                    }
                });
        return new Named.Refused(Reason.TUNNEL_UNDECIDED);
    }

    private synchronized void admit(Identity identity, Admittance admittance, byte[] text) {
        if (!unknown.end(identity)) {
            admittance.release();
            return;
        }
        try {
            if (tunnels.size() >= MOST) {
                throw new IllegalArgumentException("there are " + MOST + " tunnels already");
            }
            GueTunnel made = make(identity.source, admittance, text);
            // It may be that no packet of it comes again.
            made.begun(clock.nanoTime());
            tunnels.put(identity, made);
        } catch (IllegalArgumentException wrong) {
            admittance.release();
            remember(identity, wrong.getMessage());
        }
    }

    private synchronized void reject(Identity identity, String why) {
        if (unknown.end(identity)) {
            remember(identity, why);
        }
    }

    private void remember(Identity identity, String why) {
        unknown.refuse(identity, clock.nanoTime());
        Named unused = refuse(identity.source, Reason.TUNNEL_CONTEXT, why);
    }

    private static byte[] withoutPadding(byte[] privateData) {
        int length = privateData.length;
        while (length > 0 && privateData[length - 1] == 0) {
            length--;
        }
        return Arrays.copyOf(privateData, length);
    }

    private GueTunnel make(GueSource source, Admittance admittance, byte[] text) {
        TunnelContext context = admittance.context();
        OnRamp.Gue.Peer peer = source.settings();
        if (peer.tenant().isPresent() && !peer.tenant().get().equals(context.tenant())) {
            throw new IllegalArgumentException(
                    "its packets are tenant " + peer.tenant().get() + "'s");
        }
        for (Prefix route : context.routes()) {
            if (!source.leadsTo(route)) {
                throw new IllegalArgumentException(route + " is in none of its routes");
            }
        }
        Tenant tenant = routing.tenants().named(context.tenant());
        routing.routes()
                .taken(tenant, context.routes())
                .ifPresent(
                        taken -> {
                            throw new IllegalArgumentException(
                                    taken + " leads into another tunnel already");
                        });
        made++;
        String id = context.id().isEmpty() ? "" : "/" + context.id();
        GueTunnel tunnel =
                new GueTunnel(
                        "%s/%s/%s%s#%d"
                                .formatted(settings.name(), source, context.tenant(), id, made),
                        tenant,
                        source.sources(settings.strictSource(), context.routes()),
                        new TunnelInfo(settings.name(), context.id(), context.attributes()),
                        admittance,
                        text,
                        Math.min(peer.mtu(), context.mtu()),
                        endpoints);
        routing.routes().add(tunnel.ports(), context.routes());
        LOG.info("Tunnel {} of tenant {} has come", tunnel.ports().name(), tenant.name());
        return tunnel;
    }

    private Named refuse(GueSource source, Reason reason, String why) {
        // Each packet says it again: the first, the second, the fourth and so on are logged.
        refused++;
        if (Long.bitCount(refused) == 1) {
            LOG.info(
                    "A packet from {} was refused on {} (number {}): {}",
                    source,
                    settings.name(),
                    refused,
                    why);
        }
        return new Named.Refused(reason);
    }

    /** Ends those that have been silent for too long; their flows are the caller's to end. */
    synchronized List<TunnelPorts> endSilent() {
        List<TunnelPorts> ended = new ArrayList<>();
        long now = clock.nanoTime();
        Iterator<GueTunnel> each = tunnels.values().iterator();
        while (each.hasNext()) {
            GueTunnel tunnel = each.next();
            if (tunnel.isSilent(now, settings.idle().toNanos())) {
                each.remove();
                tunnel.end();
                routing.routes().remove(tunnel.ports());
                ended.add(tunnel.ports());
                LOG.info("Tunnel {} has ended", tunnel.ports().name());
            }
        }
        return ended;
    }

    /** What plugins know of them is no longer needed, and nobody asks any more. */
    synchronized void release() {
        stopped = true;
        tunnels.values().forEach(GueTunnel::release);
    }

    /**
     * Other settings hold from now on.
     *
     * @param gone entries whose tunnels end
     * @return these; their routes and flows are the caller's to end
     */
    synchronized List<TunnelPorts> become(OnRamp.Gue next, Set<GueSource> gone) {
        settings = next;
        unknown.become(gone);
        List<TunnelPorts> ended = new ArrayList<>();
        tunnels.forEach(
                (identity, tunnel) -> {
                    if (gone.contains(identity.source())) {
                        tunnel.end();
                        ended.add(tunnel.ports());
                    }
                });
        tunnels.keySet().removeIf(identity -> gone.contains(identity.source()));
        return ended;
    }

    /** Ends them all, and no other begins; their routes and flows are the caller's to end. */
    synchronized List<TunnelPorts> endAll() {
        over = true;
        tunnels.values().forEach(GueTunnel::end);
        List<TunnelPorts> ended = tunnels.values().stream().map(GueTunnel::ports).toList();
        tunnels.clear();
        return ended;
    }

    /** Those that there are. */
    synchronized List<TunnelPorts> ports() {
        return tunnels.values().stream().map(GueTunnel::ports).toList();
    }

    /** How many there are. */
    synchronized int size() {
        return tunnels.size();
    }
}
