package io.culvert.flow;

import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

/**
 * What makes two packets of the same flow: tenant, protocol, both addresses and, where the protocol
 * has them, both ports, seen from the initiator. ICMP echo has its identifier as both ports.
 * Addresses are two longs each, IPv4 in mapped form (RFC 4291 section 2.5.5.2).
 *
 * <p>A connection that the host's kernel has accepted has a number besides, which no packet has: no
 * packet belongs to it, even where a tunnel's flow is between the same ends, and a proxy may open
 * several for the same client.
 *
 * <p>A worker looks flows up with one key that it sets again for each packet; {@link FlowTable}
 * stores a {@link #copy}, which is never set.
 */
public final class FlowKey {
    /** Numbers of connections are below this. */
    public static final int CONNECTIONS = 1 << 24;

    private int tenant;

    /** In the lower 8 bits; above them the connection's number, so that a key is 56 bytes. */
    private int protocol;

    private long sourceHigh;
    private long sourceLow;
    private long destinationHigh;
    private long destinationLow;
    private int ports;
    private int hash;

    /** Sets every field; for the key that a worker looks up with. */
    public FlowKey set(
            int tenant,
            int protocol,
            long sourceHigh,
            long sourceLow,
            int sourcePort,
            long destinationHigh,
            long destinationLow,
            int destinationPort) {
        this.tenant = tenant;
        this.protocol = protocol;
        this.sourceHigh = sourceHigh;
        this.sourceLow = sourceLow;
        this.destinationHigh = destinationHigh;
        this.destinationLow = destinationLow;
        ports = sourcePort << 16 | destinationPort;
        hash =
                KeyedHash.of(
                        (long) tenant << 40 ^ (long) protocol << 32 ^ (ports & 0xffff_ffffL),
                        sourceHigh,
                        sourceLow,
                        destinationHigh,
                        destinationLow);
        return this;
    }

    /**
     * The rest of {@link #set} for a connection that was accepted.
     *
     * @param number no other's that lives, not 0, and below {@link #CONNECTIONS}
     */
    public FlowKey connection(int number) {
        protocol |= number << 8;
        hash ^= number;
        return this;
    }

    /** Turns it round: the key that the other side's packets have. */
    public FlowKey reverse() {
        return set(
                tenant,
                protocol(),
                /* sourceHigh= */ destinationHigh,
                /* sourceLow= */ destinationLow,
                /* sourcePort= */ destinationPort(),
                /* destinationHigh= */ sourceHigh,
                /* destinationLow= */ sourceLow,
                /* destinationPort= */ sourcePort());
    }

    /** A key of its own with the same fields. */
    public FlowKey copy() {
        FlowKey copy = new FlowKey();
        copy.tenant = tenant;
        copy.protocol = protocol;
        copy.sourceHigh = sourceHigh;
        copy.sourceLow = sourceLow;
        copy.destinationHigh = destinationHigh;
        copy.destinationLow = destinationLow;
        copy.ports = ports;
        copy.hash = hash;
        return copy;
    }

    public int tenant() {
        return tenant;
    }

    public int protocol() {
        return protocol & 0xff;
    }

    public long sourceHigh() {
        return sourceHigh;
    }

    public long sourceLow() {
        return sourceLow;
    }

    public int sourcePort() {
        return ports >>> 16;
    }

    public long destinationHigh() {
        return destinationHigh;
    }

    public long destinationLow() {
        return destinationLow;
    }

    public int destinationPort() {
        return ports & 0xffff;
    }

    /** The number of a connection that was accepted; 0 where the flow is of packets. */
    public int connection() {
        return protocol >>> 8;
    }

    /** Whether the addresses are of IPv6. */
    public boolean isIpv6() {
        return !IpAddress.isIpv4(destinationHigh, destinationLow);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof FlowKey key
                && ports == key.ports
                && sourceLow == key.sourceLow
                && destinationLow == key.destinationLow
                && sourceHigh == key.sourceHigh
                && destinationHigh == key.destinationHigh
                && tenant == key.tenant
                && protocol == key.protocol;
    }

    @Override
    public int hashCode() {
        return hash;
    }

    @Override
    public String toString() {
        return IpProtocol.name(protocol())
                + " "
                + side(sourceHigh, sourceLow, sourcePort())
                + " -> "
                + side(destinationHigh, destinationLow, destinationPort());
    }

    private static String side(long high, long low, int port) {
        IpAddress address = new IpAddress(high, low);
        if (port == 0) {
            return address.toString();
        }
        return address.isIpv4() ? address + ":" + port : "[" + address + "]:" + port;
    }
}
