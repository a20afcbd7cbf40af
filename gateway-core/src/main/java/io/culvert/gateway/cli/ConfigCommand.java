package io.culvert.gateway.cli;

import io.culvert.gateway.config.ConfigurationSchema;
import io.culvert.gateway.config.DefaultConfiguration;
import io.culvert.gateway.config.EffectiveConfiguration;
import io.culvert.gateway.config.Loaded;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.nio.file.Path;

/** {@code culvert config}: what helps to write a configuration. */
@Command(
        name = "config",
        description = "Print a configuration to begin with, its schema, or all that one comes to.",
        synopsisSubcommandLabel = "COMMAND",
        commandListHeading = "%nCommands:%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  culvert config default > edge.yaml",
            "  culvert config schema > culvert.schema.json",
            "  culvert config show edge.yaml"
        })
final class ConfigCommand {
    @Spec private CommandSpec spec;

    @Command(
            name = "default",
            description = {
                "Print a configuration with every key and what it means.",
                "",
                "It is one that runs; what is optional is commented out, with its default or an"
                        + " example."
            },
            footerHeading = "%nExamples:%n",
            footer = "  culvert config default > edge.yaml")
    int standard() {
        return print(DefaultConfiguration.text());
    }

    @Command(
            name = "schema",
            description = {
                "Print the JSON Schema of configurations.",
                "",
                "Editors complete and check with it what names it in its first line, as in"
                        + " $schema: culvert.schema.json."
            },
            footerHeading = "%nExamples:%n",
            footer = "  culvert config schema > culvert.schema.json")
    int schema() {
        return print(ConfigurationSchema.text());
    }

    @Command(
            name = "show",
            description = {
                "Print all that a configuration comes to: each value that counts, and the line that"
                        + " it is from, or that it is a default.",
                "",
                "What is printed is a configuration again. Errors are told as by check."
            },
            exitCodeListHeading = "%nExit status:%n",
            exitCodeList = {"0:done", "2:errors, or wrong usage"},
            footerHeading = "%nExamples:%n",
            footer = "  culvert config show /etc/culvert/edge.yaml")
    int show(
            @Parameters(paramLabel = "CONFIG", description = "The configuration file.") Path file) {
        EffectiveConfiguration.Shown shown = EffectiveConfiguration.of(file);
        if (shown.loaded() instanceof Loaded.Invalid invalid) {
            PrintWriter err = spec.commandLine().getErr();
            err.print(invalid.text());
            err.flush();
            return ExitStatus.WRONG_INPUT;
        }
        return print(shown.text());
    }

    private int print(String text) {
        PrintWriter out = spec.commandLine().getOut();
        out.print(text);
        out.flush();
        return ExitStatus.DONE;
    }
}
