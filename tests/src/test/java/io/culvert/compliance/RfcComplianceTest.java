package io.culvert.compliance;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.TreeSet;

class RfcComplianceTest {
    private static final Path TOP = Path.of("..");
    private static final Path PAGE = TOP.resolve("docs/rfc-compliance.md");

    private final List<Requirement> requirements = Requirements.all();
    private final TaggedTests tests = TaggedTests.of(TOP);

    @Test
    void everyTagIsOfARequirementThatThereIs() {
        TreeSet<String> unknown = new TreeSet<>(tests.tags());
        requirements.forEach(each -> unknown.remove(each.tag()));

        assertEquals(new TreeSet<>(), unknown, "tags without a line in " + Requirements.TABLE);
    }

    @Test
    void noRequirementIsListedTwice() {
        List<String> tags = requirements.stream().map(Requirement::tag).toList();

        assertEquals(new TreeSet<>(tags).size(), tags.size());
    }

    /** Met is what a test shows; all else has its reason. */
    @Test
    void everyRequirementIsShownByATestOrHasAReason() {
        List<String> bare =
                requirements.stream().filter(this::isBare).map(Requirement::tag).toList();

        assertEquals(List.of(), bare, "neither a test nor a reason");
    }

    private boolean isBare(Requirement requirement) {
        return requirement.status() == Requirement.Status.MET
                ? tests.with(requirement.tag()).isEmpty()
                : requirement.reason().isEmpty();
    }

    @Test
    void noTestShowsWhatDoesNotApply() {
        List<String> both =
                requirements.stream()
                        .filter(each -> each.status() == Requirement.Status.NOT_APPLICABLE)
                        .map(Requirement::tag)
                        .filter(tag -> !tests.with(tag).isEmpty())
                        .toList();

        assertEquals(List.of(), both);
    }

    /** Only what an RFC allows may simply be left out. */
    @Test
    void nothingThatIsAskedForIsLeftOut() {
        List<String> left =
                requirements.stream()
                        .filter(each -> each.status() == Requirement.Status.NOT_DONE)
                        .filter(each -> each.level() != Requirement.Level.MAY)
                        .map(Requirement::tag)
                        .toList();

        assertEquals(List.of(), left);
    }

    @Test
    void keepsThePageAsTableAndTagsSay() throws IOException {
        String page = ComplianceReport.page(requirements, tests);
        if (Boolean.getBoolean("culvert.regenerate")) {
            Files.writeString(PAGE, page);
        }
        assertEquals(
                page,
                Files.exists(PAGE) ? Files.readString(PAGE) : "",
                "docs/rfc-compliance.md is stale; make it anew with: mvn -pl tests -am verify"
                        + " -Dtest=RfcComplianceTest -Dsurefire.failIfNoSpecifiedTests=false"
                        + " -Dculvert.regenerate=true");
    }
}
