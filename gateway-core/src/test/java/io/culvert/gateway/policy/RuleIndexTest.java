package io.culvert.gateway.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.policy.PlainPolicy.Question;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.function.Supplier;

class RuleIndexTest {
    private int decided;
    private int audited;

    /** A set of rules, and so many flows. */
    private void compare(long seed, int rules, int flows) {
        RandomRules random = new RandomRules(seed);
        List<Rule> all = random.rules(rules);
        PlainPolicy plain = new PlainPolicy(all);
        Policy policy = new Policy(Action.DENY, all);
        for (int i = 0; i < flows; i++) {
            Question question = random.question();
            Ruling ruling = question.ask(policy);
            Supplier<String> why = () -> "seed " + seed + ", " + question;
            assertSame(plain.decides(question), ruling.rule(), why);
            Rule would = plain.wouldRefuse(question);
            assertSame(would, ruling.audited() == null ? null : ruling.audited().rule(), why);
            decided += ruling.rule() == null ? 0 : 1;
            audited += would == null ? 0 : 1;
        }
    }

    @Test
    void decidesAsTheFirstRuleThatMatchesInTheirOrder() {
        for (int seed = 0; seed < 20_000; seed++) {
            compare(seed, seed % 9, 8);
        }
        assertTrue(decided > 20_000, () -> decided + " decided by a rule");
        assertTrue(audited > 2_000, () -> audited + " would be refused");
    }

    @Test
    void decidesSoAmongManyRulesToo() {
        for (int seed = 0; seed < 40; seed++) {
            compare(seed, 400 + 37 * seed, 200);
        }
        assertTrue(decided > 4_000, () -> decided + " decided by a rule");
    }

    @Test
    void findsEachOfTenThousandRulesThatHaveAnAddressOfTheirOwn() {
        List<Rule> rules = ManyRules.of(10_000);
        Policy policy = new Policy(Action.DENY, rules);
        for (int i = 0; i < rules.size(); i++) {
            assertSame(rules.get(i), ManyRules.ask(policy, i).rule());
        }
        assertEquals("default", ManyRules.ask(policy, rules.size()).name());
    }
}
