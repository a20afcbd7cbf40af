package io.culvert.hook;

/**
 * Why a packet was dropped, a flow refused, or a flow ended. The same word stands in {@code
 * explain}, the flow log, metric labels, {@code flows} and the manual.
 */
@SuppressWarnings("doclint:missing") // What a constant means it says itself.
public enum Reason {
    // A flow was refused.
    POLICY_RULE("a policy rule refuses it"),
    POLICY_DEFAULT("no policy rule matches and the default refuses it"),
    HOOK_REFUSED("a plugin's hook refused it"),
    HOOK_TIMEOUT("a plugin's hook did not decide in time"),
    HOOK_FAILED("a plugin's hook failed"),
    HOOK_OVERLOAD("too many flows wait for plugins to decide"),
    TABLE_FULL("the flow table is full"),
    TENANT_LIMIT("the tenant has as many flows as it may"),
    TENANT_RATE("the tenant opens more flows in a second than it may"),
    RATE_FLOWS("as many flows live as the rule's rate lets the holder have"),
    RATE_FLOWS_PER_SECOND("more flows are opened in a second than the rule's rate allows"),
    TENANT_SLOTS("the tenant has as many upgraded connections as it may"),
    SYN_FLOOD("many connections are half open, and the source has not shown that it exists"),
    SLOTS_EXHAUSTED("no NAT slot is free"),
    DESCRIPTORS_EXHAUSTED("the process may open no more files"),
    PORTS_EXHAUSTED("the host has no local port left for the destination"),
    OUTSIDE_PORTS_EXHAUSTED("the off-ramp has no port, or no address, left for it"),
    TENANT_PORTS("the tenant has as many ports as it may"),
    ECHO_UNAVAILABLE("this process may send no echo requests (see net.ipv4.ping_group_range)"),
    DIALS_EXHAUSTED("too many dials are under way"),
    NO_ROUTE("no off-ramp leads to the destination"),
    PROTOCOL_NOT_UPGRADABLE("only TCP, UDP and echo requests can be upgraded"),
    DIAL_REFUSED("the destination refused the connection"),
    DIAL_UNREACHABLE("the destination cannot be reached"),
    DIAL_TIMEOUT("the destination did not answer the dial in time"),

    // A packet was dropped.
    NO_FLOW("the packet belongs to no flow and cannot open one"),
    SYN_TOO_LONG("a SYN that is held until the dial succeeds may carry no more than 4 KiB"),
    NO_MAPPING("a packet from outside is for no address and port that a flow has"),
    FILTERED("a packet from outside is from somebody whom the flow has not talked to"),
    WRONG_SIDE("the packet's flow has its sender elsewhere than where the packet came in"),
    SOURCE_NOT_ALLOWED("the source is not behind this tunnel (strict-source)"),
    RATE_PACKETS("more packets come in a second than a rate allows"),
    RATE_BYTES("more bytes come in a second than a rate allows"),
    TOO_BIG("the packet is longer than the next link takes and may not be cut"),
    NOT_UNICAST("source or destination is not one host"),
    MARTIAN("source or destination is an address that never crosses a link"),
    SEGMENTS_LEFT("an IPv6 routing header names hosts to pass where this is the last"),
    UNKNOWN_OPTION("an unknown IPv6 option says that its destination drops the packet"),
    TIME_EXCEEDED("the time to live or hop limit has run out"),
    FRAGMENT_OVERLAP("fragments of one datagram overlap or contradict each other"),
    FRAGMENT_ECN("of one datagram's fragments some are not ECN-capable, others marked"),
    FRAGMENT_TIMEOUT("the other fragments of its datagram did not come in time"),
    FRAGMENT_MEMORY("the memory for fragments had no room for its datagram"),
    QUEUE_FULL("a bounded queue was full"),
    DEVICE_ERROR("the device refused the packet"),
    SOCKET_ERROR("the socket refused the datagram"),
    UNMATCHED_ERROR("an ICMP error quotes no live flow"),
    UNKNOWN_PEER("the outer source is nobody who may send here"),
    TUNNEL_CONTEXT("the context that the packet carries is missing, wrong or not allowed"),
    TUNNEL_UNDECIDED("plugins have yet to say whose the packet's tunnel is, or are asked too much"),
    TUNNEL_LIMIT("there are as many tunnels, or peers, as there may be"),
    TUNNEL_CONTROL("a message for a tunnel's own end, of which none is known"),
    TUNNEL_SEQUENCE("the tunnel's packet came behind one with a later number"),
    TUNNEL_ECN("congestion is marked around a packet that cannot carry the mark"),
    BAD_CHECKSUM("a checksum is wrong where the gateway is the receiver"),
    TCP_INVALID_FLAGS("no honest segment has these control bits"),
    TCP_OUT_OF_WINDOW("the segment lies beyond what its receiver allows"),
    TCP_BAD_ACKNOWLEDGMENT("the segment acknowledges what was never sent, or long ago"),
    TCP_BAD_RESET("a reset that its receiver would not believe"),

    // A packet lies about itself: see io.culvert.wire.Defect.
    MALFORMED_TUNNEL("the header around the packet is cut, unknown or contradicts itself"),
    MALFORMED_VERSION("neither version 4 nor 6"),
    MALFORMED_HEADER("the IP header is cut or contradicts itself"),
    MALFORMED_HEADER_CHECKSUM("the IPv4 header checksum is wrong"),
    MALFORMED_LENGTH("the IP length field lies"),
    MALFORMED_OPTION("an IP option or extension header is cut or lies about its length"),
    MALFORMED_EXTENSIONS("more extension headers than any honest packet has"),
    MALFORMED_ROUTING_HEADER("routing header type 0 (RFC 5095)"),
    MALFORMED_FRAGMENT("an impossible fragment"),
    MALFORMED_TCP("the TCP header is cut or contradicts itself"),
    MALFORMED_UDP("the UDP header is cut or contradicts itself"),
    MALFORMED_ICMP("the ICMP message is cut or contradicts itself"),

    // A flow ended.
    FINISHED("both sides closed it"),
    RESET_BY_INITIATOR("the initiator reset it"),
    RESET_BY_TARGET("the target reset it"),
    IDLE("nothing was heard of it for its time-out"),
    EARLY_DROP("the table filled up, and nothing had spoken for the flow"),
    HALF_CLOSED_IDLE("one side had closed it and the other fell silent"),
    HANDSHAKE_TIMEOUT("the initiator did not complete the handshake"),
    TUNNEL_GONE("the tunnel that it came in or left by is gone"),
    ON_RAMP_REMOVED("its on-ramp, or who comes in there, was taken out of the configuration"),
    OFF_RAMP_REMOVED("its off-ramp was taken out of the configuration"),
    POLICY_CHANGED("the policy changed, and refuses it or decides otherwise"),
    HANDLER_CLOSED("the handler closed it"),
    HANDLER_REFUSED("the handler refused it"),
    HANDLER_FAILED("the handler failed"),
    SHUTDOWN("the gateway stopped");

    private final String meaning;

    Reason(String meaning) {
        this.meaning = meaning;
    }

    /** A phrase for a person. */
    public String meaning() {
        return meaning;
    }
}
