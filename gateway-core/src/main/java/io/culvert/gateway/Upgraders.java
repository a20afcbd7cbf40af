package io.culvert.gateway;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.Tenant;
import io.culvert.gateway.detect.Application;
import io.culvert.gateway.detect.Facts;
import io.culvert.gateway.forward.Forwarder;
import io.culvert.gateway.forward.Routes;
import io.culvert.gateway.forward.TunnelPort;
import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.Proxying;
import io.culvert.gateway.policy.RequestRules;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.Reason;
import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;
import io.culvert.upgrade.AcceptedOutcome;
import io.culvert.upgrade.EchoUpgrader;
import io.culvert.upgrade.Recipient;
import io.culvert.upgrade.SocketOffRamp;
import io.culvert.upgrade.Takeover;
import io.culvert.upgrade.TcpUpgrader;
import io.culvert.upgrade.UdpUpgrader;
import io.culvert.wire.IpPacket;
import io.culvert.wire.IpProtocol;

import java.util.Map;
import java.util.Optional;

/**
 * One worker's upgraders, by protocol. What is upgraded leaves by a socket of the host, or, where
 * the off-ramp is {@link Routes#TUNNELS}, as packets into a tunnel again.
 *
 * @param offRamps the socket off-ramps by name; may change
 * @param web the gateway's own handlers; {@code null} where nobody asks for them
 * @param listeners where accepted connections come from
 */
