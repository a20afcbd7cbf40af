package io.culvert.compliance;

import static java.util.stream.Collectors.joining;

import java.util.List;
import java.util.Map;

/** Makes the page of requirements from their table and the tags of tests. */
final class ComplianceReport {
    private static final Map<Integer, String> TITLES =
            Map.of(
                    4787, "NAT behaviour for UDP",
                    5382, "NAT behaviour for TCP",
                    5508, "NAT behaviour for ICMP",
                    6888, "Carrier-grade NAT",
                    7857, "Updates to NAT behaviour",
                    1812, "IPv4 routers, section 5",
                    8200, "IPv6, sections 4 and 5",
                    2784, "GRE",
                    2890, "GRE keys and sequence numbers");

    private final List<Requirement> requirements;
    private final TaggedTests tests;
    private final StringBuilder page = new StringBuilder();

    private ComplianceReport(List<Requirement> requirements, TaggedTests tests) {
        this.requirements = requirements;
        this.tests = tests;
    }

    /** The page, in Markdown. */
    static String page(List<Requirement> requirements, TaggedTests tests) {
        return new ComplianceReport(requirements, tests).write();
    }

    private String write() {
        page.append(
                """
                # RFC compliance

                <!-- Made from tests/src/test/resources/rfc/requirements.tsv and the tags of the tests; edit those. -->

                What the RFCs on NAT, on forwarding and on GRE ask of a device like Culvert, in our words, and what shows that it does so:
                each test named here carries the requirement's tag (`rfc4787-req-1`), and the build fails where one has neither a
                test nor its reason here. NAT requirements are about off-ramps of type `device`, with the settings that are the
                default, for IPv4 and for IPv6 alike though the RFCs speak of the former; RFC 6888's subscriber is a tenant.

                A requirement says how things are where it is met; its level is the RFC's word, so that a MUST NOT is met where what
                must not happen does not. For RFC 8200, which writes its levels small, they stand in capitals here too.

                - *met*: by the tests named
                - *not met*: for the reason given, however good; what there is of it is tested where tests are named
                - *n/a*: Culvert has nothing that the requirement is about
                - *not done*: something that is allowed, and left out

                | RFC | about | MUST met | MUST not met | SHOULD met | SHOULD not met |
                |---|---|---|---|---|---|
                """);
        List<Integer> rfcs = requirements.stream().map(Requirement::rfc).distinct().toList();
        rfcs.forEach(this::summary);
        page.append("\n## Each MUST that is not met\n\n");
        page.append("| requirement | asked for | why not |\n|---|---|---|\n");
        requirements.stream()
                .filter(each -> each.level().isMust())
                .filter(each -> each.status() == Requirement.Status.NOT_MET)
                .forEach(
                        each ->
                                row(
                                        "RFC " + each.rfc() + " " + each.id(),
                                        each.text(),
                                        each.reason()));
        rfcs.forEach(this::section);
        return page.toString().stripTrailing() + "\n";
    }

    private void summary(int rfc) {
        row(
                "[%d](#rfc-%d)".formatted(rfc, rfc),
                TITLES.get(rfc),
                count(rfc, true, Requirement.Status.MET),
                count(rfc, true, Requirement.Status.NOT_MET),
                count(rfc, false, Requirement.Status.MET),
                count(rfc, false, Requirement.Status.NOT_MET));
    }

    private String count(int rfc, boolean must, Requirement.Status status) {
        return ""
                + requirements.stream()
                        .filter(each -> each.rfc() == rfc && each.status() == status)
                        .filter(each -> each.level() != Requirement.Level.MAY)
                        .filter(each -> each.level().isMust() == must)
                        .count();
    }

    private void section(int rfc) {
        page.append("\n## RFC ").append(rfc).append("\n\n").append(TITLES.get(rfc)).append(".\n\n");
        page.append("| id | level | requirement | status | shown by, or reason |\n");
        page.append("|---|---|---|---|---|\n");
        for (Requirement each : requirements) {
            if (each.rfc() == rfc) {
                row(each.id(), "" + each.level(), each.text(), "" + each.status(), how(each));
            }
        }
    }

    private String how(Requirement requirement) {
        String shown =
                tests.with(requirement.tag()).stream()
                        .map(test -> "[`%s`](../%s)".formatted(test.name(), test.source()))
                        .collect(joining("<br>"));
        String reason = requirement.reason();
        return reason + (reason.isEmpty() || shown.isEmpty() ? "" : "<br>") + shown;
    }

    private void row(String... cells) {
        page.append("| ").append(String.join(" | ", cells)).append(" |\n");
    }
}
