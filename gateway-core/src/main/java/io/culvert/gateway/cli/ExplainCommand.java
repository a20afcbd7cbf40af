package io.culvert.gateway.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Path;
import java.util.concurrent.Callable;

/** {@code culvert explain}. */
@Command(
        name = "explain",
        description = {
            "Say what becomes of a flow, and why.",
            "",
            "Asks the running gateway what it would do with the first packet of such a flow: where"
                    + " it comes in, which rule decides, by what it leaves and under which address."
                    + " Nothing is sent, opened or counted. With --config a configuration is asked"
                    + " instead, without a gateway."
        },
        optionListHeading = "%nOptions:%n",
        parameterListHeading = "%nParameters:%n",
        exitCodeListHeading = "%nExit status:%n",
        exitCodeList = {
            "0:explained, whatever becomes of it",
            "1:no gateway answers, or it knows no such tenant, on-ramp or flow",
            "2:wrong usage or configuration"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  culvert explain acme 10.0.0.5:1234 1.1.1.1:443/tcp",
            "  culvert explain acme 10.0.0.5 1.1.1.1/icmp",
            "  culvert explain acme 2001:db8::5 [2001:db8:1::1]:53/udp --verbose",
            "  culvert explain --flow 17",
            "  culvert explain --config edge.yaml acme 10.0.0.5 1.1.1.1:25/tcp"
        })
final class ExplainCommand implements Callable<Integer> {
    @Parameters(
            index = "0",
            arity = "0..1",
            paramLabel = "TENANT",
            description = "Whose flow it is.")
    private String tenant;

    @Parameters(
            index = "1",
            arity = "0..1",
            paramLabel = "SOURCE",
            description =
                    "Who opens it: ADDRESS or ADDRESS:PORT, an IPv6 one with a port in brackets.")
    private String source;

    @Parameters(
            index = "2",
            arity = "0..1",
            paramLabel = "TARGET",
            description =
                    "To whom: ADDRESS:PORT/tcp or /udp, ADDRESS/icmp or another protocol or"
                            + " number.")
    private String target;

    @Option(
            names = "--onramp",
            paramLabel = "NAME",
            defaultValue = "",
            description = "The on-ramp or tunnel that it comes in by. Default: the likeliest.")
    private String onRamp;

    @Option(
            names = "--flow",
            paramLabel = "ID",
            description = "A live flow, by its number in flows.")
    private Long flow;

    @Option(
            names = "--config",
            paramLabel = "CONFIG",
            description = "Ask this configuration instead of a running gateway.")
    private Path config;

    @Option(
            names = {"-v", "--verbose"},
            description = "Show the rules that did not match, and why, and all routes.")
    private boolean verbose;

    @Option(names = "--json", description = "One JSON object.")
    private boolean json;

    @Mixin private ControlSocket control;
    @Spec private CommandSpec spec;

    @Override
    public Integer call() throws IOException {
        if (flow != null && (tenant != null || config != null)) {
            throw wrong("--flow is a live flow by itself; give neither TENANT nor --config");
        }
        if (flow == null && target == null) {
            throw wrong("give TENANT SOURCE TARGET, or --flow ID");
        }
        PrintWriter out = spec.commandLine().getOut();
        PrintWriter err = spec.commandLine().getErr();
        try {
            return new Explaining(control.path(), out, err)
                    .explain(flow, config, tenant, source, target, onRamp, verbose, json);
        } catch (IllegalArgumentException e) {
            throw wrong(e.getMessage());
        }
    }

    private ParameterException wrong(String sentence) {
        return new ParameterException(spec.commandLine(), sentence);
    }
}
