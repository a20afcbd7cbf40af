package io.culvert.gateway.forward;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowKey;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.random.RandomGenerator;

/**
 * Addresses of the gateway's that upgraded flows go into tunnels under, in place of their
 * initiators'.
 *
 * <pre>
 *                   what the flow is                  what its target sees
 *   initiator I:i   I:i ──► T:t ── {@link AliasedTunnel} ──► A:p ──► T:t   target T:t
 *                   I:i ◄── T:t ── {@link Alias#toInitiator} ─ A:p ◄── T:t
 * </pre>
 *
 * A port of the address is taken for one flow and its target alone, so each target has all of them;
 * where it is free it is the initiator's own.
 *
 * <p>Threading: any.
 */
public final class Aliases {
    /** RFC 6056 section 3.3.1: at random among those that no service has. */
    private static final int FIRST_PORT = 1_024;

    private static final int LAST_PORT = 65_535;

    /** With half of the ports taken, one attempt in a million flows finds none. */
    private static final int ATTEMPTS = 20;

    private final RandomGenerator random;
    private final Map<FlowKey, Alias> byTarget = new ConcurrentHashMap<>();

    /** At most one of each version of IP. */
    private volatile List<IpAddress> addresses = List.of();

    Aliases(RandomGenerator random) {
        this.random = random;
    }

    /**
     * Flows that open have these from now on, and those that live what they had.
     *
     * @param next at most one of each version of IP; none where flows keep their initiators'
     */
    public void become(List<IpAddress> next) {
        addresses = List.copyOf(next);
    }

    /** What flows of that version of IP go under; {@code null} for their initiators' own. */
    public IpAddress address(boolean ipv6) {
        for (IpAddress address : addresses) {
            if (address.isIpv4() != ipv6) {
                return address;
            }
        }
        return null;
    }

    /**
     * Takes a port for a flow.
     *
     * @param address an {@link #address}
     * @return {@code null} where none was found that is free
     */
    Alias claim(Flow flow, IpAddress address) {
        int port = flow.key().sourcePort();
        for (int i = 0; i < ATTEMPTS; i++) {
            Alias alias = new Alias(flow, address, port);
            if (byTarget.putIfAbsent(alias.ofTarget(), alias) == null) {
                return alias;
            }
            port = random.nextInt(FIRST_PORT, LAST_PORT + 1);
        }
        return null;
    }

    /**
     * The alias that a packet was sent to.
     *
     * @param ofTarget what the packet carries
     * @return {@code null} for none
     */
    public Alias find(FlowKey ofTarget) {
        return byTarget.isEmpty() ? null : byTarget.get(ofTarget);
    }

    /** Gives back what flows had that are over. */
    void expire() {
        if (!byTarget.isEmpty()) {
            byTarget.values().removeIf(alias -> alias.flow().isClosed());
        }
    }

    /** How many are taken. */
    int size() {
        return byTarget.size();
    }

    /** Whether a protocol has an identifier where others have two ports. */
    static boolean hasIdentifier(int protocol) {
        return protocol == IpProtocol.ICMP || protocol == IpProtocol.ICMPV6;
    }
}
