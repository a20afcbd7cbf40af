package io.culvert.gateway.config;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

class ConfigurationReferenceTest {
    private static final Path PAGE = Path.of("../docs/configuration.md");

    @Test
    void keepsTheReferencePageAsTheSchemaSays() throws IOException {
        if (Boolean.getBoolean("culvert.regenerate")) {
            Files.createDirectories(PAGE.getParent());
            Files.writeString(PAGE, ConfigurationReference.page());
        }
        assertEquals(
                ConfigurationReference.page(),
                Files.exists(PAGE) ? Files.readString(PAGE) : "",
                "docs/configuration.md is stale; make it anew with: mvn -pl gateway-core -am verify"
                    + " -Dtest=ConfigurationReferenceTest -Dsurefire.failIfNoSpecifiedTests=false"
                    + " -Dculvert.regenerate=true");
    }
}
