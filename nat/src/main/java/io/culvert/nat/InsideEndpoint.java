package io.culvert.nat;

import io.culvert.flow.KeyedHash;
import io.culvert.wire.IpAddress;

/**
 * Whom a mapping is for. Two tenants may have the same private addresses, so the tenant is part of
 * it. Tenants choose what they send from, so the hash is keyed.
 *
 * @param port of ICMP the query's identifier; 0 where the protocol has none
 * @param externalHigh the remote address where the protocol has no ports, else 0
 */
record InsideEndpoint(
        int tenant,
        int protocol,
        long high,
        long low,
        int port,
        long externalHigh,
        long externalLow) {

    /** An inside host: RFC 4787 REQ-2 pairs it with an outside address. */
    record Host(int tenant, long high, long low) {
        @Override
        public int hashCode() {
            return KeyedHash.of(tenant, high, low, 0, 0);
        }
    }

    /** The endpoint of a flow, without what its protocol makes no difference of. */
    static InsideEndpoint of(
            int tenant,
            int protocol,
            long high,
            long low,
            int port,
            long externalHigh,
            long externalLow) {
        boolean ports = MappingTable.hasPorts(protocol, !IpAddress.isIpv4(high, low));
        return new InsideEndpoint(
                tenant,
                protocol,
                high,
                low,
                ports ? port : 0,
                ports ? 0 : externalHigh,
                ports ? 0 : externalLow);
    }

    boolean hasPorts() {
        return MappingTable.hasPorts(protocol, isIpv6());
    }

    boolean isIpv6() {
        return !IpAddress.isIpv4(high, low);
    }

    Host host() {
        return new Host(tenant, high, low);
    }

    @Override
    public int hashCode() {
        return KeyedHash.of(
                (long) tenant << 32 | (long) protocol << 16 | port,
                high,
                low,
                externalHigh,
                externalLow);
    }
}
