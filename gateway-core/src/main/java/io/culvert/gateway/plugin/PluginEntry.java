package io.culvert.gateway.plugin;

import java.nio.file.Path;
import java.time.Duration;

/**
 * A plugin as the configuration has it.
 *
 * @param digest of the jar when the configuration was read, see {@link PluginJar#digest}
 * @param deadline how long each question to it may take
 * @param failsOpen whether a flow goes on as it was where the plugin fails or does not answer
 * @param directory what paths in its settings are relative to
 */
public record PluginEntry(
        Path jar,
        String digest,
        PluginSettings settings,
        Duration deadline,
        boolean failsOpen,
        Path directory) {
    public static final Duration DEFAULT_DEADLINE = Duration.ofMillis(500);

    /** Whether a plugin that runs by the other entry can go on by this one. */
    public boolean isSame(PluginEntry other) {
        return jar.equals(other.jar)
                && digest.equals(other.digest)
                && settings.text().equals(other.settings.text())
                && deadline.equals(other.deadline)
                && failsOpen == other.failsOpen
                && directory.equals(other.directory);
    }
}
