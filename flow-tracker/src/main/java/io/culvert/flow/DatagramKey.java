package io.culvert.flow;

import io.culvert.wire.IpPacket;

/**
 * What the fragments of one datagram have in common: tenant, source, destination, identification
 * and, in IPv4 alone, protocol (RFC 791 section 3.2; RFC 8200 section 4.5, where next headers may
 * differ). Set again for each fragment; a datagram under way has a copy.
 */
final class DatagramKey {
    /** Stands for the protocol in IPv6, for no protocol has the number. */
    private static final int IPV6 = 256;

    private int tenant;
    private int protocol;
    private int identification;
    private long sourceHigh;
    private long sourceLow;
    private long destinationHigh;
    private long destinationLow;
    private int hash;

    void set(int tenant, IpPacket fragment) {
        this.tenant = tenant;
        protocol = fragment.version() == 4 ? fragment.protocol() : IPV6;
        identification = fragment.fragmentIdentification();
        sourceHigh = fragment.sourceHigh();
        sourceLow = fragment.sourceLow();
        destinationHigh = fragment.destinationHigh();
        destinationLow = fragment.destinationLow();
        hash =
                KeyedHash.of(
                        (long) tenant << 41
                                ^ (long) protocol << 32
                                ^ (identification & 0xffff_ffffL),
                        sourceHigh,
                        sourceLow,
                        destinationHigh,
                        destinationLow);
    }

    void set(DatagramKey other) {
        tenant = other.tenant;
        protocol = other.protocol;
        identification = other.identification;
        sourceHigh = other.sourceHigh;
        sourceLow = other.sourceLow;
        destinationHigh = other.destinationHigh;
        destinationLow = other.destinationLow;
        hash = other.hash;
    }

    boolean isSame(DatagramKey other) {
        return identification == other.identification
                && sourceLow == other.sourceLow
                && destinationLow == other.destinationLow
                && sourceHigh == other.sourceHigh
                && destinationHigh == other.destinationHigh
                && tenant == other.tenant
                && protocol == other.protocol;
    }

    int tenant() {
        return tenant;
    }

    boolean isIpv6() {
        return protocol == IPV6;
    }

    int identification() {
        return identification;
    }

    long sourceHigh() {
        return sourceHigh;
    }

    long sourceLow() {
        return sourceLow;
    }

    int hash() {
        return hash;
    }
}
