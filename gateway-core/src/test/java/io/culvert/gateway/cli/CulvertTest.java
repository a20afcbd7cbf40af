package io.culvert.gateway.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.plugin.JarOfSources;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

import picocli.CommandLine;
import picocli.CommandLine.Command;

import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

class CulvertTest {
    @TempDir private Path directory;

    private record Ended(int status, String out, String err) {}

    private static Ended run(CommandLine program, String... arguments) {
        StringWriter out = new StringWriter();
        StringWriter err = new StringWriter();
        int status =
                program.setOut(new PrintWriter(out))
                        .setErr(new PrintWriter(err))
                        .setColorScheme(
                                CommandLine.Help.defaultColorScheme(CommandLine.Help.Ansi.OFF))
                        .execute(arguments);
        return new Ended(status, out.toString(), err.toString());
    }

    private static Ended culvert(String... arguments) {
        return run(Culvert.commandLine(), arguments);
    }

    @Command(name = "fail")
    static final class FailingCommand implements Runnable {
        @Override
        public void run() {
            throw new IllegalStateException("the device culv0 is busy\nand more");
        }
    }

    private static Ended failing(String... arguments) {
        return run(Culvert.commandLine().addSubcommand(new FailingCommand()), arguments);
    }

    @Test
    void saysThatAConfigurationHasNoErrors() {
        assertEquals(
                new Ended(0, "../examples/edge.yaml: no errors\n", ""),
                culvert("check", "../examples/edge.yaml"));
    }

    @Test
    void endsWithTwoWhenAConfigurationIsWrong() throws IOException {
        Path file = Files.writeString(directory.resolve("wrong.yaml"), "workers: 0\nlimit: {}\n");
        assertEquals(
                new Ended(
                        2,
                        "",
                        """
                        FILE:1:10: error: workers must be between 1 and 256, not 0
                        workers: 0
                                 ^
                        FILE:2:1: error: unknown key "limit"; did you mean "limits"?
                        limit: {}
                        ^
                        2 errors. Nothing was changed.
                        """
                                .replace("FILE", file.toString())),
                culvert("check", file.toString()));
    }

    @Test
    void endsWithZeroWhenThereAreOnlyWarnings() throws IOException {
        Path file =
                Files.writeString(
                        directory.resolve("odd.yaml"),
                        "policy:\n  rules:\n    - { do: deny }\n    - { do: forward }\n");
        assertEquals(
                new Ended(
                        0,
                        file + ": no errors, 1 warning\n",
                        """
                        FILE:4:7: warning: rule "rule 2" can never match: rule "rule 1" on line 3 \
                        matches all of it first
                            - { do: forward }
                              ^
                        """
                                .replace("FILE", file.toString())),
                culvert("check", file.toString()));
    }

    @Test
    void namesAPluginsHooksAndWhichRequestsItIsAskedAbout() throws IOException {
        Path jar =
                new JarOfSources(directory)
                        .type(
                                "com.example.Mine",
                                """
                                package com.example;
                                import io.culvert.hook.*;
                                import java.util.*;
                                public class Mine implements Plugin<NoSettings> {
                                    public String name() { return "mine"; }
                                    public String version() { return "3"; }
                                    public Class<NoSettings> settings() { return NoSettings.class; }
                                    public Hooks start(NoSettings settings, Host host) {
                                        HttpFilter filter = new HttpFilter(
                                                Set.of(), Set.of("PUT", "POST"), List.of("/api"));
                                        return Hooks.none()
                                                .flow(_ -> FlowVerdict.accept())
                                                .http(filter, _ -> RequestVerdict.pass());
                                    }
                                }
                                """)
                        .service("com.example.Mine")
                        .build("mine.jar");
        Ended ended = culvert("plugin", "check", jar.toString());
        assertTrue(
                ended.out.contains("\nHooks: flow, http (methods POST PUT; paths /api)\n"),
                ended::toString);
        assertEquals(0, ended.status);
    }

    @Test
    void endsWithTwoWhenTheFileIsNotThere() {
        Ended ended = culvert("check", "absent.yaml");
        assertEquals(2, ended.status);
        assertEquals(
                "absent.yaml:1:1: error: there is no such file\n1 error. Nothing was changed.\n",
                ended.err);
    }

    @Test
    void endsWithTwoAndASentenceOnWrongUsage() {
        assertEquals(
                new Ended(
                        2,
                        "",
                        """
                        culvert: Missing required parameter: 'CONFIG'
                        Try 'culvert check --help' for more.
                        """),
                culvert("check"));
        assertEquals(2, culvert().status);
        assertEquals(2, culvert("chekc", "x").status);
        assertEquals(2, culvert("check", "--unknown", "x").status);
        assertFalse(culvert("chekc").err.contains("Exception"));
    }

    @Test
    void endsWithOneAndOneSentenceWhenACommandFails() {
        assertEquals(
                new Ended(1, "", "culvert: the device culv0 is busy and more\n"), failing("fail"));
    }

    @Test
    void showsWhereAFailureCameFromWithDebug() {
        assertTrue(failing("fail", "--debug").err.contains("FailingCommand.run"));
        assertTrue(failing("--debug", "fail").err.contains("FailingCommand.run"));
    }

    @Test
    void helpsWithEveryCommand() {
        Ended top = culvert("--help");
        assertEquals(0, top.status);
        assertTrue(top.out.contains("Exit status:") && top.out.contains("Examples:"));
        for (Map.Entry<String, CommandLine> command :
                Culvert.commandLine().getSubcommands().entrySet()) {
            Ended help = culvert(command.getKey(), "--help");
            assertEquals(0, help.status);
            assertTrue(help.out.startsWith("Usage: culvert " + command.getKey()), help.out);
            assertTrue(top.out.contains("  " + command.getKey()), top.out);
        }
        assertTrue(culvert("check", "--help").out.contains("culvert check /etc/culvert/edge.yaml"));
    }

    @Test
    void saysTheVersion() {
        Ended version = culvert("version");
        assertEquals(0, version.status);
        assertTrue(version.out.matches("culvert \\d+\\.\\d+\\.\\d+(-SNAPSHOT)?\n"), version.out);
        assertEquals(version, culvert("--version"));
    }

    @Test
    void saysTheVersionWithoutLoadingWhatReadsConfigurations() throws Exception {
        Process java =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-verbose:class",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Culvert.class.getName(),
                                "version")
                        .redirectErrorStream(true)
                        .start();
        String said = new String(java.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, java.waitFor());
        assertTrue(said.contains("io.culvert.gateway.cli.VersionCommand"));
        for (String heavy :
                new String[] {
                    "tools.jackson",
                    "com.networknt",
                    "org.snakeyaml",
                    "org.slf4j",
                    "ch.qos.logback",
                    "io.culvert.gateway.config"
                }) {
            assertFalse(said.contains(heavy), heavy);
        }
    }

    @Test
    void findsTheControlSocketByTheEnvironment() {
        assertEquals(Path.of("/run/culvert/control.sock"), ControlSocket.defaultPath(Map.of()));
        assertEquals(
                Path.of("/run/user/1000/culvert/control.sock"),
                ControlSocket.defaultPath(Map.of("XDG_RUNTIME_DIR", "/run/user/1000")));
        assertEquals(
                Path.of("/run/edge/control.sock"),
                ControlSocket.defaultPath(
                        Map.of(
                                "RUNTIME_DIRECTORY",
                                "/run/edge:/run/other",
                                "XDG_RUNTIME_DIR",
                                "/run/user/1000")));
    }
}
