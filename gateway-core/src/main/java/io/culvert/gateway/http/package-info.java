/**
 * HTTP between a client and an upstream: HTTP/1.1 and HTTP/2 on either side, bodies streamed, one
 * pool of kept connections.
 *
 * <pre>
 *   client ─► Http1Inbound ─┐              ┌─► Http1Outbound ─► server
 *                           ├─► Exchange ──┤
 *   client ─► Http2Inbound ─┘   a request  └─► Http2Outbound ─► server
 *                               its answer
 * </pre>
 *
 * <p>What passes through an {@link io.culvert.gateway.http.Exchange} belongs to no version: heads
 * without the fields of a single connection, pieces of a body, trailers. HTTP/1.1 is read by this
 * package's own {@link io.culvert.gateway.http.MessageReader}, since a proxy has to refuse what a
 * lenient reader repairs (RFC 9112 section 11.2); frames and HPACK are Netty's.
 *
 * <p>Back-pressure: whoever cannot write says so, and the other side stops reading.
 *
 * <p>Depends on: {@code upstream}, {@code tls}. Threading: everything of a client's connection
 * happens on its loop; a pooled connection is moved to the loop that takes it.
 *
 * <p>Implements: RFC 9110, RFC 9112, RFC 9113, RFC 8441, RFC 7239.
 */
package io.culvert.gateway.http;
