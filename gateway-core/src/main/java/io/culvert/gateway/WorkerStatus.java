package io.culvert.gateway;

/**
 * What one worker holds: back at zero once its flows have ended, but for pipes kept for re-use.
 *
 * @param relays spliced TCP connections
 * @param dials connects under way
 * @param slots NAT slots that flows have
 * @param pipes pipes open
 * @param sessions UDP sockets open
 * @param fragments packets that wait for the others of their datagram
 */
public record WorkerStatus(
        int worker, int relays, int dials, int slots, int pipes, int sessions, int fragments) {}
