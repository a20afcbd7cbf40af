package io.culvert.gateway.plugin;

import io.culvert.gateway.config.SettingsText;
import io.culvert.hook.Hooks;
import io.culvert.hook.Host;
import io.culvert.hook.NoSettings;
import io.culvert.hook.Plugin;

import java.lang.reflect.Proxy;
import java.nio.file.Path;
import java.time.Duration;

/** A plugin of the test's own classes, without a jar. */
public record LonePlugin(String name, Hooks hooks) implements PluginCode, Plugin<NoSettings> {
    /** Started; what fails of it refuses the flow unless it {@code failsOpen}. */
    public static LoadedPlugin start(String name, Hooks hooks, Duration deadline, boolean failsOpen)
            throws PluginException {
        PluginEntry entry =
                new PluginEntry(
                        Path.of(name),
                        "",
                        new SettingsText("settings", "{}"),
                        deadline,
                        failsOpen,
                        Path.of(""));
        PluginHost host =
                (PluginHost)
                        Proxy.newProxyInstance(
                                LonePlugin.class.getClassLoader(),
                                new Class<?>[] {PluginHost.class},
                                (_, _, _) -> null);
        return LoadedPlugin.start(
                entry, new LonePlugin(name, hooks), host, new HookTimesRegistry());
    }

    @Override
    public Plugin<?> plugin() {
        return this;
    }

    @Override
    public ClassLoader loader() {
        return LonePlugin.class.getClassLoader();
    }

    @Override
    public void close() {}

    @Override
    public String version() {
        return "1";
    }

    @Override
    public Class<NoSettings> settings() {
        return NoSettings.class;
    }

    @Override
    public Hooks start(NoSettings settings, Host host) {
        return hooks;
    }
}
