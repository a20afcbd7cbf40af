/**
 * Flows that stay IP packets: which tunnel or device they leave by, and what a router does to their
 * packets on the way (RFC 1812 section 5, RFC 8200).
 *
 * <p>Depends on: {@code wire}, {@code flow}, {@code nat}, {@code tun} and {@code upgrade}.
 *
 * <p>Threading: a {@link io.culvert.gateway.forward.RouteTable} is immutable; everything else
 * belongs to one worker.
 */
package io.culvert.gateway.forward;
