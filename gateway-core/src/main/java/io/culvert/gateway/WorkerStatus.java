package io.culvert.gateway;

/**
 * What one worker holds: back at zero once its flows have ended, but for pipes kept for re-use and
 * sockets made ahead of demand.
 *
 * @param relays spliced TCP connections
 * @param dials connects under way
 * @param downgrades TCP connections that leave as packets again, into a tunnel
 * @param slots NAT slots that flows have: one for each side of a TCP connection that is packets
 * @param pipes pipes open
 * @param sessions UDP sockets open
 * @param fragments packets that wait for the others of their datagram
 * @param undecided packets of flows that plugins are being asked about
 * @param spares sockets made ahead of demand, for connections that leave as packets again
 * @param accepted flows whose initiators' connections the host's kernel has accepted
 * @param acceptPauses how often a listener accepted nobody for a moment, for want of descriptors
 */
public record WorkerStatus(
        int worker,
        int relays,
        int dials,
        int downgrades,
        int slots,
        int pipes,
        int sessions,
        int fragments,
        int undecided,
        int spares,
        int accepted,
        long acceptPauses) {}
