/**
 * The gateway from outside: clients and servers are ordinary sockets of the JDK and the kernel in
 * network namespaces of their own, and what they see is compared with what they would see without a
 * gateway between them.
 *
 * <p>{@link io.culvert.e2e.Host} is one machine, {@link io.culvert.e2e.Topology} three of them with
 * a gateway in the middle. {@link io.culvert.e2e.Crossing} has either Culvert or the kernel's own
 * masquerading there, for {@link io.culvert.e2e.Tool}s to compare. Nothing waits for a fixed time
 * ({@link io.culvert.e2e.Eventually}) but what is about silences.
 */
package io.culvert.e2e;
