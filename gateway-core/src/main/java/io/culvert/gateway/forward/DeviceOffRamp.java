package io.culvert.gateway.forward;

import io.culvert.nat.Mapping;
import io.culvert.nat.MappingTable;
import io.culvert.wire.IpPacket;

/**
 * An off-ramp that flows of all tenants leave by as packets, each under one of its addresses.
 *
 * @param scope what keeps fragments that come in by it apart from every tenant's; negative
 */
public record DeviceOffRamp(String name, int scope, MappingTable mappings) {

    /** The mapping that a packet from outside is for; {@code null} where there is none. */
    public Mapping mappingOf(IpPacket ip) {
        return MappingTable.hasPorts(ip.protocol(), ip.version() == 6)
                ? mappings.find(
                        ip.protocol(),
                        ip.destinationHigh(),
                        ip.destinationLow(),
                        ip.destinationPort())
                : mappings.findPortless(
                        ip.protocol(),
                        ip.destinationHigh(),
                        ip.destinationLow(),
                        /* externalHigh= */ ip.sourceHigh(),
                        /* externalLow= */ ip.sourceLow());
    }

    /**
     * The mapping that a packet went out by which an error from outside quotes; or {@code null}.
     */
    public Mapping mappingOfQuoted(IpPacket quoted) {
        return MappingTable.hasPorts(quoted.protocol(), quoted.version() == 6)
                ? mappings.find(
                        quoted.protocol(),
                        quoted.sourceHigh(),
                        quoted.sourceLow(),
                        quoted.sourcePort())
                : mappings.findPortless(
                        quoted.protocol(),
                        quoted.sourceHigh(),
                        quoted.sourceLow(),
                        /* externalHigh= */ quoted.destinationHigh(),
                        /* externalLow= */ quoted.destinationLow());
    }
}
