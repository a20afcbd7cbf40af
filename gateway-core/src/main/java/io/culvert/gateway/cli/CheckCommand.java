package io.culvert.gateway.cli;

import io.culvert.gateway.config.ConfigurationFile;
import io.culvert.gateway.config.Loaded;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;

/** Says everything that is wrong with a configuration. */
@Command(
        name = "check",
        description = {
            "Say everything that is wrong with a configuration.",
            "",
            "Reads the file and nothing else: no device is opened, no port bound, no route"
                    + " changed.",
            "Errors go to standard error as FILE:LINE:COLUMN: error: MESSAGE, and so do warnings,"
                    + " which change nothing about the exit status. The policy's own tests are"
                    + " run, and one that fails is an error."
        },
        optionListHeading = "%nOptions:%n",
        parameterListHeading = "%nParameters:%n",
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {"0:no errors", "2:errors, or wrong usage"},
        footerHeading = "%nExamples:%n",
        footer = {
            "  culvert check /etc/culvert/edge.yaml",
            "  generate-config | culvert check /dev/stdin"
        })
final class CheckCommand implements Callable<Integer> {
    @Spec private CommandSpec spec;

    @Parameters(paramLabel = "CONFIG", description = "The configuration file.")
    private Path file;

    @Override
    public Integer call() {
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        int status =
                switch (ConfigurationFile.load(file)) {
                    case Loaded.Valid valid -> {
                        err.print(valid.text());
                        int warnings = valid.warnings().size();
                        out.println(
                                file
                                        + ": no errors"
                                        + (warnings == 0
                                                ? ""
                                                : ", "
                                                        + warnings
                                                        + (warnings == 1
                                                                ? " warning"
                                                                : " warnings")));
                        yield ExitStatus.DONE;
                    }
                    case Loaded.Invalid invalid -> {
                        err.print(invalid.text());
                        yield ExitStatus.WRONG_INPUT;
                    }
                };
        out.flush();
        err.flush();
        return status;
    }
}
