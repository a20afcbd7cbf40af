package io.culvert.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.config.Configuration;
import io.culvert.gateway.config.ConfigurationFile;
import io.culvert.gateway.config.Loaded;
import io.culvert.gateway.explain.Explanation;
import io.culvert.gateway.explain.Question;
import io.culvert.gateway.explain.Stage;
import io.culvert.gateway.plugin.HookChain;
import io.culvert.gateway.plugin.LoadedPlugin;
import io.culvert.gateway.plugin.LonePlugin;
import io.culvert.gateway.plugin.Plugins;
import io.culvert.hook.FlowHook;
import io.culvert.hook.FlowVerdict;
import io.culvert.hook.Hooks;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;

/** Plugins are asked about flows that are explained, and know that there are none. */
class ExplainedHooksTest {
    private static final Question MAIL =
            Question.parse("acme", "10.50.0.7", "10.60.0.9:25/tcp", "");

    private static Explanation explain(Duration deadline, FlowHook hook) throws Exception {
        LoadedPlugin plugin = LonePlugin.start("geo", Hooks.none().flow(hook), deadline, false);
        Plugins plugins = new Plugins();
        plugins.replace(HookChain.of(List.of(plugin), Set.of("socket"), Set.of()));
        try {
            return new DryRun(router()).explain(MAIL, new ExplainedHooks(plugins));
        } finally {
            plugins.close();
        }
    }

    private static Configuration router() {
        Loaded loaded = ConfigurationFile.load(Path.of("../examples/router.yaml"));
        return ((Loaded.Valid) loaded).configuration();
    }

    private static String stage(Explanation of, String name) {
        return of.stages().stream()
                .filter(stage -> stage.stage().equals(name))
                .map(stage -> stage.verdict() + ": " + stage.text())
                .findFirst()
                .orElse("none");
    }

    @Test
    void tellsAPluginThatThereIsNoFlow() throws Exception {
        Explanation explained =
                explain(
                        Duration.ofSeconds(10),
                        request ->
                                request.explained()
                                        ? FlowVerdict.refuse("no mail today")
                                        : FlowVerdict.accept());
        assertEquals("refuse", explained.outcome());
        assertEquals("HOOK_REFUSED", explained.reason());
        assertEquals("geo", explained.rule().split(":", 2)[0]);
        assertEquals("hooks", explained.stages().getLast().stage());
    }

    @Test
    void goesOnWhereNoPluginObjects() throws Exception {
        Explanation explained = explain(Duration.ofSeconds(10), request -> FlowVerdict.accept());
        assertEquals("forward", explained.outcome());
        assertEquals("pass: asked: geo; none objects", stage(explained, "hooks"));
        assertTrue(
                explained.stages().stream().map(Stage::stage).toList().contains("off-ramp"),
                explained::toString);
    }

    @Test
    void doesNotWaitForAPluginThatNeverAnswers() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        Explanation explained =
                explain(
                        Duration.ofMillis(50),
                        request -> {
                            never.await();
                            return FlowVerdict.accept();
                        });
        assertEquals("HOOK_TIMEOUT", explained.reason());
    }

    @Test
    void asksNoPluginsWithoutAGateway() {
        Explanation explained = new DryRun(router()).explain(MAIL);
        assertEquals("none", stage(explained, "hooks"));
        assertEquals("forward", explained.outcome());
    }
}
