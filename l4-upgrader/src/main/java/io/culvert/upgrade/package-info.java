/**
 * IP flow to socket and back: the upgrade namespace where the kernel ends TCP, dials, the splicer,
 * datagram sessions and echo forwarding.
 *
 * <p>Depends on: {@code nat}, {@code flow}, {@code tun}, {@code linux}, Netty's epoll event loop.
 *
 * <p>Threading: everything here is confined to the worker whose {@link io.culvert.upgrade.Poller}
 * drives it, unless it says otherwise.
 */
package io.culvert.upgrade;
