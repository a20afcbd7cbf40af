package io.culvert.gateway.config;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/** The JSON Schema that configurations are checked with, for editors. */
public final class ConfigurationSchema {
    private ConfigurationSchema() {}

    /** All of it. */
    public static String text() {
        try (InputStream in = ConfigurationSchema.class.getResourceAsStream("schema.json")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
