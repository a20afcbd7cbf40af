package io.culvert.gateway.forward;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.FlowTable;
import io.culvert.flow.NanoClock;
import io.culvert.flow.PacketCounters;
import io.culvert.flow.TcpTracker;
import io.culvert.flow.Tenant;
import io.culvert.hook.FlowDecision;
import io.culvert.hook.Reason;
import io.culvert.nat.Endpoints;
import io.culvert.nat.Mapping;
import io.culvert.nat.MappingTable;
import io.culvert.tun.PacketDevice;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

import java.util.HashMap;
import java.util.Map;

/**
 * Opens one worker's forwarded flows: finds the tunnel or the device that leads to their target and
 * joins the two ports.
 *
 * <p>Confined to one worker.
 */
public final class Forwarder {
    private final int worker;
    private final FlowTable table;
    private final NanoClock clock;
    private final PacketCounters counters;
    private final Egress egress;
    private final Routes routes;
    private boolean midStream;
    private final Map<String, DevicePort> devices = new HashMap<>();
    private final BareDatagram bareDatagram = new BareDatagram();
    private final AliasedTunnel.Views views = new AliasedTunnel.Views();

    /**
     * @param worker whose it is
     * @param midStream whether a TCP connection may be forwarded whose beginning was not seen
     */
    public Forwarder(
            int worker,
            FlowTable table,
            NanoClock clock,
            PacketCounters counters,
            Egress egress,
            Routes routes,
            boolean midStream) {
        this.worker = worker;
        this.table = table;
        this.clock = clock;
        this.counters = counters;
        this.egress = egress;
        this.routes = routes;
        this.midStream = midStream;
    }

    /** From now on flows may leave there. */
    public void add(DevicePort device) {
        devices.put(device.offRamp().name(), device);
    }

    /** From now on flows leave there no more, unless another device has taken its name. */
    public void remove(DevicePort device) {
        devices.remove(device.offRamp().name(), device);
    }

    /** From now on that is so for flows that open. */
    public void midStream(boolean allowed) {
        midStream = allowed;
    }

    /**
     * Gives a new flow its path.
     *
     * @param in where its initiator is
     * @return {@code null}, or why there is no path
     */
    public Reason open(Flow flow, TunnelPort in, FlowDecision.Forward decision) {
        track(flow);
        return switch (wayOut(flow.tenant(), flow.key(), decision.via())) {
            case null -> Reason.NO_ROUTE;
            case TunnelPort tunnel -> {
                flow.path(new ForwardedFlow(this, flow, in.device(), tunnel.device()));
                yield null;
            }
            case DevicePort device -> openOutwards(flow, in, device);
        };
    }

    /**
     * Where a forwarded flow leaves: by a tunnel or a device; {@code null} where no way leads to
     * its target.
     *
     * @param via the off-ramp's name
     */
    public Port wayOut(Tenant tenant, FlowKey key, String via) {
        TunnelPorts tunnel =
                via.equals(Routes.TUNNELS)
                        ? routes.tunnelTo(tenant, key.destinationHigh(), key.destinationLow())
                        : null;
        return tunnel != null ? tunnel.of(worker) : devices.get(routes.deviceFor(via));
    }

    /** What a claim of a mapping for a flow that leaves there would come to; none is made. */
    public MappingTable.Preview preview(DevicePort device, Tenant tenant, FlowKey key) {
        return device.offRamp()
                .mappings()
                .preview(
                        tenant.id(),
                        key.protocol(),
                        key.sourceHigh(),
                        key.sourceLow(),
                        key.sourcePort(),
                        /* externalHigh= */ key.destinationHigh(),
                        /* externalLow= */ key.destinationLow(),
                        now());
    }

    /** The tunnel that leads to a flow's target; {@code null} where none of its tenant's does. */
    public PacketDevice tunnelTo(Tenant tenant, FlowKey key) {
        TunnelPorts tunnel = routes.tunnelTo(tenant, key.destinationHigh(), key.destinationLow());
        return tunnel == null ? null : tunnel.of(worker).device();
    }

    /**
     * The tunnel to an upgraded flow's target as the flow sees it: where the configuration has
     * addresses for that, what goes in does so under one of them.
     *
     * @return {@code null} where no port of the address is free
     */
    public PacketDevice aliased(Flow flow, PacketDevice tunnel) {
        IpAddress address = routes.aliases().address(flow.key().isIpv6());
        if (address == null) {
            return tunnel;
        }
        Alias alias = routes.aliases().claim(flow, address);
        return alias == null ? null : new AliasedTunnel(tunnel, alias, views);
    }

    /** Under what upgraded flows are known to targets behind tunnels. */
    public Aliases aliases() {
        return routes.aliases();
    }

