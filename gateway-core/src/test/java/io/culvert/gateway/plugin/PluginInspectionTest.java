package io.culvert.gateway.plugin;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.config.SettingsText;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

class PluginInspectionTest {
    private static final String SERVICE = "META-INF/services/io.culvert.hook.Plugin";

    @TempDir private Path directory;

    private static String plugin(String modifiers, String settings, String members, String start) {
        return """
        package com.example;
        import io.culvert.hook.*;
        import java.util.*;
        %s class Mine implements Plugin<Mine.Settings> {
            public record Settings(%s) {}
            %s
            public String name() { return "mine"; }
            public String version() { return "3"; }
            public String description() { return "Does something."; }
            public Class<Settings> settings() { return Settings.class; }
            public Hooks start(Settings settings, Host host) throws Exception {
                %s
            }
        }
        """
                .formatted(modifiers, settings, members, start);
    }

    private JarOfSources jar(String source) {
        return new JarOfSources(directory)
                .type("com.example.Mine", source)
                .service("com.example.Mine");
    }

    private PluginInspection inspect(JarOfSources jar) throws IOException {
        return PluginInspection.of(jar.build("mine.jar"), Optional.empty(), directory);
    }

    private void assertWrong(String expected, JarOfSources jar) throws IOException {
        PluginInspection inspection = inspect(jar);
        assertTrue(
                inspection.errors().size() == 1
                        && inspection.errors().getFirst().contains(expected),
                () -> inspection.errors().toString());
    }

    @Test
    void saysWhatAGoodPluginIsAndHas() throws IOException {
        PluginInspection inspection =
                inspect(
                        jar(
                                plugin(
                                        "public",
                                        "@Setting(value = \"How many\", defaultValue = \"7\") int"
                                                + " maxFlows, Optional<Network> from",
                                        "",
                                        "return Hooks.none().flow(r -> FlowVerdict.accept())"
                                                + ".handler(\"one\", c -> {});")));

        assertEquals(List.of(), inspection.errors());
        assertEquals(List.of(), inspection.warnings());
        PluginInspection.About about = inspection.about().orElseThrow();
        assertEquals("mine", about.name());
        assertEquals(
                "[Key[name=max-flows, type=whole number, otherwise=default 7, meaning=How many],"
                        + " Key[name=from, type=prefix, otherwise=optional, meaning=]]",
                about.settings().toString());
        assertTrue(inspection.hooks().orElseThrow().flow().isPresent());
        assertEquals(1, inspection.hooks().orElseThrow().handlers().size());
    }

    @Test
    void startsOneThatNeedsSettingsOnlyWithThem() throws IOException {
        Path jar = jar(plugin("public", "int port", "", "return Hooks.none();")).build("mine.jar");

        assertEquals(
                "it needs settings",
                PluginInspection.of(jar, Optional.empty(), directory).notStarted());
        PluginInspection started =
                PluginInspection.of(
                        jar, Optional.of(new SettingsText("s.yaml", "port: 25")), directory);
        assertEquals(List.of(), started.errors());
        assertTrue(started.hooks().isPresent());
        assertEquals(
                List.of(
                        "s.yaml:1:1: there is no \"port\"; 1:1: unknown key \"prot\"; did you mean"
                                + " \"port\"?"),
                PluginInspection.of(
                                jar, Optional.of(new SettingsText("s.yaml", "prot: 25")), directory)
                        .errors());
    }

    @Test
    void aFileThatIsNotThereOrNoJarIsSaidToBeThat() throws IOException {
        assertEquals(
                List.of("there is no such file"),
                PluginInspection.of(directory.resolve("no.jar"), Optional.empty(), directory)
                        .errors());
        Path text = Files.writeString(directory.resolve("text.jar"), "text");
        assertTrue(
                PluginInspection.of(text, Optional.empty(), directory)
                        .errors()
                        .getFirst()
                        .startsWith("it is no jar: "));
    }

    @Test
    void aJarWithoutAServiceEntryIsNoPlugin() throws IOException {
        assertWrong("there is no " + SERVICE, new JarOfSources(directory));
        assertWrong("names no class", new JarOfSources(directory).service("# nothing"));
    }

    @Test
    void aServiceEntryNamesOneClassThatIsThere() throws IOException {
        assertWrong(
                "names com.example.Absent, which is not in the jar",
                new JarOfSources(directory).service("com.example.Absent"));
        assertWrong(
                "names more than one class: com.example.Mine, com.example.Mine",
                jar(plugin("public", "", "", "return Hooks.none();"))
                        .service("com.example.Mine\ncom.example.Mine"));
    }

