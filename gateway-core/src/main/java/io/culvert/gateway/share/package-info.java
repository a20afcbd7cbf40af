/**
 * What a device off-ramp needs where flows appear from an address that the host has itself: a range
 * of its ports is taken out of the host's hands, and given back.
 *
 * <p>Depends on: {@code linux}, {@code tun}, {@code nat}'s port ranges, {@code wire}'s addresses.
 *
 * <p>Threading: at start and end alone; no packet passes here.
 */
package io.culvert.gateway.share;
