package io.culvert.flow;

/**
 * What a relayed TCP flow's sockets said at its end (tcp(7), TCP_INFO); bytes are of payload.
 *
 * @param bytesUp from the initiator to the target
 * @param bytesDown from the target to the initiator
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
