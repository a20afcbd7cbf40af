/**
 * The gateway's own resolver: names to addresses by asking name servers, one set of them for each
 * tenant that has its own.
 *
 * <p>Depends on: Netty. Knows nothing of groups or flows.
 *
 * <p>Threading: one event loop asks; results are kept for any thread to read.
 *
 * <p>Implements: RFC 1035 as a stub resolver, with the cache's times of RFC 2308 (negative
 * answers), RFC 8767 (stale ones) and resolv.conf(5).
 */
package io.culvert.gateway.upstream.dns;
