package io.culvert.gateway.plugin;

/** A plugin cannot be used; the message is a sentence for the operator. */
public final class PluginException extends Exception {
    private static final long serialVersionUID = 1L;

    public PluginException(String message) {
        super(message);
    }

    public PluginException(String message, Throwable cause) {
        super(message, cause);
    }
}
