package io.culvert.gateway;

import io.culvert.flow.FlowKey;
import io.culvert.flow.Tenant;
import io.culvert.gateway.forward.DevicePort;
import io.culvert.gateway.forward.Forwarder;
import io.culvert.gateway.forward.Port;
import io.culvert.gateway.forward.Routes;
import io.culvert.gateway.forward.TunnelPort;
import io.culvert.gateway.forward.TunnelPorts;
import io.culvert.gateway.policy.Policy;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.nat.Mapping;
import io.culvert.nat.MappingTable;
import io.culvert.upgrade.SocketOffRamp;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;
import io.culvert.wire.Prefix;

import java.util.Comparator;
import java.util.List;

/**
 * By what a flow would leave, and under which address.
 *
 * <p>Confined to one worker.
 *
 * @param quic what is done with QUIC; {@code null} where nobody ends it
 */
record WayOut(Forwarder forwarder, Upgraders upgraders, Routes routes, QuicEnds quic) {

    /** Adds the way of a flow, or why there is none. */
    void find(Explainer.Pending pending) {
        Findings findings = pending.findings();
        switch (pending.decision()) {
            case FlowDecision.Forward forward ->
                    forwarded(findings, pending.tenant(), pending.key(), forward);
            case FlowDecision.Upgrade upgrade ->
                    upgraded(findings, pending, pending.key(), upgrade);
            case FlowDecision.Refuse refuse ->
                    findings.refuse("hook", refuse.reason(), "decided by " + refuse.decidedBy());
        }
    }

    private void forwarded(
            Findings findings, Tenant tenant, FlowKey key, FlowDecision.Forward forward) {
        Port port = forwarder.wayOut(tenant, key, forward.via());
        switch (port) {
            case null ->
                    findings.refuse(
                            "off-ramp",
                            Reason.NO_ROUTE,
                            "no tunnel of the tenant leads there, and no off-ramp of type device");
            case TunnelPort tunnel -> into(findings, tunnel.tunnel(), key);
            case DevicePort device -> outOf(findings, tenant, key, device);
        }
        if (!findings.isOver()) {
            findings.carried("forward", "It stays IP packets", "");
        }
    }

    private void into(Findings findings, TunnelPorts tunnel, FlowKey key) {
        List<Prefix> all = routes.prefixes(tunnel);
        String by =
                all.stream()
                        .filter(
                                route ->
                                        route.contains(key.destinationHigh(), key.destinationLow()))
                        .max(Comparator.comparingInt(Prefix::length))
                        .map(route -> ", by its route " + route)
                        .orElse("");
        findings.leavesInto(tunnel.name(), by, all);
    }

    private void outOf(Findings findings, Tenant tenant, FlowKey key, DevicePort device) {
        String name = device.offRamp().name();
        switch (forwarder.preview(device, tenant, key)) {
            case MappingTable.Preview.Refused(Reason reason) ->
                    findings.refuse("off-ramp", reason, "of the off-ramp " + name);
            case MappingTable.Preview.Known(Mapping mapping) ->
                    findings.leavesBy(
                            name,
                            outside(mapping),
                            mapping.isAlive()
                                    ? "the mapping that its sender has"
                                    : "the mapping that its sender had, which rests");
            case MappingTable.Preview.New(IpAddress address) ->
                    findings.leavesBy(
                            name,
                            address.toString(),
                            MappingTable.hasPorts(key.protocol(), key.isIpv6())
                                    ? "a new mapping, one of the free ports"
                                    : "a new mapping, by address alone");
        }
    }

    /** The outside address, with the port where the protocol has one. */
    static String outside(Mapping mapping) {
        IpAddress address = new IpAddress(mapping.outsideHigh(), mapping.outsideLow());
        if (mapping.outsidePort() == 0) {
            return address.toString();
        }
        return address.isIpv4()
                ? address + ":" + mapping.outsidePort()
                : "[" + address + "]:" + mapping.outsidePort();
    }

