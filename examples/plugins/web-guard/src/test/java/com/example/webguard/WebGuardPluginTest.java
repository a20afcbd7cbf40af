package com.example.webguard;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.culvert.gateway.plugin.kit.HttpOutcome;
import io.culvert.gateway.plugin.kit.HttpQuestion;
import io.culvert.gateway.plugin.kit.PluginKit;
import io.culvert.hook.HttpAnswer;
import io.culvert.hook.HttpFields;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.Test;

import java.util.List;
import java.util.Optional;

class WebGuardPluginTest {
    private static PluginKit start() throws Exception {
        return PluginKit.of(WebGuardPlugin.class)
                .settings(
                        """
                        paths: [/admin]
                        refuse: [/secret]
                        moved: { /old: /new }
                        hide: [Server]
                        retry: [500]
                        sorry: Back soon
                        """)
                .start();
    }

    private static HttpQuestion get(PluginKit kit, String target) {
        return kit.flow("tcp 10.0.0.1:1234 > 192.0.2.1:80")
                .request("GET", "http://example.test" + target);
    }

    @Test
    void answersForPathsThatAreNotThere() throws Exception {
        try (PluginKit kit = start()) {
            for (String target : List.of("/admin", "/admin/users?a=b", "/%61dmin/")) {
                get(kit, target).send().assertAnswered(404);
            }
            for (String target : List.of("/", "/administration", "/a/admin")) {
                get(kit, target).send().assertPassed();
            }
        }
    }

    @Test
    void refusesPathsThatNobodyMayAskForInItsOwnWords() throws Exception {
        try (PluginKit kit = start()) {
            get(kit, "/secret/plan").send().assertRefused("nobody may ask for /secret/plan");
        }
    }

    @Test
    void sendsElsewhereWhoAsksForWhatHasMoved() throws Exception {
        try (PluginKit kit = start()) {
            HttpOutcome outcome = get(kit, "/old").send().assertAnswered(307);
            assertEquals(Optional.of("/new"), outcome.client().fields().first("location"));
        }
    }

    @Test
    void hidesFieldsOfAnswers() throws Exception {
        HttpFields fields = HttpFields.NONE.and("server", "nginx").and("x-other", "1");
        try (PluginKit kit = start()) {
            HttpOutcome outcome = get(kit, "/").answered(200, fields, "ok").send().assertPassed();
            assertEquals(HttpFields.NONE.and("x-other", "1"), outcome.client().fields());
            assertEquals("ok", outcome.clientBody());
        }
    }

    @Test
    void asksAnotherServerOnceOneSaysThatItFails() throws Exception {
        try (PluginKit kit = start()) {
            HttpOutcome outcome =
                    get(kit, "/")
                            .answered(HttpAnswer.text(500, "oops"))
                            .answered(HttpAnswer.text(200, "ok"))
                            .send()
                            .assertPassed();
            assertEquals(2, outcome.attempts());
            assertEquals("ok", outcome.clientBody());
        }
    }

    @Test
    void saysSorryWhereNoServerAnswers() throws Exception {
        try (PluginKit kit = start()) {
            HttpOutcome outcome =
                    get(kit, "/")
                            .unanswered(Reason.DIAL_REFUSED)
                            .send()
                            .assertReason(Reason.DIAL_REFUSED);
            assertEquals(502, outcome.client().status());
            assertEquals("Back soon\n", outcome.clientBody());
        }
    }
}
