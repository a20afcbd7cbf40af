package io.culvert.gateway.plugin;

import io.culvert.hook.Plugin;

/** A plugin that is not started yet, with its classes: a {@link PluginJar}, or a test's own. */
public interface PluginCode extends AutoCloseable {
    /** The plugin, always the same. */
    Plugin<?> plugin();

    /** Of the plugin's classes. */
    ClassLoader loader();

    /** Lets the classes go. */
    @Override
    void close();
}
