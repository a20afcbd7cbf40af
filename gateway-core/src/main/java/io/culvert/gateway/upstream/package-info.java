/**
 * Where requests go on: groups of servers, which of a group is next, whether it is healthy, and how
 * it is connected to.
 *
 * <p>Depends on: {@code hook}, {@code tls} and Netty. Knows nothing of flows, tunnels or HTTP.
 *
 * <p>Threading: an {@link io.culvert.gateway.upstream.Upstream} is asked by all workers at once and
 * never blocks; connections belong to the event loop that they were asked for on.
 *
 * <p>Implements: RFC 8305 (happy eyeballs), RFC 2308 (negative caching), and version 1 and 2 of the
 * PROXY protocol.
 */
package io.culvert.gateway.upstream;