record Upgraders(
        int worker,
        TcpUpgrader tcp,
        UdpUpgrader udp,
        EchoUpgrader echo,
        Map<String, SocketOffRamp> offRamps,
        Forwarder forwarder,
        WebAccess web,
        Listeners listeners) {

    /** Whether a flow of that decision leaves as packets again. */
    static boolean isDowngraded(FlowDecision.Upgrade decision) {
        return decision.via().equals(Routes.TUNNELS);
    }

    /** What is done with QUIC; {@code null} where nobody ends it. */
    QuicEnds quic() {
        return web == null ? null : web.handlers();
    }

    /** The worker that a new flow is to live on. */
    int owner(FlowDecision.Upgrade decision, int protocol, FlowKey key) {
        return isDowngraded(decision) ? worker : owner(protocol, key);
    }

    /** The worker that a new flow is to live on, should it be upgraded. */
    int owner(int protocol, FlowKey key) {
        return protocol == IpProtocol.UDP ? udp.owner(key) : worker;
    }

    /** Why nobody can handle a flow of that protocol so; {@code null} where somebody can. */
    Reason obstacleToHandler(FlowDecision.Upgrade decision, int protocol) {
        boolean http3 =
                protocol == IpProtocol.UDP
                        && decision.handler().equals(Policy.HTTP)
                        && web != null
                        && web.handlers().speaksHttp3();
        return protocol == IpProtocol.TCP
                        || decision.handler().equals(Policy.RELAY)
                        || decision.handler().equals(Policy.AUTO)
                        || http3
                ? null
                : Reason.PROTOCOL_NOT_UPGRADABLE;
    }

    /**
     * Why {@link #open} would give a flow no path now, as far as can be told without opening a
     * socket; {@code null} where it would.
     */
    Reason obstacle(FlowDecision.Upgrade decision, Tenant tenant, FlowKey key) {
        boolean downgraded = isDowngraded(decision);
        if (downgraded && forwarder.tunnelTo(tenant, key) == null) {
            return Reason.NO_ROUTE;
        }
        return switch (key.protocol()) {
            case IpProtocol.TCP -> tcp == null ? null : tcp.obstacle(tenant);
            case IpProtocol.UDP -> null;
            default -> downgraded || echo == null ? null : echo.obstacle(key.isIpv6());
        };
    }

    /**
     * Who of the gateway's own handlers gets a new TCP flow's connection; {@code null} where its
     * off-ramp was taken out of the configuration since it was decided.
     */
    Takeover takeover(
            Flow flow,
            FlowDecision.Upgrade decision,
            FlowInfo info,
            Proxying proxying,
            TunnelPort in) {
        SocketOffRamp offRamp = offRamps.get(decision.via());
        return offRamp == null
                ? null
                : web.takeover(flow, info, proxying, Optional.empty(), offRamp, in);
    }

    /**
     * How a connection goes on of which it is known that HTTP is spoken there, or TLS.
     *
     * @param rules that decide about each request
     */
    Detecting.Outcome proxied(
            Flow flow,
            FlowDecision.Upgrade decision,
            FlowInfo info,
            Proxying proxying,
            Facts facts,
            Optional<RequestRules> rules,
            TunnelPort in) {
        SocketOffRamp offRamp = offRamps.get(decision.via());
        if (offRamp == null) {
            // Into a tunnel HTTP is not spoken.
            return decision.handler().equals(Policy.AUTO)
                    ? new Detecting.Outcome.Relay()
                    : new Detecting.Outcome.Reset(Reason.HANDLER_FAILED);
        }
        boolean passes =
                facts.application() == Application.TLS
                        && web.handlers().tls(proxying) == Proxying.Tls.PASS;
        return passes
                ? new Detecting.Outcome.Relay()
                : new Detecting.Outcome.HandOver(
                        web.takeover(flow, info, proxying, rules, offRamp, in));
    }

    /**
     * Gives an upgraded flow its path.
     *
     * @param recipient who gets a TCP connection, see {@link TcpUpgrader#open}: told that it is
     *     over whatever this answers; {@code null} for the relay
     * @param ip its first packet, counted; a TCP flow takes it, another one has yet to be given it
     * @return {@code null}, or why there can be none; then the packet is the caller's
     */
    Reason open(
            Flow flow,
            FlowDecision.Upgrade decision,
            Recipient recipient,
            IpPacket ip,
            Packet packet,
            TunnelPort in) {
        int protocol = flow.key().protocol();
        if (isDowngraded(decision)) {
            return openInto(flow, recipient, ip, packet, in);
        }
        SocketOffRamp offRamp = offRamps.get(decision.via());
        if (offRamp == null) {
            return noOffRamp(recipient);
        }
        return switch (protocol) {
            case IpProtocol.TCP -> tcp.open(flow, offRamp, recipient, ip, packet, in.device());
            case IpProtocol.UDP -> udp.open(flow, offRamp, in.device());
            default -> echo.open(flow, offRamp, in.device());
        };
    }

    /**
     * The same for a flow whose initiator's connection stands already.
     *
     * @param socket the initiator's; taken where there is a path
     * @param outcome told of it then
     */
    Reason openAccepted(
            Flow flow,
            FlowDecision.Upgrade decision,
            Recipient recipient,
            int socket,
            TunnelPort in,
            AcceptedOutcome outcome) {
        SocketOffRamp offRamp = offRamps.get(decision.via());
        if (offRamp == null) {
            return noOffRamp(recipient);
        }
        SocketOffRamp.Target to = offRamp.target(flow);
        Reason obstacle = listeners.has(to) ? Reason.LOOP : null;
        return tcp.openAccepted(flow, to, obstacle, recipient, socket, in.device(), outcome);
    }

    /**
     * Gives a flow whose QUIC ends here its path; its first packet has yet to be given it.
     *
     * @param rules that decide about each request
     * @return {@code null}, or why there can be none
     */
    Reason openHttp3(
            Flow flow,
            FlowDecision.Upgrade decision,
            FlowInfo info,
            Proxying proxying,
            Optional<RequestRules> rules,
            TunnelPort in) {
        SocketOffRamp offRamp = offRamps.get(decision.via());
        if (offRamp == null) {
            return Reason.NO_ROUTE;
        }
        udp.open(flow, web.datagrams(flow, info, proxying, rules, offRamp, in), in.device());
        return null;
    }

    /** It was taken out of the configuration since it was decided. */
    private static Reason noOffRamp(Recipient recipient) {
        tellOver(recipient);
        return Reason.NO_ROUTE;
    }

    private static void tellOver(Recipient recipient) {
        if (recipient != null) {
            recipient.over();
        }
    }

    private Reason openInto(
            Flow flow, Recipient recipient, IpPacket ip, Packet packet, TunnelPort in) {
        PacketDevice tunnel = forwarder.tunnelTo(flow.tenant(), flow.key());
        PacketDevice aliased = tunnel == null ? null : forwarder.aliased(flow, tunnel);
        if (aliased == null) {
            tellOver(recipient);
            return tunnel == null ? Reason.NO_ROUTE : Reason.OUTSIDE_PORTS_EXHAUSTED;
        }
        if (flow.key().protocol() == IpProtocol.TCP) {
            return tcp.openInto(aliased, flow, recipient, ip, packet, in.device());
        }
        forwarder.downgrade(flow, in, aliased);
        return null;
    }
}
