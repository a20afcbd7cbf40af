package io.culvert.gateway.cli;

import io.culvert.gateway.tls.CertificateFiles;
import io.culvert.gateway.tls.NewAuthority;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.Callable;

/** {@code culvert tls authority}. */
@Command(
        name = "authority",
        description = {
            "Make an authority that certificates for inspection are minted from: authority.pem,"
                + " which clients have to trust, and authority.key, which nobody else may have.",
            "",
            "Files that are there are left as they are, and nothing is made then."
        },
        optionListHeading = "%nOptions:%n",
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {"0:done", "1:failed", "2:wrong usage"},
        footerHeading = "%nExamples:%n",
        footer = {
            "  culvert tls authority --out /etc/culvert",
            "  culvert tls authority --out . --name 'Acme inspection' --days 365"
        })
final class TlsAuthorityCommand implements Callable<Integer> {
    private static final int LONGEST_NAME = 64;
    private static final int MOST_DAYS = 7300;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            required = true,
            description = "The directory, which is made if there is none.")
    private Path directory;

    @Option(
            names = "--name",
            paramLabel = "NAME",
            defaultValue = "Culvert inspection",
            description = "What people read when they look at it. Default: ${DEFAULT-VALUE}.")
    private String name;

    @Option(
            names = "--days",
            paramLabel = "N",
            defaultValue = "1825",
            description = "How long it is good for, 1 to 7300. Default: ${DEFAULT-VALUE}.")
    private int days;

    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (name.isBlank() || name.length() > LONGEST_NAME) {
            throw new ParameterException(spec.commandLine(), "--name must have 1 to 64 characters");
        }
        if (days < 1 || days > MOST_DAYS) {
            throw new ParameterException(spec.commandLine(), "--days must be 1 to 7300");
        }
        CertificateFiles made = NewAuthority.make(directory, name, Duration.ofDays(days));
        PrintWriter out = spec.commandLine().getOut();
        out.println("Clients have to trust " + made.certificate());
        out.println("Nobody else may have  " + made.key());
        out.flush();
        return ExitStatus.DONE;
    }
}
