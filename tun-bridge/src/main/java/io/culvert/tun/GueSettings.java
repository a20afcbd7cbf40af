package io.culvert.tun;

import java.net.InetSocketAddress;
import java.util.List;

/**
 * What a {@link GueEndpoint} is to be like. Immutable; begin with {@link #listening} and change
 * what differs.
 *
 * @param listen addresses to receive on, IPv4 and IPv6 as many as wanted; what goes to a peer
 *     leaves from the one that the peer was first heard on, so that on a host with several
 *     addresses one names them instead of 0.0.0.0 or ::
 * @param sourcePorts how many ports to send from, each a socket, over which the inner flows are
 *     spread; 0 sends from the listening port alone, which a firewall in between may want
 * @param peers most peers at a time
 * @param privateData whether packets with private data in their GUE header are handed over; both
 *     ends must have agreed on what it means
 * @param zeroChecksums whether datagrams over IPv6 without a checksum are received (RFC 6935); over
 *     IPv4 they always are (RFC 768), and Linux sends such
 */
public record GueSettings(
        List<InetSocketAddress> listen,
        int sourcePorts,
        int peers,
        boolean privateData,
        boolean zeroChecksums) {
    public static final int DEFAULT_SOURCE_PORTS = 16;
    public static final int DEFAULT_PEERS = 4_096;

    private static final int MOST_SOURCE_PORTS = 256;
    private static final int MOST_PEERS = 1 << 20;

    public GueSettings {
        listen = List.copyOf(listen);
        if (listen.isEmpty()) {
            throw new IllegalArgumentException("an address to listen on is needed");
        }
        if (sourcePorts < 0 || sourcePorts > MOST_SOURCE_PORTS) {
            throw new IllegalArgumentException("source ports must be 0 to 256: " + sourcePorts);
        }
        if (peers < 1 || peers > MOST_PEERS) {
            throw new IllegalArgumentException("peers must be 1 to 1048576: " + peers);
        }
    }

    /** 16 source ports, 4,096 peers, no private data, checksums wanted over IPv6. */
    public static GueSettings listening(InetSocketAddress... listen) {
        return new GueSettings(List.of(listen), DEFAULT_SOURCE_PORTS, DEFAULT_PEERS, false, false);
    }

    public GueSettings withSourcePorts(int sourcePorts) {
        return new GueSettings(listen, sourcePorts, peers, privateData, zeroChecksums);
    }

    public GueSettings withPeers(int peers) {
        return new GueSettings(listen, sourcePorts, peers, privateData, zeroChecksums);
    }

    public GueSettings withPrivateData(boolean privateData) {
        return new GueSettings(listen, sourcePorts, peers, privateData, zeroChecksums);
    }

    public GueSettings withZeroChecksums(boolean zeroChecksums) {
        return new GueSettings(listen, sourcePorts, peers, privateData, zeroChecksums);
    }
}
