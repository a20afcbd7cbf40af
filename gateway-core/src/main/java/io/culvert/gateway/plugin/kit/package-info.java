/**
 * Runs a plugin in its author's unit tests, without a gateway, a network or root: to be used in
 * scope {@code test}.
 *
 * <p>Begin with {@link io.culvert.gateway.plugin.kit.PluginKit}. What is asked goes through the
 * gateway's own code, so that a failure, a late answer and the policy for failures show as they
 * would there.
 *
 * <p>Depends on: {@code plugin}, {@code hook}, and {@code wire} for literal packets. Nothing of the
 * gateway depends on it.
 *
 * <p>Threading: a kit belongs to one test; hooks and handlers are called as the gateway does.
 */
package io.culvert.gateway.plugin.kit;
