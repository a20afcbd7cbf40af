package io.culvert.gateway.policy;

import java.util.Locale;

/** The IP protocols that have a name in the configuration (IANA, Protocol Numbers). */
public enum Protocol {
    TCP(6),
    UDP(17),
    ICMP(1),
    ICMPV6(58),
    GRE(47),
    ESP(50),
    SCTP(132);

    private final int number;

    Protocol(int number) {
        this.number = number;
    }

    public int number() {
        return number;
    }

    /** The name in the configuration. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The name of a protocol in the configuration, or its number where it has none. */
    public static String word(int number) {
        for (Protocol protocol : values()) {
            if (protocol.number == number) {
                return protocol.word();
            }
        }
        return Integer.toString(number);
    }

    /** Whether its header begins with a source and a destination port. */
    public static boolean hasPorts(int number) {
        return number == TCP.number || number == UDP.number || number == SCTP.number;
    }

    /** Whether a flow of it can become a socket: streams, datagrams and echo. */
    public static boolean isUpgradable(int number) {
        return number == TCP.number
                || number == UDP.number
                || number == ICMP.number
                || number == ICMPV6.number;
    }
}