    private void upgraded(
            Findings findings,
            Explainer.Pending pending,
            FlowKey key,
            FlowDecision.Upgrade upgrade) {
        Tenant tenant = pending.tenant();
        QuicUse use =
                key.protocol() == IpProtocol.UDP
                        ? QuicUse.of(upgrade, pending.ruling(), quic)
                        : QuicUse.NONE;
        if (use == QuicUse.REFUSE) {
            findings.refuse(
                    "handler",
                    Reason.PROTOCOL_NOT_UPGRADABLE,
                    "QUIC cannot be inspected; clients that hear of it use TCP");
            return;
        }
        Reason handler =
                use == QuicUse.NONE ? upgraders.obstacleToHandler(upgrade, key.protocol()) : null;
        if (handler != null) {
            findings.refuse("handler", handler, takers(upgrade, key.protocol()));
            return;
        }
        Reason obstacle = upgraders.obstacle(upgrade, tenant, key);
        if (obstacle != null) {
            findings.refuse("off-ramp", obstacle, "of the off-ramp " + upgrade.via());
            return;
        }
        boolean ping = key.protocol() != IpProtocol.TCP && key.protocol() != IpProtocol.UDP;
        if (Upgraders.isDowngraded(upgrade)) {
            IpAddress alias = routes.aliases().address(key.isIpv6());
            if (alias != null) {
                findings.leavesAs(alias.toString());
            }
            into(
                    findings,
                    routes.tunnelTo(tenant, key.destinationHigh(), key.destinationLow()),
                    key);
        } else {
            SocketOffRamp offRamp = upgraders.offRamps().get(upgrade.via());
            SocketOffRamp.Target target =
                    offRamp.target(
                            key.destinationHigh(),
                            key.destinationLow(),
                            ping ? 0 : key.destinationPort());
            IpAddress address = new IpAddress(target.high(), target.low());
            if (pending.isConnection()
                    && upgrade.handler().equals(Policy.RELAY)
                    && upgraders.listeners().has(target)) {
                findings.refuse("off-ramp", Reason.LOOP, "its target is the on-ramp itself");
                return;
            }
            String whom =
                    ping || target.port() == 0
                            ? address.toString()
                            : Findings.side(address.high(), address.low(), target.port());
            boolean replaced =
                    address.high() != key.destinationHigh()
                            || address.low() != key.destinationLow();
            findings.leavesBySocket(
                    upgrade.via(),
                    "a socket of this host to " + whom + (replaced ? ", which it stands for" : ""));
        }
        if (key.protocol() == IpProtocol.UDP) {
            datagrams(findings, pending, upgrade, use);
        } else if (key.protocol() == IpProtocol.TCP) {
            findings.handler(upgrade.handler());
        }
        findings.carried(
                "upgrade",
                "It is upgraded",
                pending.isConnection()
                        ? "; it stands already, and is reset where it cannot go on"
                        : tail(key.protocol()));
    }

    private static String takers(FlowDecision.Upgrade upgrade, int protocol) {
        return upgrade.handler()
                + " takes only TCP connections"
                + (protocol == IpProtocol.UDP && upgrade.handler().equals(Policy.HTTP)
                        ? ", and QUIC only with http: { experimental-http3: true }"
                        : "");
    }

    /** Who gets a UDP flow: what becomes of QUIC, where HTTP/3 is spoken. */
    private void datagrams(
            Findings findings,
            Explainer.Pending pending,
            FlowDecision.Upgrade upgrade,
            QuicUse use) {
        boolean later =
                use == QuicUse.NONE
                        && !Upgraders.isDowngraded(upgrade)
                        && QuicUse.asks(pending.ruling(), quic);
        if (later) {
            QuicUse ofQuic = QuicUse.of(quic.tls(pending.ruling().proxying()));
            findings.datagrams(upgrade.handler(), ofQuic, "; other datagrams are relayed");
        } else if (use != QuicUse.NONE) {
            findings.datagrams(upgrade.handler(), use, "");
        }
    }

    private static String tail(int protocol) {
        return switch (protocol) {
            case IpProtocol.TCP -> "; it is accepted once its target has accepted";
            case IpProtocol.UDP -> "";
            default -> ", as an echo request of the gateway's";
        };
    }
}
