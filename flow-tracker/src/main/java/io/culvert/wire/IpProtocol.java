package io.culvert.wire;

import java.util.Locale;

/** Protocol numbers (IANA, "Assigned Internet Protocol Numbers") that have a name here. */
public final class IpProtocol {
    public static final int ICMP = 1;
    public static final int TCP = 6;
    public static final int UDP = 17;
    public static final int GRE = 47;
    public static final int ESP = 50;
    public static final int ICMPV6 = 58;
    public static final int SCTP = 132;

    private static final int MAXIMUM = 255;

    private IpProtocol() {}

    /** The name in configuration and logs; the number where there is none. */
    public static String name(int protocol) {
        return switch (protocol) {
            case ICMP -> "icmp";
            case TCP -> "tcp";
            case UDP -> "udp";
            case GRE -> "gre";
            case ESP -> "esp";
            case ICMPV6 -> "icmpv6";
            case SCTP -> "sctp";
            default -> Integer.toString(protocol);
        };
    }

    /**
     * The number of a name, in either case, or of a number in decimal.
     *
     * @throws IllegalArgumentException if it is neither
     */
    public static int parse(String text) {
        switch (text.toLowerCase(Locale.ROOT)) {
            case "icmp":
                return ICMP;
            case "tcp":
                return TCP;
            case "udp":
                return UDP;
            case "gre":
                return GRE;
            case "esp":
                return ESP;
            case "icmpv6":
                return ICMPV6;
            case "sctp":
                return SCTP;
            default:
                break;
        }
        if (text.matches("[0-9]{1,3}")) {
            int number = Integer.parseInt(text);
            if (number <= MAXIMUM) return number;
        }
        throw new IllegalArgumentException("no IP protocol: " + text);
    }
}
