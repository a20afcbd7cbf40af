package io.culvert.gateway.plugin;

import io.culvert.gateway.config.SettingsManual;
import io.culvert.gateway.config.SettingsText;
import io.culvert.hook.Hooks;
import io.culvert.hook.Plugin;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * A plugin's jar, looked at as a gateway would load it: what its files say, then what it says of
 * itself, and then, where its settings are known, what it does when it starts. It is stopped again.
 */
public final class PluginInspection {
    private final List<String> errors = new ArrayList<>();
    private final List<String> warnings = new ArrayList<>();
    private Optional<About> about = Optional.empty();
    private Optional<Hooks> hooks = Optional.empty();
    private String notStarted = "";

    /** What a plugin says of itself. */
    public record About(
            String name, String version, String description, List<SettingsManual.Key> settings) {}

    private PluginInspection() {}

    /**
     * Looks at a jar.
     *
     * @param settings to start it with; where there are none it is started if it needs none
     * @param directory what paths in its settings are relative to
     */
    public static PluginInspection of(Path jar, Optional<PluginSettings> settings, Path directory) {
        PluginInspection inspection = new PluginInspection();
        inspection.look(jar, settings, directory);
        return inspection;
    }

    /** What keeps a gateway from using it, as sentences. */
    public List<String> errors() {
        return List.copyOf(errors);
    }

    /** What it had better not do. */
    public List<String> warnings() {
        return List.copyOf(warnings);
    }

    /** Empty where it cannot be loaded. */
    public Optional<About> about() {
        return about;
    }

    /** What it wants to be asked; empty where it was not started. */
    public Optional<Hooks> hooks() {
        return hooks;
    }

    /** Why it was not started, though nothing is wrong so far; empty where it was. */
    public String notStarted() {
        return notStarted;
    }

    private void look(Path jar, Optional<PluginSettings> settings, Path directory) {
        boolean exits;
        try {
            JarContents contents = JarContents.of(jar);
            errors.addAll(contents.errors());
            warnings.addAll(contents.warnings());
            exits = contents.exits();
        } catch (NoSuchFileException e) {
            errors.add("there is no such file");
            return;
        } catch (IOException e) {
            errors.add("it is no jar: " + e.getMessage());
            return;
        }
        if (!errors.isEmpty()) {
            return;
        }
        try (PluginJar open = PluginJar.open(jar)) {
            look(open);
        } catch (PluginException wrong) {
            errors.add(wrong.getMessage());
        }
        if (!errors.isEmpty()) {
            return;
        }
        if (exits) {
            notStarted = "it may end this process";
            return;
        }
        start(jar, settings, directory);
    }

    private void look(PluginJar open) {
        Plugin<?> plugin = open.plugin();
        SettingsManual manual = SettingsManual.of(plugin.settings());
        manual.wrong().forEach(sentence -> errors.add("its settings: " + sentence));
        about =
                Optional.of(
                        new About(
                                plugin.name(),
                                plugin.version(),
                                plugin.description(),
                                manual.keys()));
    }

    private void start(Path jar, Optional<PluginSettings> settings, Path directory) {
        Set<Thread> before = Thread.getAllStackTraces().keySet();
        try {
            PluginJar open = PluginJar.open(jar);
            ClassLoader loader = open.loader();
            PluginSettings given = settings.orElseGet(PluginInspection::none);
            if (settings.isEmpty() && !needsNothing(open, given)) {
                open.close();
                notStarted = "it needs settings";
                return;
            }
            PluginEntry entry =
                    new PluginEntry(
                            jar,
                            open.digest(),
                            given,
                            PluginEntry.DEFAULT_DEADLINE,
                            false,
                            directory);
            PluginHost host = new GatewayHost(open.plugin().name(), directory);
            LoadedPlugin loaded = LoadedPlugin.start(entry, open, host, new HookTimesRegistry());
            hooks = Optional.of(loaded.hooks());
            List<Thread> begun =
                    Thread.getAllStackTraces().keySet().stream()
                            .filter(thread -> !before.contains(thread))
                            .filter(thread -> thread.getContextClassLoader() == loader)
                            .toList();
            loaded.retain();
            loaded.release();
            loaded.awaitEnd(Duration.ofSeconds(10).toNanos());
            begun.forEach(thread -> warnings.add(words(thread)));
        } catch (PluginException wrong) {
            errors.add(wrong.getMessage());
        }
    }

    private static PluginSettings none() {
        return new SettingsText("settings", "");
    }

    private static boolean needsNothing(PluginJar jar, PluginSettings none) {
        try {
            Record unused = none.read(jar.plugin().settings());
            return true;
        } catch (PluginException needs) {
            return false;
        }
    }

    private static String words(Thread thread) {
        return "start begins the thread \"%s\"%s"
                .formatted(
                        thread.getName(),
                        thread.isAlive()
                                ? ", which goes on after stop, so that its classes stay in memory"
                                        + " for ever"
                                : "; Host.every needs none");
    }
}
