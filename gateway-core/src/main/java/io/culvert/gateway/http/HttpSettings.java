package io.culvert.gateway.http;

import java.time.Duration;

/**
 * How HTTP connections are treated; the defaults are after Envoy's guidance for edge proxies.
 *
 * @param headerTimeout for a request's head, from the connection's beginning or from its first byte
 * @param requestTimeout for a whole request, body and all
 * @param idleTimeout between two requests of a client's connection
 * @param streamTimeout how long nothing may move while a request or its answer is under way
 * @param responseTimeout for the answer's head, from the request's end
 * @param upstreamIdleTimeout how long a connection to a server is kept for the next request
 * @param upstreamIdle how many are kept for a server at most
 * @param headerBytes of a head, first line included
 * @param headerCount fields of a head
 * @param bodyBytes of a request's body; 0 for any
 * @param streams requests at once on a connection of HTTP/2 or HTTP/3
 * @param streamWindow bytes of one request's body that may wait in the gateway (HTTP/2, and to
 *     begin with HTTP/3)
 * @param connectionWindow bytes of all of them on a connection
 * @param via whether Via is added (RFC 9110 section 7.6.3)
 * @param forwarded what the server is told of the client
 * @param connectPorts where CONNECT may lead
 * @param accessLog of requests
 * @param http3 whether HTTP/3 is spoken with clients
 * @param advertisesHttp3 whether clients by TCP are told of it
 * @param minimumRate of clients that are waited for
 */
public record HttpSettings(
        Duration headerTimeout,
        Duration requestTimeout,
        Duration idleTimeout,
        Duration streamTimeout,
        Duration responseTimeout,
        Duration upstreamIdleTimeout,
        int upstreamIdle,
        int headerBytes,
        int headerCount,
        long bodyBytes,
        int streams,
        int streamWindow,
        int connectionWindow,
        boolean via,
        ForwardedFields forwarded,
        PortSet connectPorts,
        AccessLogSettings accessLog,
        boolean http3,
        boolean advertisesHttp3,
        MinimumRate minimumRate) {
    public static final HttpSettings DEFAULT =
            new HttpSettings(
                    Duration.ofSeconds(10),
                    Duration.ofMinutes(5),
                    Duration.ofSeconds(60),
                    Duration.ofMinutes(5),
                    Duration.ofSeconds(60),
                    Duration.ofSeconds(30),
                    256,
                    60 * 1024,
                    100,
                    0,
                    100,
                    64 * 1024,
                    1024 * 1024,
                    true,
                    ForwardedFields.NONE,
                    PortSet.NONE,
                    AccessLogSettings.NONE,
                    false,
                    false,
                    MinimumRate.DEFAULT);

    HeadLimits headLimits() {
        return new HeadLimits(headerBytes, headerCount);
    }
}
