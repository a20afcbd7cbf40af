package io.culvert.hook;

/**
 * Reads what a tunnel says of itself, and admits it or not: the plugins that have such a hook are
 * asked in turn until one knows, for on-ramps with {@code context: hook}.
 *
 * <p>Called on a virtual thread, and may block until the plugin's deadline; a failure refuses the
 * tunnel.
 */
@FunctionalInterface
public interface TunnelHook {
    /**
     * Decides about a tunnel.
     *
     * @param request what the tunnel says, and what is known of who it is
     * @return not {@code null}, which is a failure
     * @throws Exception refuses it
     */
    TunnelVerdict admit(TunnelRequest request) throws Exception;
}
