package io.culvert.gateway.cli;

import io.culvert.gateway.control.ControlClient;
import io.culvert.gateway.control.Request;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.util.concurrent.Callable;

/** {@code culvert reload}. */
@Command(
        name = "reload",
        description = {
            "Have a running gateway read its configuration again.",
            "",
            "The gateway reads the file that it was started with, and does from then on what it"
                    + " says: all of it, or, where something is wrong or fails, nothing. Flows go"
                    + " on, but for those whose on-ramp or off-ramp has gone. SIGHUP does the same."
        },
        optionListHeading = "%nOptions:%n",
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:done",
            "1:it cannot be done, and nothing was changed",
            "2:the configuration has errors, and nothing was changed"
        },
        footerHeading = "%nExamples:%n",
        footer = {"  culvert reload", "  culvert reload --recheck-flows"})
final class ReloadCommand implements Callable<Integer> {
    @Option(
            names = "--recheck-flows",
            description = "Close flows that the new policy refuses or decides otherwise.")
    private boolean recheckFlows;

    @Mixin private ControlSocket control;
    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        Request request = new Request("reload", "", 0, 0, recheckFlows);
        return ChangeAnswer.print(
                spec,
                ControlClient.ask(control.path(), request, new byte[0]),
                "reloaded: configuration number %d");
    }
}
