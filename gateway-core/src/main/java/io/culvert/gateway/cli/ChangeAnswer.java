package io.culvert.gateway.cli;

import picocli.CommandLine.Model.CommandSpec;

import tools.jackson.databind.JsonNode;

import java.io.PrintWriter;

/** How commands that change a running gateway's configuration say what came of it. */
final class ChangeAnswer {
    private ChangeAnswer() {}

    /**
     * Prints an answer.
     *
     * @param done what to say where it is done
     * @return the command's exit status
     */
    static int print(CommandSpec spec, JsonNode answer, String done) {
        PrintWriter err = spec.commandLine().getErr();
        PrintWriter out = spec.commandLine().getOut();
        int status =
                switch (answer.path("result").asString()) {
                    case "done" -> {
                        err.print(answer.path("text").asString());
                        out.println(done.formatted(answer.path("generation").asLong()));
                        long closed = answer.path("flows_closed").asLong();
                        if (closed > 0) {
                            out.println(closed + " flows closed, which the policy does not allow");
                        }
                        yield ExitStatus.DONE;
                    }
                    case "invalid" -> {
                        err.print(answer.path("text").asString());
                        yield ExitStatus.WRONG_INPUT;
                    }
                    default -> {
                        err.println("culvert: " + answer.path("text").asString());
                        err.println("Nothing was changed.");
                        yield ExitStatus.FAILED;
                    }
                };
        out.flush();
        err.flush();
        return status;
    }
}
