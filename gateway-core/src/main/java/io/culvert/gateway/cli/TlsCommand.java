package io.culvert.gateway.cli;

import picocli.CommandLine.Command;

/** {@code culvert tls}. */
@Command(
        name = "tls",
        description = "Make what TLS is inspected with.",
        subcommands = {TlsAuthorityCommand.class},
        synopsisSubcommandLabel = "COMMAND",
        commandListHeading = "%nCommands:%n",
        footerHeading = "%nExamples:%n",
        footer = {"  culvert tls authority --out /etc/culvert"})
final class TlsCommand {}
