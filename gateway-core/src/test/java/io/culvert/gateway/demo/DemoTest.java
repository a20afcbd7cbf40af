package io.culvert.gateway.demo;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.linux.OpenDescriptors;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;

class DemoTest {
    private final StringWriter told = new StringWriter();
    private final Screen screen = new Screen(new PrintWriter(told), false, false);

    private record Broken() implements Scene {
        @Override
        public String title() {
            return "broken scene";
        }

        @Override
        public String expectation() {
            return "what is right";
        }

        @Override
        public String play(Stage stage) throws IOException {
            throw new Surprise("what is wrong");
        }
    }

    @Test
    void everySceneGoesAsExpectedOverBothFamiliesAndNoDescriptorIsLeft() throws Exception {
        // Classes that keep a descriptor of their own do so the first time.
        assertTrue(Demo.play(screen, Optional.empty(), List.of(new Ping(Family.IPV4, 1, true))));
        OpenDescriptors before = OpenDescriptors.now();
        assertTrue(Demo.play(screen, Optional.empty()), told::toString);
        assertEquals(Set.of(), OpenDescriptors.now().since(before));
        saysThatAllIsWell(told.toString());
    }

    @Test
    void saysWhatWasExpectedAndWhatWasSeenWhenASceneFails() throws Exception {
        assertFalse(Demo.play(screen, Optional.empty(), List.of(new Broken())));
        assertTrue(
                told.toString()
                        .contains(
                                """
                                broken scene ................................ FAILED
                                      expected: what is right
                                      seen:     what is wrong
                                """),
                told::toString);
        assertTrue(told.toString().contains("0 of 1 as expected"), told::toString);
    }

    @Test
    void worksForAnOrdinaryUserInAUserNamespaceAndAwayFromATerminal() throws Exception {
        Process demo = start("demo");
        String said = new String(demo.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, demo.waitFor(), said);
        assertFalse(said.contains("\033"), "no terminal, no escape sequences");
        saysThatAllIsWell(said);
    }

    @Test
    void staysUpWithAShellWhoseTrafficEntersTheGateway() throws Exception {
        Process demo = start("demo", "--stay");
        try (PrintWriter shell =
                new PrintWriter(demo.getOutputStream(), true, StandardCharsets.UTF_8)) {
            shell.println("grep -c culvert0 /proc/net/dev");
            shell.println("exit 3");
        }
        String said = new String(demo.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(demo.waitFor(20, TimeUnit.SECONDS));
        assertEquals(0, demo.exitValue(), said);
        assertTrue(said.contains(" flows --control "), said);
        assertTrue(said.endsWith("\n1\n"), said);
    }

    private static Process start(String... arguments) throws IOException {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                "unshare",
                                "--user",
                                "--map-root-user",
                                "--",
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "--enable-native-access=ALL-UNNAMED",
                                "-Djnr.ffi.x86asm.enabled=false",
                                "-cp",
                                System.getProperty("java.class.path"),
                                "io.culvert.gateway.cli.Culvert"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true);
        builder.environment().put("SHELL", "/bin/sh");
        return builder.start();
    }

    private static void saysThatAllIsWell(String said) {
        for (Scene scene : Scenes.all()) {
            assertTrue(
                    said.lines()
                            .anyMatch(
                                    line ->
                                            line.startsWith("  " + scene.title() + " ...")
                                                    && line.contains(". ok  ")),
                    () -> scene.title() + " in\n" + said);
        }
        for (Family family : Family.values()) {
            assertEquals(
                    Scenes.all().size() / 2,
                    Scenes.all().stream()
                            .filter(s -> s.title().endsWith("over " + family))
                            .count());
        }
        assertTrue(said.contains("All as expected."), said);
        assertTrue(said.contains(Scenes.all().size() + " of " + Scenes.all().size()), said);
        assertFalse(said.contains("BUT"), said);
    }
}
