package io.culvert.gateway.config;

import java.time.Duration;

/**
 * How long a flow that was not upgraded may be idle.
 *
 * @param tcpEstablished both handshakes are done
 * @param tcpTransitory opening or closing
 * @param icmp echo
 */
public record Timers(Duration tcpEstablished, Duration tcpTransitory, Duration udp, Duration icmp) {
    public static final Timers DEFAULT =
            new Timers(
                    Duration.ofSeconds(7440),
                    Duration.ofSeconds(240),
                    Duration.ofSeconds(300),
                    Duration.ofSeconds(60));
}
