package io.culvert.gateway.cli;

import picocli.CommandLine.Command;

import tools.jackson.databind.JsonNode;

import java.io.PrintWriter;
import java.util.List;

/** {@code culvert upstreams}. */
@Command(
        name = "upstreams",
        description = {
            "Show the upstreams of a running gateway, and how their servers do.",
            "",
            "A server is healthy, down where its health checks fail, or ejected for a while where"
                    + " requests failed. Counts are since the upstream came into the"
                    + " configuration; LIVE is requests, and FIRST BYTE a mean of the newest."
        },
        optionListHeading = "%nOptions:%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  culvert upstreams",
            "  culvert upstreams --json | jq '.[].servers[] | select(.state != \"healthy\")'"
        })
final class UpstreamsCommand extends Listing {
    UpstreamsCommand() {
        super("upstreams");
    }

    @Override
    void print(List<JsonNode> objects, PrintWriter out) {
        UpstreamPrinter.print(objects, out);
    }
}
