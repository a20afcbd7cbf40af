package io.culvert.gateway;

import io.culvert.flow.CycleClock;
import io.culvert.flow.FlowLimits;
import io.culvert.flow.FlowListener;
import io.culvert.flow.FlowTable;
import io.culvert.flow.FlowTimers;
import io.culvert.flow.PacketCounters;
import io.culvert.gateway.config.Configuration;
import io.culvert.gateway.config.OffRamp;
import io.culvert.gateway.config.OnRamp;
import io.culvert.gateway.explain.Explanation;
import io.culvert.gateway.explain.Question;
import io.culvert.gateway.forward.DeviceOffRamp;
import io.culvert.gateway.forward.DevicePort;
import io.culvert.gateway.forward.Forwarder;
import io.culvert.gateway.forward.TunnelPorts;
import io.culvert.gateway.policy.AddressSet;
import io.culvert.gateway.policy.LivePolicy;
import io.culvert.nat.MappingTable;
import io.culvert.nat.PortBlockListener;
import io.culvert.upgrade.SocketOffRamp;
import io.culvert.wire.Prefix;

import java.security.SecureRandom;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a gateway of a configuration would do with flows, without one: its policy, routes and limits
 * are there, its devices, sockets and flows are not. Nothing is opened.
 *
 * <p>Tunnels that say themselves whose they are have to be imagined: where an on-ramp takes such, a
 * tenant that is asked about has one, behind which no prefixes are.
 */
public final class DryRun {
    private static final int WORKER = 0;

    private final Configuration configuration;
    private final Routing routing;
    private final Explainer explainer;

    public DryRun(Configuration configuration) {
        this.configuration = configuration;
        routing = Routing.of(configuration);
        CycleClock clock = new CycleClock(System::nanoTime);
        FlowTable table =
                new FlowTable(
                        1,
                        new FlowLimits(
                                configuration.limits().flows(),
                                configuration.limits().flowsPerTenant(),
                                configuration.limits().flowsPerSecondPerTenant()),
                        FlowTimers.DEFAULT,
                        clock,
                        FlowListener.NONE,
                        flow -> {});
        Forwarder forwarder =
                new Forwarder(
                        WORKER,
                        table,
                        clock,
                        new PacketCounters(),
                        null,
                        routing.routes(),
                        configuration.midStream());
        Map<String, SocketOffRamp> sockets = new HashMap<>();
        int scope = -1;
        for (OffRamp offRamp : configuration.offramps()) {
            switch (offRamp) {
                case OffRamp.Socket socket ->
                        sockets.put(
                                socket.name(),
                                new SocketOffRamp(
                                        socket.hostLoopback(), socket.dns(), Optional.empty()));
                case OffRamp.Device device ->
                        forwarder.add(
                                new DevicePort(
                                        new DeviceOffRamp(
                                                device.name(),
                                                scope--,
                                                new MappingTable(
                                                        device.mappings(),
                                                        PortBlockListener.NONE,
                                                        new SecureRandom())),
                                        null));
                case OffRamp.Tunnels _ -> {}
            }
        }
        configuration.onramps().forEach(this::add);
        explainer =
                new Explainer(
                        WORKER,
                        table,
                        clock,
                        new LivePolicy(configuration.policy()),
                        new Openings(table, clock, configuration.midStream(), Integer.MAX_VALUE),
                        new Upgraders(
                                WORKER,
                                null,
                                null,
                                null,
                                sockets,
                                forwarder,
                                null,
                                routing.listeners()),
                        forwarder,
                        routing.routes(),
                        routing.listeners(),
                        QuicEnds.of(configuration));
    }

    /**
     * What would become of a flow.
     *
     * @throws IllegalArgumentException with a sentence: there is no such tenant or on-ramp
     */
    public Explanation explain(Question question) {
        return explain(question, this::notAsked);
    }

    Explanation explain(Question question, HookQuestions hooks) {
        configuration.onramps().forEach(onRamp -> imagine(onRamp, question));
        Explainer.Pending pending = explainer.begin(question);
        if (!pending.isAnswered()) {
            hooks.ask(pending);
        }
        return explainer.end(pending);
    }

    /** Only a gateway loads plugins. */
    private void notAsked(Explainer.Pending pending) {
        if (!configuration.plugins().isEmpty()) {
            pending.findings()
                    .stage(
                            "hooks",
                            "not asked",
                            "plugins may decide otherwise; only a running gateway asks them");
        }
    }

    private void add(OnRamp onRamp) {
        switch (onRamp) {
            case OnRamp.Tun tun ->
                    add(tun.name(), tun.tenant(), TunOnRamp.sources(tun), tun.routes());
            case OnRamp.Tcp tcp ->
                    routing.listeners()
                            .put(
                                    new TunnelPorts(
                                            tcp.name(),
                                            routing.tenants().named(tcp.tenant()),
                                            sources(false, List.of()),
                                            List.of(new Packetless())),
                                    tcp.listen());
            case OnRamp.Gre gre -> {
                for (OnRamp.GrePeer peer : gre.peers()) {
                    add(
                            gre.name() + "/" + peer,
                            peer.tenant(),
                            sources(peer.strictSource(), peer.routes()),
                            peer.routes());
                }
            }
            case OnRamp.Gue gue -> {
                if (gue.context() == OnRamp.Gue.Context.PEER) {
                    for (OnRamp.Gue.Peer peer : gue.peers()) {
                        add(
                                gue.name() + "/" + peer.from(),
                                peer.tenant().orElseThrow(),
                                sources(gue.strictSource(), peer.routes()),
                                peer.routes());
                    }
                }
            }
            case OnRamp.Seqpacket _ -> {}
        }
    }

    /** A tunnel that would say whose it is. */
    private void imagine(OnRamp onRamp, Question question) {
        boolean comes =
                onRamp instanceof OnRamp.Seqpacket
                        || (onRamp instanceof OnRamp.Gue gue && gue.isNamedByPackets());
        String name = onRamp.name() + "/?";
        boolean known =
                routing.routes().tunnels(routing.tenants().named(question.tenant())).stream()
                        .anyMatch(tunnel -> tunnel.name().equals(name));
        if (comes && !known) {
            add(name, question.tenant(), sources(false, List.of()), List.of());
        }
    }

    private static AddressSet sources(boolean strict, List<Prefix> routes) {
        return new AddressSet(strict ? routes : List.of());
    }

    private void add(String name, String tenant, AddressSet sources, List<Prefix> routes) {
        TunnelPorts tunnel =
                new TunnelPorts(
                        name,
                        routing.tenants().named(tenant),
                        sources,
                        // No packet ever comes to it.
                        Collections.singletonList(null));
        routing.routes().add(tunnel, routes);
    }
}
