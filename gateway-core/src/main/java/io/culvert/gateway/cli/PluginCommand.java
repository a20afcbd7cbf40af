package io.culvert.gateway.cli;

import picocli.CommandLine.Command;

/** {@code culvert plugin}: what helps to write plugins, and to see them work. */
@Command(
        name = "plugin",
        description = "Check a plugin's jar, or list the plugins of a running gateway.",
        subcommands = {PluginCheckCommand.class, PluginListCommand.class},
        synopsisSubcommandLabel = "COMMAND",
        commandListHeading = "%nCommands:%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  culvert plugin check my.jar",
            "  culvert plugin check my.jar --settings my-settings.yaml",
            "  culvert plugin list"
        })
final class PluginCommand {}
