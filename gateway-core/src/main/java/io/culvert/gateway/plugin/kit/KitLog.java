package io.culvert.gateway.plugin.kit;

import java.text.MessageFormat;
import java.util.List;
import java.util.ResourceBundle;
import java.util.concurrent.CopyOnWriteArrayList;

/** What a plugin has logged, as lines such as {@code INFO: read again}. Threading: any. */
final class KitLog implements System.Logger {
    private final List<String> lines = new CopyOnWriteArrayList<>();

    List<String> lines() {
        return List.copyOf(lines);
    }

    @Override
    public String getName() {
        return "kit";
    }

    @Override
    public boolean isLoggable(Level level) {
        return true;
    }

    @Override
    public void log(Level level, ResourceBundle bundle, String message, Throwable thrown) {
        lines.add(level + ": " + message + (thrown == null ? "" : " (" + thrown + ")"));
    }

    @Override
    public void log(Level level, ResourceBundle bundle, String format, Object... parameters) {
        // As every System.Logger does it, so that an author sees a brace that breaks the format.
        boolean plain = parameters == null || parameters.length == 0;
        lines.add(level + ": " + (plain ? format : new MessageFormat(format).format(parameters)));
    }
}
