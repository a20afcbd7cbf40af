package io.culvert.nat;

import io.culvert.wire.InternetChecksum;

/**
 * Source and destination of a packet with ports; addresses as two longs each, IPv4 in mapped form
 * (RFC 4291 section 2.5.5.2). All four of a packet's are of one family. An echo has its identifier
 * as both ports.
 */
public record Endpoints(
        long sourceHigh,
        long sourceLow,
        int sourcePort,
        long destinationHigh,
        long destinationLow,
        int destinationPort) {

    /** The same conversation as the other side sends it. */
    public Endpoints reversed() {
        return new Endpoints(
                destinationHigh,
                destinationLow,
                destinationPort,
                sourceHigh,
                sourceLow,
                sourcePort);
    }

    /** What the addresses add to a pseudo-header's sum. */
    int sumOfAddresses() {
        return InternetChecksum.pseudoHeader(
                sourceHigh, sourceLow, destinationHigh, destinationLow, 0, 0);
    }

    /** What the ports add to a transport's sum. */
    int sumOfPorts() {
        return InternetChecksum.add(sourcePort, destinationPort);
    }
}
