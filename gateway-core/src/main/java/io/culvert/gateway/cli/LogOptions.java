package io.culvert.gateway.cli;

import io.culvert.gateway.telemetry.Logs;

import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

import java.util.List;
import java.util.Locale;

/** The options that say how a command logs, which is to standard error. */
final class LogOptions {
    private static final List<String> FORMATS = List.of("text", "json");
    private static final List<String> LEVELS = List.of("error", "warn", "info", "debug", "trace");

    @Option(
            names = "--log-format",
            paramLabel = "FORMAT",
            defaultValue = "${env:CULVERT_LOG_FORMAT:-text}",
            description =
                    "text, or json: an object a line; also CULVERT_LOG_FORMAT. Default: text.")
    private String format;

    @Option(
            names = "--log-level",
            paramLabel = "LEVEL",
            description =
                    "error, warn, info, debug or trace; also CULVERT_LOG_LEVEL. Default: warn.")
    private String level;

    @Spec(Spec.Target.MIXEE)
    private CommandSpec spec;

    /** Before anything is logged. */
    void apply() {
        if (oneOf(FORMATS, "--log-format", format).equals("json")) {
            Logs.asJson();
        }
        if (level != null) {
            Logs.level(oneOf(LEVELS, "--log-level", level));
        }
    }

    private String oneOf(List<String> words, String option, String given) {
        String word = given.toLowerCase(Locale.ROOT);
        if (!words.contains(word)) {
            throw new CommandLine.ParameterException(
                    spec.commandLine(),
                    "%s must be one of %s, not %s"
                            .formatted(option, String.join(", ", words), given));
        }
        return word;
    }
}
