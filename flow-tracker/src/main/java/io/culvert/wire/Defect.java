package io.culvert.wire;

import io.culvert.hook.Reason;

/**
 * How a packet lies about itself. A defect is data, to be counted under its {@link #reason} and
 * dropped; it is never an exception. The comment names the rule that is broken.
 */
public enum Defect {
    NONE(null, "nothing is wrong"),

    /** RFC 1812 section 5.2.2 (3): the version is 4; RFC 8200 section 3: it is 6. */
    WRONG_VERSION(Reason.MALFORMED_VERSION, "the version is neither 4 nor 6"),
    /** RFC 1812 section 5.2.2 (1), RFC 8200 section 3: 20 and 40 bytes. */
    TRUNCATED_HEADER(Reason.MALFORMED_HEADER, "the packet ends inside the IP header"),
    /** RFC 1812 section 5.2.2 (4). */
    IHL_BELOW_FIVE(Reason.MALFORMED_HEADER, "the header length is below 20 bytes"),
    /** RFC 1812 section 5.2.2 (5). Zero, as capturing hosts write it, is among these. */
    TOTAL_LENGTH_BELOW_HEADER(Reason.MALFORMED_LENGTH, "the total length is below the header's"),
    /** RFC 1812 section 5.2.2, RFC 8200 section 3: the bytes received must hold the packet. */
    LENGTH_BEYOND_END(Reason.MALFORMED_LENGTH, "the length field points beyond the packet's end"),
    /** RFC 1812 section 5.2.2 (2). */
    HEADER_CHECKSUM(Reason.MALFORMED_HEADER_CHECKSUM, "the IPv4 header checksum is wrong"),
    /** RFC 791 section 3.1, Options: a length of 0 or 1, or beyond the header's end. */
    OPTION_LENGTH(Reason.MALFORMED_OPTION, "an IPv4 option has an impossible length"),

    /** RFC 8200 section 4: Hdr Ext Len in units of 8 octets. */
    EXTENSION_TRUNCATED(Reason.MALFORMED_OPTION, "an extension header ends beyond the packet"),
    /** RFC 8200 section 4.2. */
    EXTENSION_OPTION_LENGTH(Reason.MALFORMED_OPTION, "an option ends beyond its extension header"),
    /** RFC 8200 sections 4.1 and 4.3: it follows the IPv6 header immediately. */
    HOP_BY_HOP_NOT_FIRST(Reason.MALFORMED_EXTENSIONS, "hop-by-hop options do not come first"),
    /** Our own bounds: {@link Ipv6Header#MAXIMUM_EXTENSIONS} and its options. */
    TOO_MANY_EXTENSIONS(
            Reason.MALFORMED_EXTENSIONS, "more extension headers or options than are ever used"),
    /** RFC 5095 section 4.2: filtered whatever its segments left. */
    ROUTING_TYPE_ZERO(Reason.MALFORMED_ROUTING_HEADER, "a routing header of type 0"),

    /** RFC 791 section 3.2, RFC 8200 section 4.5. */
    FRAGMENT_NOT_MULTIPLE_OF_8(
            Reason.MALFORMED_FRAGMENT, "a fragment before the last is no multiple of 8 bytes"),
    /** RFC 791 section 3.1, RFC 8200 section 4.5. */
    FRAGMENT_BEYOND_65535(
            Reason.MALFORMED_FRAGMENT, "the fragment ends beyond the longest datagram"),
    /**
     * RFC 1858 section 3 and RFC 3128 section 2: a TCP header shared out between fragments; RFC
     * 7112 section 5: a first fragment without the whole header chain. An empty fragment as well.
     */
    FRAGMENT_TINY(Reason.MALFORMED_FRAGMENT, "the first fragment does not hold the headers"),
    /** RFC 8200 section 4.1: each extension header at most once. Nested, it hides the inner one. */
    FRAGMENT_REPEATED(Reason.MALFORMED_FRAGMENT, "a fragment header follows a fragment header"),

    /** RFC 9293 section 3.1: 20 bytes. */
    TCP_TRUNCATED(Reason.MALFORMED_TCP, "the packet ends inside the TCP header"),
    /** RFC 9293 section 3.1: at least 5, and inside the segment. */
    TCP_DATA_OFFSET(Reason.MALFORMED_TCP, "the TCP data offset is impossible"),
    /** RFC 9293 section 3.1: a length of 0 or 1, or beyond the data offset. */
    TCP_OPTION_LENGTH(Reason.MALFORMED_TCP, "a TCP option has an impossible length"),

    /** RFC 768: 8 bytes. */
    UDP_TRUNCATED(Reason.MALFORMED_UDP, "the packet ends inside the UDP header"),
    /** RFC 768: at least 8, and inside the packet. Less than the packet's is RFC 9868's surplus. */
    UDP_LENGTH(Reason.MALFORMED_UDP, "the UDP length is impossible"),
    /** RFC 8200 section 8.1; RFC 6935 allows it to tunnels that are configured so, and none is. */
    UDP6_CHECKSUM_ZERO(Reason.MALFORMED_UDP, "UDP over IPv6 without a checksum"),

    /** RFC 792, RFC 4443 section 2.1: every message has 8 bytes. */
    ICMP_TRUNCATED(Reason.MALFORMED_ICMP, "the packet ends inside the ICMP header");

    private final Reason reason;
    private final String meaning;

    Defect(Reason reason, String meaning) {
        this.reason = reason;
        this.meaning = meaning;
    }

    /** What the drop is counted as; null for {@link #NONE}. */
    public Reason reason() {
        return reason;
    }

    /** A phrase for a person. */
    public String meaning() {
        return meaning;
    }
}
