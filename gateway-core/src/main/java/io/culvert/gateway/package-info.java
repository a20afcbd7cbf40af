/**
 * The gateway itself: workers that carry packets from on-ramps through decisions to off-ramps, and
 * what starts, shows and stops them.
 *
 * <p>Depends on: every other module. Configuration, policy and the command line are in packages
 * below.
 *
 * <p>Threading: a {@link io.culvert.gateway.Worker} is one thread; a {@link
 * io.culvert.gateway.Gateway} starts and stops them and may be called from any.
 */
package io.culvert.gateway;
