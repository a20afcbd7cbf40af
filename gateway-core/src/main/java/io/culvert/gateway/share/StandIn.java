package io.culvert.gateway.share;

import io.culvert.linux.NftRule;
import io.culvert.nat.PortRange;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

import java.net.InetAddress;

/**
 * An address of the host, and the one that stands for it between the gateway and the host.
 *
 * @param inside on no wire, and routed to the off-ramp's device
 */
record StandIn(IpAddress shared, IpAddress inside, PortRange ports) {

    /** New connections from the gateway get the host's address. */
    NftRule outwards(int protocol) {
        return new NftRule()
                .from(inside.toInetAddress())
                .protocol(protocol)
                .masquerade(shared.toInetAddress(), ports.first(), ports.last());
    }

    /** What a socket of the host's waits for that has been there before stays the host's. */
    NftRule exception(int protocol) {
        return toPorts(protocol).toBoundSocket().leave();
    }

    /** New connections to a port of the range go to the gateway. */
    NftRule inwards(int protocol) {
        return toPorts(protocol).redirect(inside.toInetAddress());
    }

    /** What could not be translated does not leave with an address that is nobody's. */
    NftRule guard(String device) {
        return new NftRule().from(inside.toInetAddress()).notLeavingBy(device).drop();
    }

    private NftRule toPorts(int protocol) {
        InetAddress address = shared.toInetAddress();
        return new NftRule().to(address).protocol(protocol).toPorts(ports.first(), ports.last());
    }

    int ping() {
        return shared.isIpv4() ? IpProtocol.ICMP : IpProtocol.ICMPV6;
    }
}
