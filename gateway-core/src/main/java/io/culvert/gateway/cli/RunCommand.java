package io.culvert.gateway.cli;

import io.culvert.gateway.Administration;
import io.culvert.gateway.ConfigurationGeneration;
import io.culvert.gateway.Gateway;
import io.culvert.gateway.config.Configuration;
import io.culvert.gateway.config.ConfigurationFile;
import io.culvert.gateway.config.Loaded;
import io.culvert.gateway.control.ControlServer;
import io.culvert.gateway.control.ServiceManager;
import io.culvert.gateway.telemetry.Telemetry;
import io.culvert.linux.Linux;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Instant;
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
                    + " SIGHUP has it read the configuration again, as culvert reload does."
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
    @Mixin private LogOptions logging;
    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        logging.apply();
        Linux.ensureAvailable();
        PrintWriter out = spec.commandLine().getOut();
        byte[] text;
        switch (ConfigurationFile.contents(file)) {
            case ConfigurationFile.Contents.Unreadable unreadable -> {
                return wrong(unreadable.why().text());
            }
            case ConfigurationFile.Contents.Bytes bytes -> text = bytes.text();
        }
        Configuration configuration;
        String hash;
        switch (ConfigurationFile.read(file.toString(), text)) {
            case Loaded.Invalid invalid -> {
                return wrong(invalid.text());
            }
            case Loaded.Valid valid -> {
                spec.commandLine().getErr().print(valid.text());
                spec.commandLine().getErr().flush();
                configuration = valid.configuration();
                hash = valid.hash();
            }
        }
        RunAudit audit = RunAudit.of(configuration.telemetry(), hash);
        audit.starting();
        CountDownLatch stop = new CountDownLatch(1);
        CountDownLatch stopAtOnce = new CountDownLatch(2);
        Runnable stopped =
                () -> {
                    stop.countDown();
                    stopAtOnce.countDown();
                };
        Signals.on("TERM", stopped);
        Signals.on("INT", stopped);
        ConfigurationGeneration generation = new ConfigurationGeneration(hash, Instant.now());
        try (Telemetry telemetry =
                        Telemetry.open(configuration, Version.text(), generation, audit.log());
                Gateway gateway =
                        Gateway.start(
                                configuration, Gateway.Surroundings.HOST, telemetry.listener());
                Administration administration =
                        new Administration(
                                gateway, file, generation, ServiceManager::tell, audit::changed);
                ControlServer _ = ControlServer.open(control.path(), gateway, administration)) {
            Signals.on("HUP", administration::reloadSoon);
            telemetry.ready(gateway);
            audit.started();
            out.println("ready");
            out.flush();
            ServiceManager.tell("READY=1");
            stop.await();
            ServiceManager.tell("STOPPING=1");
            telemetry.draining();
            audit.stopping();
            gateway.drain(gateway.configuration().limits().drain(), stopAtOnce);
        } catch (IOException | RuntimeException e) {
            audit.failed(e);
            throw e;
        }
        audit.stopped();
        return ExitStatus.DONE;
    }

    private int wrong(String errors) {
        spec.commandLine().getErr().print(errors);
        spec.commandLine().getErr().flush();
        return ExitStatus.WRONG_INPUT;
    }
}
