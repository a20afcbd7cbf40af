/**
 * The demonstration: a gateway, two tenants and a host with servers, all in this process and in
 * network namespaces that end with it, and scenes that try what the gateway promises and measure
 * it.
 *
 * <p>Depends on: the gateway as its users have it, and {@code native} for the sockets of clients
 * and servers. The JDK's own would not do: it decides by the namespace that the process was started
 * in whether there is IPv6.
 *
 * <p>Threading: scenes run one after the other; clients and servers block, each on a thread of its
 * own and never longer than {@link io.culvert.gateway.demo.Patience} allows.
 */
package io.culvert.gateway.demo;
