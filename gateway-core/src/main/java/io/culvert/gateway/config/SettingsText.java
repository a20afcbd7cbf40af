package io.culvert.gateway.config;

import io.culvert.gateway.plugin.PluginException;
import io.culvert.gateway.plugin.PluginSettings;

import java.util.List;
import java.util.Optional;

/**
 * A plugin's settings as a text of YAML of their own, as tests and {@code culvert plugin check}
 * have them. Immutable.
 */
public final class SettingsText implements PluginSettings {
    private final String name;
    private final String text;

    /**
     * @param name what errors call the text
     */
    public SettingsText(String name, String text) {
        this.name = name;
        this.text = text;
    }

    @Override
    public <S extends Record> S read(Class<S> type) throws PluginException {
        Errors errors = new Errors();
        // Of no settings at all there is no tree.
        String tree = text.isBlank() ? "{}" : text;
        Optional<S> read =
                YamlTree.parse(tree, errors)
                        .flatMap(whole -> new SettingsReader(whole, errors).read("", type));
        if (read.isEmpty() || !errors.isEmpty()) {
            List<String> messages =
                    errors.of(name, tree).stream()
                            .map(e -> e.line() + ":" + e.column() + ": " + e.message())
                            .toList();
            throw new PluginException("%s:%s".formatted(name, String.join("; ", messages)));
        }
        return read.get();
    }

    @Override
    public String text() {
        return text;
    }
}
