package io.culvert.gateway.http;

import io.culvert.gateway.upstream.ConnectTimes;
import io.culvert.hook.HttpRequest;
import io.culvert.hook.HttpSummary;
import io.culvert.hook.HttpTimes;
import io.culvert.hook.Reason;

import java.time.Duration;
import java.util.Optional;

/**
 * What is known of an {@link Exchange}, during it and afterwards: for the access log and metrics.
 *
 * <p>Confined to the client's loop.
 */
public abstract sealed class ExchangeFacts permits Exchange {
    final HttpFlow flow;
    final InboundStream client;
    final RequestHead request;
    final long begun;
    boolean reused;
    Reason reason;
    String member = "";
    int status;
    int attempts;
    long requestBytes;
    long responseBytes;
    long connected;

    /** Null where nobody was connected to for it. */
    ConnectTimes connect;

    long firstByte;
    long ended;
    boolean tunnel;

    ExchangeFacts(HttpFlow flow, InboundStream client, RequestHead request, long begun) {
        this.flow = flow;
        this.client = client;
        this.request = request;
        this.begun = begun;
    }

    public HttpFlow flow() {
        return flow;
    }

    public RequestHead request() {
        return request;
    }

    /** Why it ended otherwise than with a server's whole answer; null for that. */
    public Reason reason() {
        return reason;
    }

    /** 0 where nothing was answered. */
    public int status() {
        return status;
    }

    /** The server's name; empty where none was picked. */
    public String member() {
        return member;
    }

    public boolean isReused() {
        return reused;
    }

    public boolean isTunnel() {
        return tunnel;
    }

    /** How often a connection was asked for. */
    public int attempts() {
        return attempts;
    }

    public int clientVersion() {
        return client.version();
    }

    /** Of the body, as the client sent it. */
    public long requestBytes() {
        return requestBytes;
    }

    /** Of the body, as the client got it. */
    public long responseBytes() {
        return responseBytes;
    }

    /** From the head to a connection; negative where there was none. */
    public long connectNanos() {
        return connected == 0 ? -1 : connected - begun;
    }

    /** The TCP connect within that; negative where there was none. */
    public long dialNanos() {
        return connect == null ? -1 : connect.dialNanos();
    }

    /** The TLS handshake with the server behind it; negative where there was none. */
    public long tlsNanos() {
        return connect == null ? -1 : connect.tlsNanos();
    }

    /** From the head to the answer's; negative where there was none. */
    public long firstByteNanos() {
        return firstByte == 0 ? -1 : firstByte - begun;
    }

    public long totalNanos() {
        return ended - begun;
    }

    /**
     * For plugins.
     *
     * @param asked what they have made of the request
     */
    HttpSummary summary(HttpRequest asked) {
        return new HttpSummary(
                asked,
                clientVersion(),
                status,
                Optional.ofNullable(reason),
                member,
                reused,
                attempts,
                requestBytes,
                responseBytes,
                new HttpTimes(
                        duration(connectNanos()),
                        duration(dialNanos()),
                        duration(tlsNanos()),
                        duration(firstByteNanos()),
                        Duration.ofNanos(totalNanos())));
    }

    private static Optional<Duration> duration(long nanos) {
        return nanos < 0 ? Optional.empty() : Optional.of(Duration.ofNanos(nanos));
    }
}
