package io.culvert.gateway.explain;

import com.fasterxml.jackson.annotation.JsonProperty;

import io.culvert.gateway.policy.Protocol;
import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A flow that somebody asks about.
 *
 * @param source the initiator's address, as text
 * @param sourcePort of ICMP the echo's identifier; 0 where the protocol has none
 * @param protocol IP protocol number, 0 to 255
 * @param onRamp the on-ramp or tunnel that it comes in by; empty for the likeliest
 */
public record Question(
        String tenant,
        String source,
        @JsonProperty("source_port") int sourcePort,
        String destination,
        @JsonProperty("destination_port") int destinationPort,
        int protocol,
        @JsonProperty("on_ramp") String onRamp) {
    /** RFC 6335 section 6: the first of those that initiators choose by themselves. */
    public static final int ANY_PORT = 49_152;

    private static final int MOST_PORT = 65_535;

    /** An IPv6 address with a port stands in brackets, as in a URL. */
    private static final Pattern SIDE =
            Pattern.compile(
                    "\\[([^\\]]+)\\](?::(\\d{1,5}))?|([0-9.]+)(?::(\\d{1,5}))?|([^\\[\\]]+)");

    private record Side(IpAddress address, int port) {
        static final int NONE = -1;
    }

    /**
     * Reads it as a person writes it: {@code 10.0.0.5:1234} or {@code 10.0.0.5}, and {@code
     * [2001:db8::1]:443/tcp} or {@code 1.1.1.1/icmp}.
     *
     * @throws IllegalArgumentException with a sentence
     */
    public static Question parse(String tenant, String from, String to, String onRamp) {
        int slash = to.lastIndexOf('/');
        if (slash < 0) {
            throw new IllegalArgumentException(
                    "\"%s\" has no protocol; write it like 1.1.1.1:443/tcp or 1.1.1.1/icmp"
                            .formatted(to));
        }
        int protocol = protocol(to.substring(slash + 1));
        Side source = side(from);
        Side destination = side(to.substring(0, slash));
        if (source.address().isIpv4() != destination.address().isIpv4()) {
            throw new IllegalArgumentException(
                    "one address is of IPv4 and the other of IPv6; no packet has both");
        }
        boolean ports = protocol == IpProtocol.TCP || protocol == IpProtocol.UDP;
        if (ports && destination.port() == Side.NONE) {
            throw new IllegalArgumentException(
                    "\"%s\" has no port; write it like %s:443/%s"
                            .formatted(
                                    to,
                                    destination.address().isIpv4()
                                            ? destination.address()
                                            : "[" + destination.address() + "]",
                                    Protocol.word(protocol)));
        }
        boolean echo = isPing(protocol);
        if (!ports && (destination.port() != Side.NONE || (!echo && source.port() != Side.NONE))) {
            throw new IllegalArgumentException(
                    "%s has no ports here".formatted(Protocol.word(protocol)));
        }
        int any = ports || echo ? ANY_PORT : 0;
        return new Question(
                tenant,
                source.address().toString(),
                source.port() == Side.NONE ? any : source.port(),
                destination.address().toString(),
                Math.max(0, destination.port()),
                protocol,
                onRamp);
    }

    private static int protocol(String word) {
        try {
            return IpProtocol.parse(word);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "\"%s\" is no protocol; known are tcp, udp, icmp, icmpv6, gre, esp, sctp and numbers"
                            .formatted(word),
                    e);
        }
    }

    private static Side side(String text) {
        Matcher side = SIDE.matcher(text);
        if (!side.matches()) {
            throw new IllegalArgumentException(
                    "\"" + text + "\" is not an address or address:port");
        }
        String address = first(side.group(1), side.group(3), side.group(5));
        String port = first(side.group(2), side.group(4));
        int number = port == null ? Side.NONE : Integer.parseInt(port);
        if (number > MOST_PORT) {
            throw new IllegalArgumentException("a port is at most " + MOST_PORT + ", not " + port);
        }
        try {
            return new Side(IpAddress.parse(address), number);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("\"" + address + "\" is not an IP address", e);
        }
    }

    private static String first(String... groups) {
        for (String group : groups) {
            if (group != null) {
                return group;
            }
        }
        return null;
    }

    private static boolean isPing(int protocol) {
        return protocol == IpProtocol.ICMP || protocol == IpProtocol.ICMPV6;
    }

    /** {@code acme 10.0.0.5:1234 > 1.1.1.1:443/tcp}. */
    @Override
    public String toString() {
        return tenant
                + " "
                + text(source, sourcePort)
                + " > "
                + text(destination, destinationPort)
                + "/"
                + Protocol.word(protocol);
    }

    private String text(String address, int port) {
        if (protocol != IpProtocol.TCP && protocol != IpProtocol.UDP) {
            return address;
        }
        return address.indexOf(':') < 0 ? address + ":" + port : "[" + address + "]:" + port;
    }
}
