package io.culvert.gateway.cli;

import io.culvert.gateway.config.SettingsManual;
import io.culvert.gateway.config.SettingsText;
import io.culvert.gateway.plugin.PluginInspection;
import io.culvert.gateway.plugin.PluginSettings;
import io.culvert.hook.Hooks;
import io.culvert.hook.HttpFilter;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;

/** {@code culvert plugin check}. */
@Command(
        name = "check",
        description = {
            "Load a plugin's jar as a gateway would, and say what it is and what is wrong with it.",
            "",
            "It is started too, and stopped again, where its settings are given or it needs none.",
            "Errors go to standard error."
        },
        optionListHeading = "%nOptions:%n",
        parameterListHeading = "%nParameters:%n",
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {"0:a gateway can use it", "2:it cannot, or wrong usage"},
        footerHeading = "%nExamples:%n",
        footer = {
            "  culvert plugin check target/my-plugin-1.0.jar",
            "  culvert plugin check my.jar --settings my-settings.yaml"
        })
final class PluginCheckCommand implements Callable<Integer> {
    @Parameters(paramLabel = "JAR", description = "The plugin's jar.")
    private Path jar;

    @Option(
            names = "--settings",
            paramLabel = "FILE",
            description = {
                "What stands behind settings: in a configuration, in a file of its own. Paths in"
                        + " it are relative to its directory."
            })
    private Path file;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        Optional<PluginSettings> settings = Optional.empty();
        Path directory = Path.of("").toAbsolutePath();
        if (file != null) {
            settings = Optional.of(new SettingsText(file.toString(), Files.readString(file)));
            directory = file.toAbsolutePath().getParent();
        }
        PluginInspection inspection = PluginInspection.of(jar, settings, directory);
        inspection.about().ifPresent(about -> print(about, out));
        if (inspection.about().isPresent()) {
            out.println("Hooks: " + hooks(inspection));
        }
        inspection.warnings().forEach(warning -> out.println("warning: " + warning));
        inspection.errors().forEach(error -> err.println(jar + ": error: " + error));
        if (inspection.errors().isEmpty()) {
            out.println(jar + ": no errors");
        }
        out.flush();
        err.flush();
        return inspection.errors().isEmpty() ? ExitStatus.DONE : ExitStatus.WRONG_INPUT;
    }

    private static void print(PluginInspection.About about, PrintWriter out) {
        out.println(about.name() + " " + about.version());
        if (!about.description().isBlank()) {
            out.println(about.description());
        }
        out.println("Fits the hooks of culvert " + Version.text());
        out.println(about.settings().isEmpty() ? "Settings: none" : "Settings:");
        int name = width(about.settings().stream().map(SettingsManual.Key::name).toList());
        for (SettingsManual.Key key : about.settings()) {
            out.println(
                    "  %s  %s (%s)%s"
                            .formatted(
                                    key.name() + " ".repeat(name - key.name().length()),
                                    key.type(),
                                    key.otherwise(),
                                    key.meaning().isBlank() ? "" : ": " + key.meaning()));
        }
    }

    private static int width(List<String> words) {
        return words.stream().mapToInt(String::length).max().orElse(0);
    }

    private static String hooks(PluginInspection inspection) {
        if (inspection.hooks().isEmpty()) {
            return inspection.notStarted().isEmpty()
                    ? "unknown, since it did not start"
                    : "unknown, since it was not started: "
                            + inspection.notStarted()
                            + (inspection.notStarted().contains("settings")
                                    ? " (--settings FILE)"
                                    : "");
        }
        Hooks hooks = inspection.hooks().get();
        List<String> words = new ArrayList<>();
        hooks.tunnel().ifPresent(hook -> words.add("tunnel"));
        hooks.flow().ifPresent(hook -> words.add("flow"));
        hooks.connection().ifPresent(hook -> words.add("connection"));
        hooks.egress().ifPresent(hook -> words.add("egress"));
        hooks.http().ifPresent(http -> words.add("http" + filter(http.filter())));
        hooks.handlers().keySet().stream()
                .sorted()
                .forEach(handler -> words.add("handler " + handler));
        return words.isEmpty() ? "none" : String.join(", ", words);
    }

    /** Which requests it is asked about, where it is not all. */
    private static String filter(HttpFilter filter) {
        List<String> parts = new ArrayList<>();
        add(parts, "methods", filter.methods());
        add(parts, "hosts", filter.hosts());
        add(parts, "paths", filter.paths());
        return parts.isEmpty() ? "" : " (" + String.join("; ", parts) + ")";
    }

    private static void add(List<String> parts, String what, Collection<String> words) {
        if (!words.isEmpty()) {
            parts.add(what + " " + String.join(" ", words.stream().sorted().toList()));
        }
    }
}
