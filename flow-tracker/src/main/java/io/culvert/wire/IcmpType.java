package io.culvert.wire;

/** Types and codes of ICMP (RFC 792, 1812) and, with V6 before their names, ICMPv6 (RFC 4443). */
public final class IcmpType {
    public static final int ECHO_REPLY = 0;
    public static final int UNREACHABLE = 3;
    public static final int SOURCE_QUENCH = 4;
    public static final int REDIRECT = 5;
    public static final int ECHO_REQUEST = 8;
    public static final int TIME_EXCEEDED = 11;
    public static final int PARAMETER_PROBLEM = 12;
    public static final int TIMESTAMP_REQUEST = 13;
    public static final int TIMESTAMP_REPLY = 14;
    public static final int INFORMATION_REQUEST = 15;
    public static final int INFORMATION_REPLY = 16;

    /** RFC 950 appendix I. */
    public static final int ADDRESS_MASK_REQUEST = 17;

    public static final int ADDRESS_MASK_REPLY = 18;

    /** Codes of {@link #UNREACHABLE}. */
    public static final int NET_UNREACHABLE = 0;

    public static final int HOST_UNREACHABLE = 1;
    public static final int PROTOCOL_UNREACHABLE = 2;
    public static final int PORT_UNREACHABLE = 3;

    /** RFC 1191 section 4: the information word is the MTU. */
    public static final int FRAGMENTATION_NEEDED = 4;

    /** RFC 1812 section 5.2.7.1. */
    public static final int ADMINISTRATIVELY_PROHIBITED = 13;

    /** Codes of {@link #TIME_EXCEEDED} and {@link #V6_TIME_EXCEEDED}. */
    public static final int IN_TRANSIT = 0;

    public static final int IN_REASSEMBLY = 1;

    public static final int V6_UNREACHABLE = 1;

    /** RFC 4443 section 3.2: the information word is the MTU. */
    public static final int V6_PACKET_TOO_BIG = 2;

    public static final int V6_TIME_EXCEEDED = 3;
    public static final int V6_PARAMETER_PROBLEM = 4;
    public static final int V6_ECHO_REQUEST = 128;
    public static final int V6_ECHO_REPLY = 129;
    public static final int V6_REDIRECT = 137;

    /** Codes of {@link #V6_UNREACHABLE}. */
    public static final int V6_NO_ROUTE = 0;

    public static final int V6_ADMINISTRATIVELY_PROHIBITED = 1;
    public static final int V6_ADDRESS_UNREACHABLE = 3;
    public static final int V6_PORT_UNREACHABLE = 4;

    /** Codes of {@link #V6_PARAMETER_PROBLEM}; the information word is a pointer. */
    public static final int V6_ERRONEOUS_FIELD = 0;

    public static final int V6_UNRECOGNIZED_NEXT_HEADER = 1;

    public static final int V6_UNRECOGNIZED_OPTION = 2;

    private IcmpType() {}
}
