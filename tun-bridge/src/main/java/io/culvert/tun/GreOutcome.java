package io.culvert.tun;

/**
 * What became of a packet that came to a {@link GreEndpoint}. Each is counted, and none is answered
 * but a keepalive.
 */
public enum GreOutcome {
    /** It held an IP packet, which was handed on. */
    PACKET,
    /** It held the peer's own answer to itself, which was sent back to it; {@link GreKeepalive}. */
    KEEPALIVE,
    /** One more of these than are answered in a second. */
    KEEPALIVE_TOO_OFTEN,
    /** It ends before its GRE header does. */
    TOO_SHORT,
    /** Version 1: the other GRE, that of PPTP (RFC 2637), which carries PPP. */
    POINT_TO_POINT,
    /** Versions 2 to 7, which mean nothing yet. */
    UNKNOWN_VERSION,
    /** Bit 1 is set: a source route as in RFC 1701, whose fields nobody sends any more. */
    SOURCE_ROUTE,
    /** Bit 4 or 5 is set, by which RFC 2784 section 2.3 demands that it be discarded. */
    RESERVED_FLAG,
    /** The checksum over header and packet is wrong. */
    WRONG_CHECKSUM,
    /** Protocol type 0: the answer to a keepalive, of which we send none. */
    KEEPALIVE_ANSWER,
    /** Protocol type 0x6558: an Ethernet frame, as gretap sends. */
    ETHERNET,
    /** Protocol type 0x883E: a web cache's redirection (WCCP), with a header of its own. */
    WEB_CACHE,
    /** What is inside is neither IPv4 (0x0800) nor IPv6 (0x86DD). */
    UNKNOWN_PROTOCOL,
    /** The packet inside has another IP version than announced. */
    WRONG_INNER_VERSION,
    /** The packet inside is shorter than an IP header. */
    INNER_TOO_SHORT,
    /** Datagrams that an offload has joined, and nobody knows any more where one ends. */
    JOINED_DATAGRAMS,
    /** RFC 2890 section 2.2: a packet with the same or a later number has come before it. */
    OUT_OF_SEQUENCE,
    /** RFC 2784 section 3.1: what is for the peer itself would come back, again and again. */
    TO_THE_PEER,
    /** RFC 6040 section 4.2: congestion marked outside on a packet that cannot carry the mark. */
    CONGESTION_UNMARKABLE,
    /** It came from an address that is no peer's. */
    UNKNOWN_PEER,
    /** It came from a peer's address under a key that is not the peer's, or without its key. */
    UNKNOWN_KEY,
    /** It was longer than the longest packet. */
    TRUNCATED
}
