package io.culvert.gateway.forward;

import io.culvert.flow.Tenant;
import io.culvert.gateway.policy.AddressSet;
import io.culvert.hook.Context;
import io.culvert.hook.TunnelInfo;
import io.culvert.tun.PacketDevice;

import java.util.List;
import java.util.Map;

/**
 * A tunnel as flows see it: whose it is, and an end for each worker, all of which there are before
 * anything leads there.
 *
 * <p>Immutable but for what hooks know of it; each port is confined to its worker.
 */
public final class TunnelPorts {
    private final String name;
    private final Tenant tenant;
    private volatile AddressSet sources;
    private volatile boolean gone;
    private final TunnelInfo info;
    private volatile Context context;
    private final List<TunnelPort> ports;

    /** A tunnel that says nothing of itself, by an on-ramp of its name. */
    public TunnelPorts(
            String name, Tenant tenant, AddressSet sources, List<? extends PacketDevice> devices) {
        this(name, tenant, sources, new TunnelInfo(name, "", Map.of()), Context.EMPTY, devices);
    }

    /**
     * @param name unique among the tunnels
     * @param sources the addresses that packets may come from
     * @param info for hooks, as {@code context}
     * @param devices each worker's end, by its index; several workers may have one in common
     */
    public TunnelPorts(
            String name,
            Tenant tenant,
            AddressSet sources,
            TunnelInfo info,
            Context context,
            List<? extends PacketDevice> devices) {
        this.name = name;
        this.tenant = tenant;
        this.sources = sources;
        this.info = info;
        this.context = context;
        ports = devices.stream().map(device -> new TunnelPort(this, device)).toList();
    }

    public String name() {
        return name;
    }

    public Tenant tenant() {
        return tenant;
    }

    /** What it says of itself. */
    public TunnelInfo info() {
        return info;
    }

    /** What hooks know of it. */
    public Context context() {
        return context;
    }

    /** Hooks know that of it from now on. */
    public void know(Context now) {
        context = now;
    }

    AddressSet sources() {
        return sources;
    }

    /** From now on packets may come from those addresses. */
    public void sources(AddressSet replacement) {
        sources = replacement;
    }

    /** No flow begins here any more: the tunnel has been taken out of the configuration. */
    public void end() {
        gone = true;
    }

    /** Whether it has, while a packet of it was under way. */
    public boolean isGone() {
        return gone;
    }

    /** The end of the worker with that index. */
    public TunnelPort of(int worker) {
        return ports.get(worker);
    }
}
