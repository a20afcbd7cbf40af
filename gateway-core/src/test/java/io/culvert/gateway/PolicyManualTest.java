package io.culvert.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowKey;
import io.culvert.gateway.config.ConfigurationError;
import io.culvert.gateway.config.ConfigurationFile;
import io.culvert.gateway.config.Loaded;
import io.culvert.gateway.policy.Policy;
import io.culvert.wire.IpAddress;

import org.junit.jupiter.api.Test;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the manual says that the gateway says. */
class PolicyManualTest {
    private static final Pattern BLOCK = Pattern.compile("(?ms)^```(yaml)?\\n(.*?)^```");

    /** The blocks of a section, configurations and what is said of them. */
    private static List<String> blocks(String heading) throws IOException {
        String page = Files.readString(Path.of("../docs/policy.md"));
        int start = page.indexOf("\n## " + heading + "\n");
        assertTrue(start >= 0, heading);
        int end = page.indexOf("\n## ", start + 1);
        Matcher block = BLOCK.matcher(page.substring(start, end < 0 ? page.length() : end));
        List<String> blocks = new ArrayList<>();
        while (block.find()) {
            blocks.add(block.group(2));
        }
        return blocks;
    }

    private static Loaded.Valid valid(String name, String yaml) {
        Loaded loaded = ConfigurationFile.read(name, yaml);
        return assertInstanceOf(Loaded.Valid.class, loaded, loaded::toString);
    }

    /** The first line of each, without the excerpt. */
    private static String heads(List<ConfigurationError> all) {
        StringBuilder heads = new StringBuilder();
        all.forEach(
                each -> heads.append(each.text().lines().findFirst().orElseThrow()).append('\n'));
        return heads.toString();
    }

    private static String logged(Policy policy) {
        IpAddress source = IpAddress.parse("10.50.0.7");
        IpAddress destination = IpAddress.parse("198.51.100.7");
        FlowKey key =
                new FlowKey()
                        .set(
                                1,
                                6,
                                source.high(),
                                source.low(),
                                40_112,
                                destination.high(),
                                destination.low(),
                                22);
        StringBuilder said = new StringBuilder();
        new RuleLog(() -> 0, line -> said.append(line).append('\n'))
                .decided(
                        policy.decide(new Policy.Question("acme", 6, source, destination, 22)),
                        "acme",
                        key);
        return said.toString();
    }

    @Test
    void saysOfRulesOnTrialWhatTheManualShows() throws IOException {
        List<String> blocks = blocks("A rule on trial");
        Policy policy = valid("edge.yaml", blocks.get(0)).configuration().policy();
        assertEquals(blocks.get(1), logged(policy));
    }

    @Test
    void logsWhatTheManualShows() throws IOException {
        String yaml = Files.readString(Path.of("../examples/policy.yaml"));
        Policy policy = valid("examples/policy.yaml", yaml).configuration().policy();
        assertEquals(blocks("Log").getFirst(), logged(policy));
    }

    @Test
    void saysOfATestThatFailsWhatTheManualShows() throws IOException {
        List<String> blocks = blocks("Tests");
        String wrong = blocks.get(0).replaceFirst("expect: reject", "expect: deny");
        Loaded.Invalid invalid =
                assertInstanceOf(Loaded.Invalid.class, ConfigurationFile.read("edge.yaml", wrong));
        assertEquals(blocks.get(1), heads(invalid.errors()));
    }

    @Test
    void warnsOfWhatTheManualShows() throws IOException {
        List<String> blocks = blocks("Warnings");
        assertEquals(blocks.get(1), heads(valid("edge.yaml", blocks.get(0)).warnings()));
    }
}
