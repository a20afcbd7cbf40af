/**
 * What a connection is by its first bytes: {@link io.culvert.gateway.detect.FirstBytes} for
 * streams, {@link io.culvert.gateway.detect.QuicFlight} for datagrams. TLS by its ClientHello (RFC
 * 8446 section 4.1.2, RFC 6066 section 3, RFC 7301), HTTP/1 by its first request (RFC 9112), HTTP/2
 * by its preface (RFC 9113 section 3.4), SSH by its identification (RFC 4253 section 4.2), QUIC by
 * the ClientHello of its Initial packets (RFC 9000, RFC 9001, RFC 9369).
 *
 * <p>Depends on: the JDK and its cryptography, and {@code flow} for what is kept of a flow. Does no
 * I/O, starts no thread, reads no clock, and throws for no bytes whatever.
 *
 * <p>Threading: {@link io.culvert.gateway.detect.Facts} are immutable; whoever reads bytes belongs
 * to one thread.
 */
package io.culvert.gateway.detect;
