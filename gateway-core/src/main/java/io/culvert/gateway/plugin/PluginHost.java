package io.culvert.gateway.plugin;

import io.culvert.hook.Host;

/** What a plugin has of the gateway, until it ends. */
public interface PluginHost extends Host {
    /** Nothing that the plugin has asked for is done any more. */
    void stop();
}
