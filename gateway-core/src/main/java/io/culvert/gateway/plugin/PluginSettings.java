package io.culvert.gateway.plugin;

/** A plugin's settings as the configuration has them. */
public interface PluginSettings {
    /**
     * Reads them into a record, see {@link io.culvert.hook.Setting}.
     *
     * @throws PluginException with all that is wrong, where they do not fit
     */
    <S extends Record> S read(Class<S> type) throws PluginException;

    /** The same for the same settings. */
    String text();
}
