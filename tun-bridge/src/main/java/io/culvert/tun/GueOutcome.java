package io.culvert.tun;

/** What became of a datagram that came to a {@link GueEndpoint}. Each is counted; none answered. */
public enum GueOutcome {
    /** It held an IP packet, which was handed on. */
    PACKET,
    /** It ends before its GUE header does, or is empty. */
    TOO_SHORT,
    /** Variant 2 or 3, which mean nothing yet. */
    UNKNOWN_VARIANT,
    /** The C bit is set: a message to the decapsulator itself, and none is known here. */
    CONTROL_MESSAGE,
    /** The header's length field leads beyond the end of the datagram. */
    HEADER_BEYOND_END,
    /** A flag that is not known, whose field's length is not known either. */
    UNKNOWN_FLAG,
    /** A flag is set and the header is too short for the flag's field. */
    FIELD_MISSING,
    /** Bytes behind the fields, which nobody said what to do with. */
    UNEXPECTED_PRIVATE_DATA,
    /** What is inside is neither IPv4 (4) nor IPv6 (41). */
    UNKNOWN_PROTOCOL,
    /** The packet inside has another IP version than announced, or one that does not exist. */
    WRONG_INNER_VERSION,
    /** The packet inside is shorter than an IP header. */
    INNER_TOO_SHORT,
    /** Remote checksum offload that names another place than a TCP or UDP checksum. */
    MISPLACED_CHECKSUM,
    /** RFC 6040 section 4.2: congestion marked outside on a packet that cannot carry the mark. */
    CONGESTION_UNMARKABLE,
    /** It came from an address that is no peer's. */
    UNKNOWN_PEER,
    /** It came from one more peer than there is room for. */
    TOO_MANY_PEERS,
    /** It was longer than the longest datagram. */
    TRUNCATED
}
