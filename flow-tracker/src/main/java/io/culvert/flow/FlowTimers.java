package io.culvert.flow;

import io.culvert.wire.IpProtocol;

import java.time.Duration;

/**
 * How long a silent flow lives.
 *
 * @param tcpEstablished RFC 5382 REQ-5: at least 2 hours 4 minutes
 * @param tcpTransitory opening, half closed or closing; RFC 5382 REQ-5: at least 4 minutes
 * @param udp RFC 4787 REQ-5: at least 2 minutes, 5 recommended
 * @param icmp RFC 5508 REQ-2: at least 60 seconds
 * @param other any other protocol
 */
public record FlowTimers(
        Duration tcpEstablished,
        Duration tcpTransitory,
        Duration udp,
        Duration icmp,
        Duration other) {
    public static final FlowTimers DEFAULT =
            new FlowTimers(
                    Duration.ofSeconds(7_440),
                    Duration.ofSeconds(240),
                    Duration.ofSeconds(300),
                    Duration.ofSeconds(60),
                    Duration.ofSeconds(600));

    /** Below these the RFCs named above do not let a time-out go. */
    public static final FlowTimers FLOOR =
            new FlowTimers(
                    Duration.ofSeconds(7_440),
                    Duration.ofSeconds(240),
                    Duration.ofSeconds(120),
                    Duration.ofSeconds(60),
                    Duration.ofSeconds(60));

    /**
     * The time-out, in nanoseconds, of a flow of that protocol; TCP counts as transitory until it
     * is established.
     */
    long nanos(int protocol, boolean established) {
        Duration duration =
                switch (protocol) {
                    case IpProtocol.TCP -> established ? tcpEstablished : tcpTransitory;
                    case IpProtocol.UDP -> udp;
                    case IpProtocol.ICMP, IpProtocol.ICMPV6 -> icmp;
                    default -> other;
                };
        return duration.toNanos();
    }
}
