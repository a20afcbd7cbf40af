/**
 * Plugins: loading, starting and replacing them, and asking their hooks.
 *
 * <p>{@link io.culvert.gateway.plugin.Plugins} has the {@link io.culvert.gateway.plugin.HookChain}
 * in force; a {@link io.culvert.gateway.plugin.Question} is one flow's way through it.
 *
 * <p>Threading: hooks run on virtual threads; workers ask, and take answers, and never wait.
 */
package io.culvert.gateway.plugin;
