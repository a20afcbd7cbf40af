package io.culvert.gateway;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.flow.Tenant;
import io.culvert.gateway.forward.TunnelPorts;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.Syscall;
import io.culvert.upgrade.RampPath;
import io.culvert.upgrade.SocketOffRamp;
import io.culvert.wire.IpAddress;

import java.net.InetSocketAddress;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Where a gateway's on-ramps of type {@code tcp} listen.
 *
 * <p>Threading: any.
 */
final class Listeners {
    private static final int AF_INET = 2;
    private static final int AF_INET6 = 10;
    private static final int DATAGRAM = 2;

    /** By on-ramp. */
    private final Map<TunnelPorts, List<InetSocketAddress>> all = new ConcurrentHashMap<>();

    private final AtomicInteger numbers = new AtomicInteger();

    /** An on-ramp listens there from now on, and nowhere else. */
    void put(TunnelPorts onRamp, List<InetSocketAddress> addresses) {
        all.put(onRamp, List.copyOf(addresses));
    }

    void remove(TunnelPorts onRamp) {
        all.remove(onRamp);
    }

    /** The on-ramps of a tenant, by name. */
    List<TunnelPorts> of(String tenant) {
        return all.keySet().stream()
                .filter(one -> one.tenant().name().equals(tenant))
                .sorted((one, other) -> one.name().compareTo(other.name()))
                .toList();
    }

    /** The tenant of that name, if an on-ramp of its listens. */
    Optional<Tenant> tenant(String name) {
        return of(name).stream().map(TunnelPorts::tenant).findFirst();
    }

    /** The name of the on-ramp that a flow came in by; empty where it is none of these. */
    String nameOf(Flow flow) {
        if (flow.path() instanceof RampPath path) {
            for (TunnelPorts one : of(flow.tenant().name())) {
                if (path.usesAny(Set.of(one.of(flow.worker()).device()))) {
                    return one.name();
                }
            }
        }
        return "";
    }

    /** For one connection more: not 0, and no other's for a long while. */
    int number() {
        return numbers.updateAndGet(last -> last + 1 == FlowKey.CONNECTIONS ? 1 : last + 1);
    }

    /** Whether a connection there would come back to the gateway. */
    boolean has(SocketOffRamp.Target target) {
        for (List<InetSocketAddress> addresses : all.values()) {
            for (InetSocketAddress each : addresses) {
                if (each.getPort() == target.port() && isThere(each, target)) {
                    return true;
                }
            }
        }
        return false;
    }

    private static boolean isThere(InetSocketAddress listener, SocketOffRamp.Target target) {
        IpAddress address = IpAddress.of(listener.getAddress());
        return listener.getAddress().isAnyLocalAddress()
                ? address.isIpv4() == IpAddress.isIpv4(target.high(), target.low())
                        && isOfHost(target)
                : address.high() == target.high() && address.low() == target.low();
    }

    /** Whether an address is one of the host's, which then goes there from the same one. */
    private static boolean isOfHost(SocketOffRamp.Target target) {
        if (IpAddress.isLoopback(target.high(), target.low())) {
            return true;
        }
        SocketAddressBuffer address =
                new SocketAddressBuffer().set(target.high(), target.low(), target.port());
        int socket =
                Syscall.socket(
                        address.isIpv6() ? AF_INET6 : AF_INET, DATAGRAM | Syscall.CLOEXEC, 0);
        if (socket < 0) {
            // Rather refused than round and round.
            return true;
        }
        // Sends nothing (connect(2)).
        int result = Syscall.connect(socket, address.address(), address.length());
        address.prepare();
        boolean known =
                result == 0
                        && Syscall.getsockname(socket, address.address(), address.lengthAddress())
                                == 0;
        Syscall.close(socket);
        return known
                && address.addressHigh() == target.high()
                && address.addressLow() == target.low();
    }
}