    /**
     * Gives its path to an upgraded flow of datagrams that leave by a tunnel.
     *
     * @param in where its initiator is
     */
    public void downgrade(Flow flow, TunnelPort in, PacketDevice tunnel) {
        flow.path(
                flow.key().protocol() == IpProtocol.UDP
                        ? new DowngradedUdp(this, flow, in.device(), tunnel)
                        : new ForwardedFlow(this, flow, in.device(), tunnel));
    }

    private void track(Flow flow) {
        if (flow.key().protocol() == IpProtocol.TCP) {
            flow.tracker(new TcpTracker(midStream));
        }
    }

    private Reason openOutwards(Flow flow, TunnelPort in, DevicePort device) {
        FlowKey key = flow.key();
        MappingTable.Claim claim =
                device.offRamp()
                        .mappings()
                        .claim(
                                flow.tenant().id(),
                                key.protocol(),
                                key.sourceHigh(),
                                key.sourceLow(),
                                key.sourcePort(),
                                /* externalHigh= */ key.destinationHigh(),
                                /* externalLow= */ key.destinationLow(),
                                now());
        if (claim instanceof MappingTable.Claim.Refused(Reason reason)) {
            return reason;
        }
        Mapping mapping = ((MappingTable.Claim.Mapped) claim).mapping();
        Endpoints inside = endpoints(key);
        boolean query = key.protocol() != IpProtocol.TCP && key.protocol() != IpProtocol.UDP;
        Endpoints outside =
                new Endpoints(
                        mapping.outsideHigh(),
                        mapping.outsideLow(),
                        mapping.outsidePort(),
                        key.destinationHigh(),
                        key.destinationLow(),
                        // An echo has one identifier, which stands for both ports.
                        query ? mapping.outsidePort() : key.destinationPort());
        ForwardedFlow.Lease lease =
                new ForwardedFlow.Lease(
                        device.offRamp(),
                        mapping,
                        true,
                        key.destinationHigh(),
                        key.destinationLow());
        flow.path(
                new ForwardedFlow(
                        this, flow, in.device(), device.device(), lease, inside, outside));
        return null;
    }

    /**
     * Gives its path to a flow that came in from outside, through a mapping.
     *
     * @return {@code null}, or why there is no path
     */
    public Reason openInwards(Flow flow, DevicePort in, Mapping through) {
        FlowKey key = flow.key();
        TunnelPorts tunnel =
                routes.tunnelOf(flow.tenant(), key.destinationHigh(), key.destinationLow());
        if (tunnel == null) {
            return Reason.NO_ROUTE;
        }
        MappingTable.Claim claim =
                in.offRamp()
                        .mappings()
                        .claim(
                                flow.tenant().id(),
                                key.protocol(),
                                /* insideHigh= */ key.destinationHigh(),
                                /* insideLow= */ key.destinationLow(),
                                /* insidePort= */ key.destinationPort(),
                                /* externalHigh= */ key.sourceHigh(),
                                /* externalLow= */ key.sourceLow(),
                                now());
        if (claim instanceof MappingTable.Claim.Refused(Reason reason)) {
            return reason;
        }
        track(flow);
        Endpoints sent =
                new Endpoints(
                        key.sourceHigh(),
                        key.sourceLow(),
                        key.sourcePort(),
                        through.outsideHigh(),
                        through.outsideLow(),
                        through.outsidePort());
        ForwardedFlow.Lease lease =
                new ForwardedFlow.Lease(
                        in.offRamp(), through, false, key.sourceHigh(), key.sourceLow());
        flow.path(
                new ForwardedFlow(
                        this,
                        flow,
                        in.device(),
                        tunnel.of(worker).device(),
                        lease,
                        sent,
                        endpoints(key)));
        return null;
    }

    /** Sends what was kept until the end of a batch of packets. */
    public void flush() {
        egress.flush();
    }

    /** Lets outside ports that have rested be used again; called by one worker now and then. */
    public void expire() {
        devices.values().forEach(device -> device.offRamp().mappings().expire(now()));
        routes.aliases().expire();
    }

    static Endpoints endpoints(FlowKey key) {
        return new Endpoints(
                key.sourceHigh(),
                key.sourceLow(),
                key.sourcePort(),
                key.destinationHigh(),
                key.destinationLow(),
                key.destinationPort());
    }

    /** The tenant of that number, which a mapping names. */
    public Tenant tenant(int id) {
        return routes.tenant(id);
    }

    FlowTable table() {
        return table;
    }

    PacketCounters counters() {
        return counters;
    }

    Egress egress() {
        return egress;
    }

    /** For one datagram at a time. */
    BareDatagram bareDatagram() {
        return bareDatagram;
    }

    long now() {
        return clock.nanoTime();
    }
}
