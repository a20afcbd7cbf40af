package io.culvert.upgrade;

import io.culvert.wire.IpAddress;

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

    /** What a socket connects to. */
    public record Target(long high, long low, int port) {}

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
