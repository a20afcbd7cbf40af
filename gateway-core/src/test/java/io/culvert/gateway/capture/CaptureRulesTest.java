package io.culvert.gateway.capture;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.linux.Rule;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Optional;

class CaptureRulesTest {
    private static final CaptureRules RULES = new CaptureRules("culv0", new Tables(1_920_000_014));

    private static List<String> texts(List<Rule> rules) {
        return rules.stream().map(Rule::toString).toList();
    }

    /** After the one that says whose they are. */
    @Test
    void closesAWayBeforeItLeadsThere() {
        assertEquals(
                List.of(
                        "512: from all iif culv0 lookup 1920000015 (IPv4)",
                        "513: from all iif culv0 blackhole (IPv4)",
                        "513: from all iif wg0 blackhole (IPv4)",
                        "514: from all iif wg1 blackhole (IPv4)",
                        "512: from all iif wg0 lookup 1920000014 (IPv4)",
                        "512: from all iif wg1 lookup 1920000014 (IPv4)"),
                texts(
                        RULES.all(
                                List.of(false),
                                List.of("wg0", "wg1"),
                                (name, _) -> name.equals("wg1"))));
    }

    /** What says whose they are goes last of all. */
    @Test
    void opensTheWaysAgainOnceNothingLeadsThere() {
        List<Rule> made = RULES.all(List.of(true), List.of("wg0"), (_, _) -> false);
        assertEquals(
                List.of(
                        "512: from all iif wg0 lookup 1920000014 (IPv6)",
                        "513: from all iif culv0 blackhole (IPv6)",
                        "513: from all iif wg0 blackhole (IPv6)",
                        "512: from all iif culv0 lookup 1920000015 (IPv6)"),
                texts(CaptureRules.lastFirst(made)));
    }

    @Test
    void knowsItsOwnByMakerAndTable() {
        Rule ours = RULES.all(List.of(false), List.of(), (_, _) -> false).getFirst();
        assertTrue(CaptureRules.isGateways(ours));
        assertEquals(Optional.of("culv0"), CaptureRules.deviceOf(ours));
        Rule.Action lookup = Rule.Action.LOOKUP;
        assertFalse(
                CaptureRules.isGateways(new Rule(false, 512, "culv0", 1_920_000_015, lookup, 0)));
        assertFalse(CaptureRules.isGateways(new Rule(false, 512, "culv0", 100, lookup, 199)));
        assertFalse(
                CaptureRules.isGateways(new Rule(false, 512, null, 1_920_000_015, lookup, 199)));
    }
}
