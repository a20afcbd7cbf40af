package io.culvert.gateway.cli;

import io.culvert.gateway.config.ConfigurationFile;
import io.culvert.gateway.config.Quantity;
import io.culvert.gateway.control.ControlClient;
import io.culvert.gateway.control.Request;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.ObjectMapper;

import java.io.BufferedReader;
import java.io.Console;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.Charset;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;

/** {@code culvert apply}. */
@Command(
        name = "apply",
        description = {
            "Give a running gateway another configuration.",
            "",
            "The gateway is sent the file's text, checks it, and does from then on what it says:"
                    + " all of it, or, where something is wrong or fails, nothing. Flows go on, but"
                    + " for those whose on-ramp or off-ramp has gone.",
            "",
            "With --confirm the gateway takes the configuration back by itself unless it is"
                    + " confirmed in time, by Enter here or by culvert confirm: so that whoever"
                    + " has cut off the own way to it need only wait."
        },
        optionListHeading = "%nOptions:%n",
        parameterListHeading = "%nParameters:%n",
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:done, and confirmed where it had to be",
            "1:it cannot be done and nothing was changed, or it was not confirmed",
            "2:the configuration has errors, and nothing was changed"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  culvert diff edge.yaml",
            "  culvert apply edge.yaml",
            "  culvert apply --confirm 60s edge.yaml"
        })
final class ApplyCommand implements Callable<Integer> {
    private static final long POLL_MILLIS = 200;

    @Parameters(paramLabel = "CONFIG", description = "The configuration.")
    private Path file;

    @Option(
            names = "--confirm",
            paramLabel = "TIME",
            description = "Take it back unless it is confirmed within this time: 60s, 5m.")
    private String confirm;

    @Option(
            names = "--recheck-flows",
            description = "Close flows that the new policy refuses or decides otherwise.")
    private boolean recheckFlows;

    @Mixin private ControlSocket control;
    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws IOException, InterruptedException {
        Duration within = confirm == null ? Duration.ZERO : duration(confirm);
        byte[] text;
        switch (ConfigurationFile.contents(file)) {
            case ConfigurationFile.Contents.Unreadable unreadable -> {
                spec.commandLine().getErr().print(unreadable.why().text());
                spec.commandLine().getErr().flush();
                return ExitStatus.WRONG_INPUT;
            }
            case ConfigurationFile.Contents.Bytes bytes -> text = bytes.text();
        }
        Request request =
                new Request("apply", file.toString(), text.length, within.toMillis(), recheckFlows);
        JsonNode answer = ControlClient.ask(control.path(), request, text);
        int status = ChangeAnswer.print(spec, answer, "applied: configuration number %d");
        return status == ExitStatus.DONE && !within.isZero()
                ? awaitConfirmation(answer.path("generation").asLong())
                : status;
    }

    private Duration duration(String text) {
        try {
            return Quantity.duration(text, "1s", "24h");
        } catch (IllegalArgumentException wrong) {
            throw new ParameterException(spec.commandLine(), "--confirm " + wrong.getMessage());
        }
    }

    private int awaitConfirmation(long generation) throws IOException, InterruptedException {
        boolean terminal = isTerminal();
        say(
                "It is taken back in %s unless confirmed: %sculvert confirm%s"
                        .formatted(
                                confirm,
                                terminal ? "press Enter, or " : "",
                                terminal ? " elsewhere" : ""));
        CompletableFuture<Boolean> enter = terminal ? enter() : new CompletableFuture<>();
        while (true) {
            if (enter.isDone()) {
                return ChangeAnswer.print(
                        spec,
                        ControlClient.ask(
                                control.path(),
                                new Request("confirm", "", 0, 0, false),
                                new byte[0]),
                        "confirmed: configuration number %d");
            }
            JsonNode status =
                    new ObjectMapper()
                            .readTree(ControlClient.ask(control.path(), "status").getFirst())
                            .path("configuration");
            if (status.path("confirm_within_ms").asLong() == 0) {
                boolean kept = status.path("generation").asLong() == generation;
                say(kept ? "confirmed" : "not confirmed in time: taken back");
                return kept ? ExitStatus.DONE : ExitStatus.FAILED;
            }
            Thread.sleep(POLL_MILLIS);
        }
    }

    /** Whether somebody may press Enter. */
    @SuppressWarnings("SystemConsoleNull") // it is null where the JDK's own console is chosen
    private static boolean isTerminal() {
        Console console = System.console();
        return console != null && console.isTerminal();
    }

    private static CompletableFuture<Boolean> enter() {
        CompletableFuture<Boolean> entered = new CompletableFuture<>();
        Thread.ofPlatform()
                .daemon()
                .start(
                        () -> {
                            try {
                                BufferedReader in =
                                        new BufferedReader(
                                                new InputStreamReader(
                                                        System.in, Charset.defaultCharset()));
                                if (in.readLine() != null) {
                                    entered.complete(true);
                                }
                            } catch (IOException gone) {
                                // The terminal has gone; the time decides, or somebody elsewhere.
                            }
                        });
        return entered;
    }

    private void say(String sentence) {
        spec.commandLine().getOut().println(sentence);
        spec.commandLine().getOut().flush();
    }
}
