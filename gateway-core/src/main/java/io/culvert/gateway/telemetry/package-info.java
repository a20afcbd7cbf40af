/**
 * What a gateway tells about itself: metrics and health over HTTP, the log of flows, the log of
 * administrative actions.
 *
 * <p>Depends on: the gateway, {@code flow}, {@code config}; nothing of the packet path depends on
 * it.
 *
 * <p>Threading: counters are read when they are asked for; workers call {@link
 * io.culvert.flow.FlowListener}s alone, which neither block nor do I/O.
 */
package io.culvert.gateway.telemetry;
