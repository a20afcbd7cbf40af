package io.culvert.gateway.tls;

import io.netty.channel.ChannelHandler;

/**
 * Ends TLS that clients begin. A handler goes in front of a channel's pipeline before its first
 * byte is read. It looks at the ClientHello, gives way to an {@link
 * io.netty.handler.ssl.SslHandler} with the certificate for it, and what comes behind that reads
 * plain bytes. {@code h2} and {@code http/1.1} are offered; {@link
 * io.netty.handler.ssl.SslHandler#applicationProtocol} has what was agreed, or null.
 *
 * <p>Told to the pipeline: {@link io.netty.handler.ssl.SslHandshakeCompletionEvent}, once; a failed
 * one closes the channel after its alert.
 *
 * <p>Threading: any; a handler is for one channel, whose loop it does not block.
 */
public interface ServerTls {
    /**
     * Ends TLS with the operator's certificate for the name that the client wants.
     *
     * @throws IllegalStateException if the configuration has no certificate; see {@link
     *     #terminates}
     */
    ChannelHandler terminate();

    /**
     * Ends TLS with a certificate minted for the name that the client wants, or, where it names
     * none, for the target's address. A name that the operator lets pass is not touched: the
     * handler tells {@link Passed} and is gone, and the bytes that it had read follow as they came.
     *
     * @throws IllegalStateException if the configuration has no authority; see {@link #inspects}
     */
    ChannelHandler inspect(InspectTarget target);

    /** Whether there is a certificate to end TLS with. */
    boolean terminates();

    /** Whether there is an authority to mint with. */
    boolean inspects();

    /**
     * Whether connections for a name are let through undecrypted where others are inspected.
     *
     * @param serverName in lower case, without a trailing dot
     */
    boolean passes(String serverName);

    /**
     * A connection was let through: what the channel reads from now on is TLS, from its first byte.
     *
     * @param serverName that the client wants
     */
    record Passed(String serverName) {}
}
