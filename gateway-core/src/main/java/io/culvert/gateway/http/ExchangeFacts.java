package io.culvert.gateway.http;

import io.culvert.hook.Reason;

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

    /** Of the body. */
    public long requestBytes() {
        return requestBytes;
    }

    /** Of the body. */
    public long responseBytes() {
        return responseBytes;
    }

    /** From the head to a connection; negative where there was none. */
    public long connectNanos() {
        return connected == 0 ? -1 : connected - begun;
    }

    /** From the head to the answer's; negative where there was none. */
    public long firstByteNanos() {
        return firstByte == 0 ? -1 : firstByte - begun;
    }

    public long totalNanos() {
        return ended - begun;
    }
}
