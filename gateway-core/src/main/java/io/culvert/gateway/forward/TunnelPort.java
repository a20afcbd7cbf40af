package io.culvert.gateway.forward;

import io.culvert.flow.Tenant;
import io.culvert.gateway.policy.AddressSet;
import io.culvert.tun.PacketDevice;

/** One worker's end of a tunnel. */
public final class TunnelPort implements Port {
    private final TunnelPorts tunnel;
    private final PacketDevice device;

    TunnelPort(TunnelPorts tunnel, PacketDevice device) {
        this.tunnel = tunnel;
        this.device = device;
    }

    /** The tunnel, with the other workers' ends. */
    public TunnelPorts tunnel() {
        return tunnel;
    }

    /** Who its packets belong to. */
    public Tenant tenant() {
        return tunnel.tenant();
    }

    /** The addresses that packets may come from (RFC 2827, RFC 3704 section 2.2). */
    public AddressSet sources() {
        return tunnel.sources();
    }

    @Override
    public PacketDevice device() {
        return device;
    }
}
