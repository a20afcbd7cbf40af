package io.culvert.gateway.cli;

import io.culvert.gateway.config.ConfigurationFile;
import io.culvert.gateway.control.ControlClient;
import io.culvert.gateway.control.Request;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import tools.jackson.databind.JsonNode;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;

/** {@code culvert diff}. */
@Command(
        name = "diff",
        description = {
            "Show what a configuration would change of a running gateway.",
            "",
            "Nothing is changed. Without CONFIG it is the file that the gateway was started with,"
                    + " as it is now: what reload would do."
        },
        optionListHeading = "%nOptions:%n",
        parameterListHeading = "%nParameters:%n",
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {"0:shown", "1:no gateway answers", "2:the configuration has errors"},
        footerHeading = "%nExamples:%n",
        footer = {"  culvert diff", "  culvert diff edge.yaml", "  culvert diff --json edge.yaml"})
final class DiffCommand implements Callable<Integer> {
    @Parameters(paramLabel = "CONFIG", arity = "0..1", description = "The configuration.")
    private Path file;

    @Option(names = "--json", description = "One JSON object instead of lines.")
    private boolean json;

    @Mixin private ControlSocket control;
    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        byte[] text = new byte[0];
        String name = "";
        if (file != null) {
            name = file.toString();
            switch (ConfigurationFile.contents(file)) {
                case ConfigurationFile.Contents.Unreadable unreadable -> {
                    return invalid(unreadable.why().text());
                }
                case ConfigurationFile.Contents.Bytes bytes -> text = bytes.text();
            }
        }
        JsonNode answer =
                ControlClient.ask(
                        control.path(), new Request("diff", name, text.length, 0, false), text);
        if (answer.path("result").asString().equals("invalid")) {
            return invalid(answer.path("text").asString());
        }
        PrintWriter out = spec.commandLine().getOut();
        if (json) {
            out.println(answer);
        } else {
            DifferencePrinter.print(answer, out);
        }
        out.flush();
        return ExitStatus.DONE;
    }

    private int invalid(String errors) {
        spec.commandLine().getErr().print(errors);
        spec.commandLine().getErr().flush();
        return ExitStatus.WRONG_INPUT;
    }
}
