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
import io.culvert.gateway.plugin.HookTimesRegistry;
import io.culvert.gateway.plugin.LoadedPlugin;
import io.culvert.gateway.plugin.PluginCode;
import io.culvert.gateway.plugin.PluginEntry;
import io.culvert.gateway.plugin.PluginHost;
import io.culvert.gateway.plugin.PluginSettings;
import io.culvert.gateway.plugin.Plugins;
import io.culvert.hook.FlowHook;
import io.culvert.hook.FlowVerdict;
import io.culvert.hook.Hooks;
import io.culvert.hook.Host;
import io.culvert.hook.NoSettings;
import io.culvert.hook.Plugin;

import org.junit.jupiter.api.Test;

import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CountDownLatch;

/** Plugins are asked about flows that are explained, and know that there are none. */
class ExplainedHooksTest {
    private static final Question MAIL =
            Question.parse("acme", "10.50.0.7", "10.60.0.9:25/tcp", "");

    private record Code(Plugin<NoSettings> plugin) implements PluginCode {
        @Override
        public ClassLoader loader() {
            return ExplainedHooksTest.class.getClassLoader();
        }

        @Override
        public void close() {}
    }

    private record Asked(FlowHook hook) implements Plugin<NoSettings> {
        @Override
        public String name() {
            return "geo";
        }

        @Override
        public String version() {
            return "1";
        }

        @Override
        public Class<NoSettings> settings() {
            return NoSettings.class;
        }

        @Override
        public Hooks start(NoSettings settings, Host host) {
            return Hooks.none().flow(hook);
        }
    }

    private static final class Nothing implements PluginHost, PluginSettings {
        @Override
        public InstantSource clock() {
            return InstantSource.system();
        }

        @Override
        public System.Logger log() {
            return System.getLogger("geo");
        }

        @Override
        public void every(Duration period, Host.Task task) {}

        @Override
        public Path resolve(Path path) {
            return path;
        }

        @Override
        public void stop() {}

        @Override
        public <S extends Record> S read(Class<S> type) {
            return type.cast(new NoSettings());
        }

        @Override
        public String text() {
            return "{}";
        }
    }

    private static Explanation explain(Duration deadline, FlowHook hook) throws Exception {
        Nothing nothing = new Nothing();
        PluginEntry entry =
                new PluginEntry(Path.of("geo.jar"), "", nothing, deadline, false, Path.of(""));
        LoadedPlugin plugin =
                LoadedPlugin.start(
                        entry, new Code(new Asked(hook)), nothing, new HookTimesRegistry());
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
