package io.culvert.nat;

import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

import java.util.List;
import java.util.random.RandomGenerator;

/**
 * One address that flows appear from, and what of it is taken. TCP, UDP and ICMP have ports of
 * their own each. Of other protocols, which have none, it is taken towards one remote address at a
 * time.
 *
 * <p>Threading: the look-ups are wait-free and anybody's; all else is under the table's lock.
 */
final class OutsideAddress {
    /** What {@link #take} answers where nothing is free, or nothing that the tenant may have. */
    static final int EXHAUSTED = -1;

    static final int OVER_QUOTA = -2;

    /** What {@link #couldTake} answers where something is free. */
    static final int AVAILABLE = 0;

    private static final int NO_PORT = 0;

    /** More than any load: an address where the tenant would need a block of its own. */
    private static final int NEW_BLOCK = 1 << 24;

    private final IpAddress address;
    private final boolean shared;
    private final PortRange ports;
    private final PortSpace tcp;
    private final PortSpace udp;
    private final PortSpace icmp;
    private final AddressTable<Mapping> portless = new AddressTable<>();

    /** Null where tenants share the ports. */
    private final PortBlocks blocks;

    OutsideAddress(IpAddress address, MappingSettings settings, PortBlockListener listener) {
        this.address = address;
        shared = settings.shared().contains(address);
        ports = settings.ports();
        tcp = new PortSpace(ports);
        udp = new PortSpace(ports);
        icmp = new PortSpace(ports);
        int size = settings.portsPerTenant();
        blocks =
                size == MappingSettings.SHARED
                        ? null
                        : new PortBlocks(address, ports, size, listener);
    }

    IpAddress address() {
        return address;
    }

    /** The mapping that has the port, live or resting; {@code null} where none has. */
    Mapping mapping(int protocol, int port) {
        PortSpace space = space(protocol);
        return space == null ? null : space.mapping(port);
    }

    /** As above, of a protocol without ports. */
    Mapping portless(int protocol, long externalHigh, long externalLow) {
        return portless.get(protocol, externalHigh, externalLow);
    }

    /** The ports of a protocol; {@code null} where it has none. */
    private PortSpace space(int protocol) {
        return switch (protocol) {
            case IpProtocol.TCP -> tcp;
            case IpProtocol.UDP -> udp;
            case IpProtocol.ICMP -> address.isIpv4() ? icmp : null;
            case IpProtocol.ICMPV6 -> address.isIpv4() ? null : icmp;
            default -> null;
        };
    }

    /**
     * How much the address is taken by what the endpoint needs; where it is less, that is better.
     */
    int load(InsideEndpoint inside) {
        if (!inside.hasPorts()) {
            return portless.size();
        }
        boolean newBlock = blocks != null && !blocks.has(inside.tenant());
        return (newBlock ? NEW_BLOCK : 0) + space(inside.protocol()).taken();
    }

    /** What {@link #take} would answer, with {@link #AVAILABLE} for any port: nothing is taken. */
    int couldTake(InsideEndpoint inside) {
        if (!inside.hasPorts()) {
            return isFreePortless(inside) ? AVAILABLE : EXHAUSTED;
        }
        PortRange within = blocks == null ? ports : blocks.of(inside.tenant());
        if (within == null) {
            // All of a block that nobody has is free.
            return blocks.hasFree() ? AVAILABLE : EXHAUSTED;
        }
        long parity = inside.protocol() == IpProtocol.UDP ? parity(inside.port()) : PortSpace.ANY;
        if (space(inside.protocol()).hasFree(within, parity)) {
            return AVAILABLE;
        }
        return blocks == null ? EXHAUSTED : OVER_QUOTA;
    }

    private boolean isFreePortless(InsideEndpoint inside) {
        return !shared
                && portless(inside.protocol(), inside.externalHigh(), inside.externalLow()) == null;
    }

    private static long parity(int insidePort) {
        return (insidePort & 1) == 0 ? PortSpace.EVEN : PortSpace.ODD;
    }

    /** Takes a port for a new mapping, 0 where its protocol has none; else why not. */
    int take(InsideEndpoint inside, RandomGenerator random) {
        if (!inside.hasPorts()) {
            return isFreePortless(inside) ? NO_PORT : EXHAUSTED;
        }
        PortRange within = blocks == null ? ports : blocks.claim(inside.tenant(), random);
        if (within == null) {
            return EXHAUSTED;
        }
        int port =
                inside.protocol() == IpProtocol.UDP
                        ? takeLike(inside.port(), within, random)
                        : space(inside.protocol()).take(within, PortSpace.ANY, random);
        if (port != PortSpace.NONE) {
            return port;
        }
        return blocks == null ? EXHAUSTED : OVER_QUOTA;
    }

    /**
     * A UDP port of the inside port's parity (RFC 4787 REQ-4), never of the other one, for REQ-11
     * forbids that a shortage changes what is promised; and of its class (REQ-3 a) where that has
     * one.
     */
    private int takeLike(int insidePort, PortRange within, RandomGenerator random) {
        long parity = parity(insidePort);
        boolean wellKnown = insidePort <= PortRange.WELL_KNOWN.last();
        PortRange preferred =
                within.intersection(wellKnown ? PortRange.WELL_KNOWN : PortRange.NOT_WELL_KNOWN);
        int port = preferred == null ? PortSpace.NONE : udp.take(preferred, parity, random);
        return port == PortSpace.NONE ? udp.take(within, parity, random) : port;
    }

    /** Shows a mapping to look-ups at the port that was taken for it. */
    void put(Mapping mapping) {
        if (!mapping.hasPorts()) {
            InsideEndpoint inside = mapping.inside();
            portless.put(inside.protocol(), inside.externalHigh(), inside.externalLow(), mapping);
            return;
        }
        space(mapping.protocol()).mapping(mapping.outsidePort(), mapping);
        if (blocks != null) {
            blocks.mapped(mapping.tenant());
        }
    }

    /** A mapping begins to live, also after a rest. */
    void wake(Mapping mapping) {
        if (mapping.hasPorts()) {
            space(mapping.protocol()).used(1);
        }
    }

    /** A mapping begins to rest. */
    void rest(Mapping mapping) {
        if (mapping.hasPorts()) {
            space(mapping.protocol()).used(-1);
        }
    }

    /** Frees what a mapping has. */
    void remove(Mapping mapping) {
        if (!mapping.hasPorts()) {
            InsideEndpoint inside = mapping.inside();
            portless.remove(inside.protocol(), inside.externalHigh(), inside.externalLow());
            return;
        }
        space(mapping.protocol()).free(mapping.outsidePort());
        if (blocks != null) {
            blocks.unmapped(mapping.tenant());
        }
    }

    List<PortUsage> usage() {
        int ping = address.isIpv4() ? IpProtocol.ICMP : IpProtocol.ICMPV6;
        return List.of(usage(IpProtocol.TCP), usage(IpProtocol.UDP), usage(ping));
    }

    private PortUsage usage(int protocol) {
        PortSpace space = space(protocol);
        int used = space.used();
        return new PortUsage(address, protocol, used, space.taken() - used, space.capacity());
    }

    /** The ports of that range that a protocol has taken. */
    int taken(int protocol, PortRange within) {
        PortSpace space = space(protocol);
        return space == null ? 0 : space.taken(within);
    }

    List<PortBlock> allotted() {
        return blocks == null ? List.of() : blocks.allotted();
    }
}
