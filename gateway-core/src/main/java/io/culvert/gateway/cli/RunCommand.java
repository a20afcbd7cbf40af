package io.culvert.gateway.cli;

import io.culvert.flow.FlowListener;
import io.culvert.gateway.Gateway;
import io.culvert.gateway.config.Configuration;
import io.culvert.gateway.config.ConfigurationFile;
import io.culvert.gateway.config.Loaded;
import io.culvert.gateway.control.ControlServer;
import io.culvert.gateway.control.ServiceManager;
import io.culvert.linux.Linux;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;

/** {@code culvert run}. */
@Command(
        name = "run",
        description = {
            "Run a gateway until it is told to stop.",
            "",
            "Prints one line, ready, when traffic can flow. SIGTERM and SIGINT let connections end,"
                    + " up to the drain limit, and then stop it; a second one stops it at once."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  culvert run edge.yaml",
            "  culvert run --control /tmp/edge.sock edge.yaml &",
            "  culvert flows --control /tmp/edge.sock"
        })
final class RunCommand implements Callable<Integer> {
    @Parameters(
            paramLabel = "CONFIG",
            description = "The configuration, see docs/configuration.md.")
    private Path file;

    @Mixin private ControlSocket control;
    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        Linux.ensureAvailable();
        PrintWriter out = spec.commandLine().getOut();
        Configuration configuration;
        switch (ConfigurationFile.load(file)) {
            case Loaded.Invalid invalid -> {
                spec.commandLine().getErr().print(invalid.text());
                spec.commandLine().getErr().flush();
                return ExitStatus.WRONG_INPUT;
            }
            case Loaded.Valid valid -> {
                spec.commandLine().getErr().print(valid.text());
                spec.commandLine().getErr().flush();
                configuration = valid.configuration();
            }
        }
        CountDownLatch stop = new CountDownLatch(1);
        CountDownLatch stopAtOnce = new CountDownLatch(2);
        Runnable stopped =
                () -> {
                    stop.countDown();
                    stopAtOnce.countDown();
                };
        Signals.on("TERM", stopped);
        Signals.on("INT", stopped);
        try (Gateway gateway =
                        Gateway.start(configuration, Gateway.Surroundings.HOST, FlowListener.NONE);
                ControlServer _ = ControlServer.open(control.path(), gateway)) {
            out.println("ready");
            out.flush();
            ServiceManager.tell("READY=1");
            stop.await();
            ServiceManager.tell("STOPPING=1");
            gateway.drain(configuration.limits().drain(), stopAtOnce);
        }
        return ExitStatus.DONE;
    }
}
