package io.culvert.gateway.config;

import io.culvert.gateway.plugin.PluginEntry;
import io.culvert.gateway.plugin.PluginException;
import io.culvert.gateway.plugin.PluginJar;
import io.culvert.gateway.plugin.PluginSettings;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The plugins of a configuration. A jar that is there is opened, and its settings are compared with
 * what the plugin wants; nothing of it is started. One that is not there may be where the
 * configuration will be used.
 */
final class PluginReader {
    private final YamlTree tree;
    private final Errors errors;
    private final Path directory;

    /**
     * @param file the configuration's name, to whose directory paths are relative
     */
    PluginReader(YamlTree tree, Errors errors, String file) {
        this.tree = tree;
        this.errors = errors;
        Path parent = Path.of(file).toAbsolutePath().getParent();
        directory = parent == null ? Path.of("/") : parent;
    }

    List<PluginEntry> read(List<Section> sections) {
        List<PluginEntry> entries = new ArrayList<>();
        for (int i = 0; i < sections.size(); i++) {
            String settings =
                    YamlTree.child(YamlTree.child("/plugins", Integer.toString(i)), "settings");
            read(sections.get(i), settings).ifPresent(entries::add);
        }
        return entries;
    }

    private Optional<PluginEntry> read(Section section, String settings) {
        return section.value("jar", directory::resolve)
                .map(
                        jar ->
                                new PluginEntry(
                                        jar,
                                        digest(section, jar, settings),
                                        new TreeSettings(tree, settings),
                                        section.value(
                                                        "deadline",
                                                        text ->
                                                                Quantity.duration(
                                                                        text, "10ms", "1m"))
                                                .orElse(PluginEntry.DEFAULT_DEADLINE),
                                        section.text("on-failure").orElse("").equals("accept"),
                                        directory));
    }

    /** Of the jar, with its plugin's settings compared; empty where there is no such file. */
    private String digest(Section section, Path jar, String settings) {
        if (!Files.exists(jar)) {
            return "";
        }
        try (PluginJar open = PluginJar.open(jar)) {
            Optional<?> unused =
                    new SettingsReader(tree, errors).read(settings, open.plugin().settings());
            return open.digest();
        } catch (PluginException wrong) {
            section.wrong("jar", wrong.getMessage());
            return "";
        }
    }

    /** The settings at a place. */
    private record TreeSettings(YamlTree tree, String place) implements PluginSettings {
        @Override
        public <S extends Record> S read(Class<S> type) throws PluginException {
            Errors errors = new Errors();
            Optional<S> read = new SettingsReader(tree, errors).read(place, type);
            if (read.isEmpty() || !errors.isEmpty()) {
                List<String> messages =
                        errors.of("", "").stream().map(ConfigurationError::message).toList();
                throw new PluginException("its settings: " + String.join("; ", messages));
            }
            return read.get();
        }

        @Override
        public String text() {
            return tree.at(place).toString();
        }
    }
}
