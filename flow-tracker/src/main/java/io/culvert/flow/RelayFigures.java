package io.culvert.flow;

/**
 * What an upgraded TCP flow's sockets said at its end (tcp(7), TCP_INFO); bytes are of payload.
 *
 * @param bytesUp from the initiator to the target; where a handler has the connection, those that
 *     the initiator sent and were read
 * @param bytesDown from the target to the initiator, or those that a handler wrote to it
 * @param initiatorRttMicros smoothed round-trip time to the initiator
 * @param initiatorRetransmits segments sent again to the initiator
 * @param targetRttMicros the same of the target
 */
public record RelayFigures(
        long bytesUp,
        long bytesDown,
        int initiatorRttMicros,
        int initiatorRetransmits,
        int targetRttMicros,
        int targetRetransmits) {}
