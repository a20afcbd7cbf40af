package io.culvert.upgrade;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.hook.FlowDecision;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

import java.net.InetSocketAddress;
import java.util.Optional;

/**
 * Where upgraded flows leave: sockets of the host. Two addresses may stand for something that
 * initiators cannot name, since loopback never crosses a link: one for the host's own loopback
 * address, one for the host's resolver.
 *
 * <p>Immutable.
 *
 * @param hostLoopback stands for 127.0.0.1, or ::1 where it is an IPv6 address
 * @param dns answers DNS by relaying port 53 to {@code resolver}
 */
public record SocketOffRamp(
        Optional<IpAddress> hostLoopback,
        Optional<IpAddress> dns,
        Optional<InetSocketAddress> resolver) {
    /** Every destination stands for itself. */
    public static final SocketOffRamp PLAIN =
            new SocketOffRamp(Optional.empty(), Optional.empty(), Optional.empty());

    private static final int DNS_PORT = 53;
    private static final IpAddress LOOPBACK_4 = IpAddress.parse("127.0.0.1");
    private static final IpAddress LOOPBACK_6 = IpAddress.parse("::1");

    /**
     * What a socket connects to.
     *
     * @param source the host's address that it connects from; {@code null} where the host chooses
     */
    public record Target(long high, long low, int port, IpAddress source) {
        /** From an address that the host chooses. */
        public Target(long high, long low, int port) {
            this(high, low, port, null);
        }

        boolean isIpv6() {
            return !IpAddress.isIpv4(high, low);
        }
    }

    /**
     * Where a flow goes: to the upstream that was decided for it, else to what stands behind its
     * destination. An upstream is taken as it is, the host's own loopback addresses included:
     * initiators cannot name it, and whoever names it for them means it. What it is not is
     * translated once more, so {@link #hostLoopback} stands for the host in destinations alone.
     */
    public Target target(Flow flow) {
        Target to = destination(flow.key());
        if (!(flow.decision() instanceof FlowDecision.Upgrade upgrade)) {
            return to;
        }
        if (upgrade.upstream().isPresent()) {
            IpAddress address = IpAddress.of(upgrade.upstream().get().address());
            to = new Target(address.high(), address.low(), upgrade.upstream().get().port());
        }
        if (upgrade.source().isPresent()) {
            IpAddress source = IpAddress.of(upgrade.source().get());
            to = new Target(to.high(), to.low(), to.port(), source);
        }
        return to;
    }

    private Target destination(FlowKey key) {
        // An echo request's identifier stands where others have ports.
        boolean hasPorts = key.protocol() == IpProtocol.TCP || key.protocol() == IpProtocol.UDP;
        return target(
                key.destinationHigh(), key.destinationLow(), hasPorts ? key.destinationPort() : 0);
    }

    /** Whether it was decided that a flow goes elsewhere than its initiator says. */
    static boolean hasUpstream(Flow flow) {
        return flow.decision() instanceof FlowDecision.Upgrade upgrade
                && upgrade.upstream().isPresent();
    }

    /** What stands behind a flow's destination. */
    public Target target(long high, long low, int port) {
        if (port == DNS_PORT && resolver.isPresent() && is(dns, high, low)) {
            IpAddress address = IpAddress.of(resolver.get().getAddress());
            return new Target(address.high(), address.low(), resolver.get().getPort());
        }
        if (is(hostLoopback, high, low)) {
            IpAddress address = hostLoopback.get().isIpv4() ? LOOPBACK_4 : LOOPBACK_6;
            return new Target(address.high(), address.low(), port);
        }
        return new Target(high, low, port);
    }

    private static boolean is(Optional<IpAddress> address, long high, long low) {
        return address.isPresent() && address.get().high() == high && address.get().low() == low;
    }
}