    @Test
    void thePluginsClassIsPublicWithAPublicConstructor() throws IOException {
        assertEquals(
                List.of(
                        "com.example.Mine is not public",
                        "com.example.Mine has no public constructor without parameters"),
                inspect(jar(plugin("", "", "", "return Hooks.none();"))).errors());
        assertWrong(
                "com.example.Mine has no public constructor without parameters",
                jar(plugin("public", "", "public Mine(int x) {}", "return Hooks.none();")));
        assertWrong(
                "com.example.Mine is abstract",
                jar(plugin("public abstract", "", "public Mine() {}", "return Hooks.none();")));
    }

    @Test
    void whatTheConstructorOrStartThrowsIsSaid() throws IOException {
        assertWrong(
                "cannot be made: IllegalStateException: no luck",
                jar(
                        plugin(
                                "public",
                                "",
                                "public Mine() { throw new IllegalStateException(\"no luck\"); }",
                                "return Hooks.none();")));
        assertWrong(
                "did not start: ",
                jar(
                        plugin(
                                "public",
                                "",
                                "",
                                "if (true) throw new java.io.IOException(\"no table\");"
                                        + " return null;")));
    }

    @Test
    void twoHandlersOfOneNameAreRefused() throws IOException {
        assertWrong(
                "one",
                jar(
                        plugin(
                                "public",
                                "",
                                "",
                                "return Hooks.none().handler(\"one\", c -> {})"
                                        + ".handler(\"one\", c -> {});")));
    }

    @Test
    void settingsOfTypesThatCannotBeAreNamedWhateverAConfigurationSays() throws IOException {
        assertEquals(
                List.of(
                        "its settings: since: a setting cannot be of the type java.util.Date",
                        "its settings: by-number: the keys of a map are texts, not class"
                                + " java.lang.Integer",
                        "its settings: its default: most: \"many\" is no whole number"),
                inspect(
                                jar(
                                        plugin(
                                                "public",
                                                "Date since, Map<Integer, String> byNumber,"
                                                        + " @Setting(defaultValue = \"many\") int"
                                                        + " most",
                                                "",
                                                "return Hooks.none();")))
                        .errors());
    }

    @Test
    void aCopyOfTheHooksInTheJarIsAnError() throws IOException {
        assertWrong(
                "it contains classes of the hooks, such as io.culvert.hook.NoSettings",
                jar(plugin("public", "", "", "return Hooks.none();"))
                        .type(
                                "io.culvert.hook.NoSettings",
                                "package io.culvert.hook; public record NoSettings() {}"));
    }

    @Test
    void librariesThatAreTheGatewaysBusinessAreWarnedOf() throws IOException {
        PluginInspection inspection =
                inspect(
                        jar(plugin("public", "", "", "return Hooks.none();"))
                                .type("org.slf4j.Mine", "package org.slf4j; class Mine {}")
                                .type(
                                        "io.culvert.gateway.Mine",
                                        "package io.culvert.gateway; class Mine {}"));

        assertEquals(List.of(), inspection.errors());
        assertEquals(2, inspection.warnings().size());
        assertTrue(inspection.warnings().getFirst().contains("io.culvert.gateway.Mine"));
        assertTrue(inspection.warnings().getLast().contains("SLF4J"));
    }

    @Test
    void onePluginThatWouldEndTheGatewayIsNotStarted() throws IOException {
        PluginInspection inspection =
                inspect(jar(plugin("public", "", "", "System.exit(3); return null;")));

        assertEquals(
                List.of("com.example.Mine calls exit, which would end the gateway"),
                inspection.warnings());
        assertEquals("it may end this process", inspection.notStarted());
    }

    @Test
    void threadsThatStartBeginsAreNamed() throws IOException {
        PluginInspection inspection =
                inspect(
                        jar(
                                plugin(
                                        "public",
                                        "",
                                        "private Thread mine;"
                                                + " public void stop() { mine.interrupt();"
                                                + " try { mine.join(); }"
                                                + " catch (InterruptedException e) {} }",
                                        "mine = new Thread(() -> { try { Thread.sleep(60000); }"
                                                + " catch (InterruptedException e) {} }, \"busy\");"
                                                + " mine.start(); return Hooks.none();")));

        assertEquals(
                List.of("start begins the thread \"busy\"; Host.every needs none"),
                inspection.warnings());
    }
}
