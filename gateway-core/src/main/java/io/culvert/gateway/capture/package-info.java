/**
 * What arrives on some interfaces of a host is led into an on-ramp's device, and what comes out of
 * the device back to them, by policy routing (ip-rule(8)), which is undone at the end.
 *
 * <p>Depends on: {@code linux}, {@code tun}.
 *
 * <p>Threading: a thread of its own for each on-ramp that captures; no packet passes here.
 */
package io.culvert.gateway.capture;
