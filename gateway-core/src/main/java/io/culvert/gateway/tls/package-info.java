/**
 * TLS at both sides of a connection that the gateway handles: ended with the operator's
 * certificates, or with ones minted for inspection, and begun towards upstreams.
 *
 * <p>{@link io.culvert.gateway.tls.ServerTls} and {@link io.culvert.gateway.tls.ClientTls} give
 * Netty handlers; what a finished handshake has shown stands in its {@link
 * javax.net.ssl.SSLSession} ({@link io.culvert.gateway.tls.ClientIdentity}).
 *
 * <p>Depends on: Netty's handlers, Bouncy Castle for certificates, the JDK; nothing of flows or
 * packets.
 *
 * <p>Threading: handlers belong to their channel's event loop; the rest may be used from any
 * thread. Nothing here blocks a loop: private keys are used, and files read, on threads of their
 * own.
 *
 * <p>Implements: RFC 8446 and RFC 5246 by BoringSSL or the JDK, RFC 6066 section 3 (names), RFC
 * 7301 (ALPN), RFC 9525 (who the other side is), RFC 5280 (minted certificates).
 */
package io.culvert.gateway.tls;
