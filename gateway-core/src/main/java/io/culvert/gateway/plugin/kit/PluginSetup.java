package io.culvert.gateway.plugin.kit;

import io.culvert.gateway.config.SettingsText;
import io.culvert.gateway.plugin.HookChain;
import io.culvert.gateway.plugin.HookTimesRegistry;
import io.culvert.gateway.plugin.LoadedPlugin;
import io.culvert.gateway.plugin.PluginEntry;
import io.culvert.gateway.plugin.PluginException;
import io.culvert.gateway.plugin.PluginSettings;
import io.culvert.hook.NoSettings;
import io.culvert.hook.Plugin;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;

/** How a plugin under test is started: what stands beside {@code jar} in a configuration. */
public final class PluginSetup {
    /** Longer than a gateway's own, as a machine that builds may be slow. */
    private static final Duration PATIENT = Duration.ofSeconds(10);

    private final Class<? extends Plugin<?>> type;
    private final Set<String> sockets = new HashSet<>(Set.of("socket"));
    private final Set<String> devices = new HashSet<>();
    private PluginSettings settings = new Given(new NoSettings());
    private Path directory = Path.of("");
    private Duration deadline = PATIENT;
    private boolean failsOpen;

    PluginSetup(Class<? extends Plugin<?>> type) {
        this.type = type;
    }

    /** Settings that need not be read. */
    private record Given(Record record) implements PluginSettings {
        @Override
        public <S extends Record> S read(Class<S> type) throws PluginException {
            if (!type.isInstance(record)) {
                throw new PluginException(
                        "its settings are a %s, and it was given a %s"
                                .formatted(type.getName(), record.getClass().getName()));
            }
            return type.cast(record);
        }

        @Override
        public String text() {
            return record.toString();
        }
    }

    /** With these settings, as a text of YAML. */
    public PluginSetup settings(String yaml) {
        settings = new SettingsText("settings", yaml);
        return this;
    }

    /** With these settings, as they are. */
    public PluginSetup settings(Record record) {
        settings = new Given(Objects.requireNonNull(record));
        return this;
    }

    /** Paths of its settings are relative to this directory. */
    public PluginSetup in(Path configured) {
        directory = configured;
        return this;
    }

    /** As {@code deadline} of the configuration; here it is 10 s unless said. */
    public PluginSetup deadline(Duration limit) {
        deadline = limit;
        return this;
    }

    /** As {@code on-failure: accept}: a flow goes on where the plugin fails. */
    public PluginSetup failsOpen() {
        failsOpen = true;
        return this;
    }

    /** There is an off-ramp of type {@code socket} of that name, besides {@code socket} itself. */
    public PluginSetup socketOffRamp(String name) {
        sockets.add(name);
        return this;
    }

    /** There is an off-ramp of type {@code device} of that name. */
    public PluginSetup deviceOffRamp(String name) {
        devices.add(name);
        return this;
    }

    /**
     * Starts it as a gateway would.
     *
     * @throws PluginException it cannot be used; the message is what the operator would see
     */
    public PluginKit start() throws PluginException {
        return start(make());
    }

    private <S extends Record> PluginKit start(Plugin<S> plugin) throws PluginException {
        HandClock clock = new HandClock();
        HandHost host = new HandHost(clock, directory);
        Watched<S> watched = new Watched<>(plugin);
        PluginEntry entry =
                new PluginEntry(
                        Path.of(type.getName()), "", settings, deadline, failsOpen, directory);
        LoadedPlugin loaded = LoadedPlugin.start(entry, watched, host, new HookTimesRegistry());
        return new PluginKit(
                HookChain.of(List.of(loaded), sockets, devices), loaded, watched, host, clock);
    }

    private Plugin<?> make() throws PluginException {
        if (!Modifier.isPublic(type.getModifiers())) {
            throw new PluginException(type.getName() + " is not public");
        }
        try {
            return type.getConstructor().newInstance();
        } catch (NoSuchMethodException e) {
            throw new PluginException(
                    type.getName() + " has no public constructor without parameters", e);
        } catch (InvocationTargetException e) {
            throw new PluginException(
                    "the constructor of " + type.getName() + " threw " + e.getCause(),
                    e.getCause());
        } catch (ReflectiveOperationException e) {
            throw new PluginException(type.getName() + " cannot be made: " + e.getMessage(), e);
        }
    }
}
