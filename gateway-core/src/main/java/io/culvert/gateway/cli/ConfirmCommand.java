package io.culvert.gateway.cli;

import io.culvert.gateway.control.ControlClient;
import io.culvert.gateway.control.Request;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.util.concurrent.Callable;

/** {@code culvert confirm}. */
@Command(
        name = "confirm",
        description = {
            "Keep the configuration that apply --confirm has given a running gateway.",
            "",
            "Without it the gateway takes the configuration back when the time is over."
        },
        optionListHeading = "%nOptions:%n",
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {"0:it is kept", "1:nothing awaits a confirmation"},
        footerHeading = "%nExamples:%n",
        footer = {"  culvert apply --confirm 60s edge.yaml &", "  culvert confirm"})
final class ConfirmCommand implements Callable<Integer> {
    @Mixin private ControlSocket control;
    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        Request request = new Request("confirm", "", 0, 0, false);
        return ChangeAnswer.print(
                spec,
                ControlClient.ask(control.path(), request, new byte[0]),
                "confirmed: configuration number %d");
    }
}
