package io.culvert.gateway.plugin.kit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.gateway.plugin.PluginException;
import io.culvert.hook.FlowHook;
import io.culvert.hook.FlowRequest;
import io.culvert.hook.FlowSummary;
import io.culvert.hook.FlowVerdict;
import io.culvert.hook.Hooks;
import io.culvert.hook.Host;
import io.culvert.hook.Plugin;
import io.culvert.hook.Rate;
import io.culvert.hook.Reason;
import io.culvert.hook.TunnelVerdict;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.List;

class PluginKitTest {
    /** Does as the target's port says. */
    public static final class Obedient implements Plugin<Obedient.Settings> {
        public record Settings(String word, Duration pause) {}

        record Mark(int port) {}

        private Host host;
        private Settings settings;

        @Override
        public String name() {
            return "obedient";
        }

        @Override
        public String version() {
            return "1";
        }

        @Override
        public Class<Settings> settings() {
            return Settings.class;
        }

        @Override
        public Hooks start(Settings given, Host its) {
            host = its;
            settings = given;
            host.every(settings.pause(), () -> host.log().log(System.Logger.Level.INFO, "tick"));
            return Hooks.none()
                    .flow(new Flows())
                    .tunnel(request -> TunnelVerdict.admit(settings.word()));
        }

        private final class Flows implements FlowHook {
            @Override
            public FlowVerdict opened(FlowRequest request) throws Exception {
                return switch (request.flow().target().port()) {
                    case 1 -> FlowVerdict.refuse(settings.word());
                    case 2 -> FlowVerdict.drop(settings.word());
                    case 3 -> throw new IllegalStateException("port 3");
                    case 4 -> {
                        Thread.sleep(600_000);
                        yield null;
                    }
                    case 5 -> FlowVerdict.upgrade("relay", "nowhere");
                    case 6 -> FlowVerdict.forward("lan");
                    case 7 -> FlowVerdict.accept().with(new Mark(7)).limitedTo(new Rate(10, 1000));
                    default -> FlowVerdict.accept();
                };
            }

            @Override
            public void closed(FlowSummary flow) {
                host.log().log(
                        System.Logger.Level.INFO,
                        "{0} {1} {2}",
                        flow.reason(),
                        flow.initiatorBytes(),
                        flow.flow().context().get(Mark.class).isPresent());
            }
        }
    }

    private static PluginSetup setup() {
        return PluginKit.of(Obedient.class).settings("word: no\npause: 30s");
    }

    private static FlowQuestion to(PluginKit kit, int port) {
        return kit.flow("udp [2001:db8::1]:1000 > [2001:db8::2]:" + port);
    }

    @Test
    void showsWhatHooksDecideAndWhy() throws Exception {
        try (PluginKit kit = setup().deviceOffRamp("lan").start()) {
            to(kit, 1).open().assertRefused("no");
            to(kit, 2).open().assertDropped("no");
            to(kit, 6).open().assertForwarded("lan");
            to(kit, 9).open().assertUpgraded("relay", "socket");
            FlowOutcome outcome = to(kit, 7).open().assertCarried();
            assertEquals(new Rate(10, 1000), outcome.rate());
            assertTrue(outcome.context().get(Obedient.Mark.class).isPresent());
        }
    }

    @Test
    void whatIsExpectedInVainFailsWithWhatWas() throws Exception {
        try (PluginKit kit = setup().start()) {
            FlowOutcome refused = to(kit, 1).open();
            FlowOutcome carried = to(kit, 9).open();

            assertThrows(AssertionError.class, refused::assertCarried);
            assertThrows(AssertionError.class, () -> refused.assertRefused("yes"));
            assertThrows(AssertionError.class, () -> refused.assertDropped("no"));
            assertThrows(AssertionError.class, () -> carried.assertRefused("no"));
            assertThrows(AssertionError.class, () -> carried.assertForwarded("lan"));
        }
    }

    @Test
    void aFailureCostsTheFlowOrNotAsTheConfigurationSays() throws Exception {
        try (PluginKit kit = setup().start()) {
            FlowOutcome outcome = to(kit, 3).open().assertReason(Reason.HOOK_FAILED);
            assertInstanceOf(IllegalStateException.class, outcome.failure().orElseThrow());
        }
        try (PluginKit kit = setup().failsOpen().start()) {
            assertTrue(to(kit, 3).open().assertCarried().failure().isPresent());
        }
    }

    @Test
    void anAnswerThatComesTooLateIsNone() throws Exception {
        try (PluginKit kit = setup().deadline(Duration.ofMillis(50)).start()) {
            to(kit, 4).open().assertReason(Reason.HOOK_TIMEOUT);
        }
        try (PluginKit kit = setup().deadline(Duration.ofMillis(50)).failsOpen().start()) {
            to(kit, 4).open().assertCarried();
        }
    }

    @Test
    void anOffRampThatIsNotThereIsAFailure() throws Exception {
        try (PluginKit kit = setup().start()) {
            to(kit, 5).open().assertReason(Reason.HOOK_FAILED);
        }
        try (PluginKit kit = setup().socketOffRamp("nowhere").start()) {
            to(kit, 5).open().assertUpgraded("relay", "nowhere");
        }
    }

    @Test
    void thePluginIsToldOfTheEndOfFlowsThatItCarried() throws Exception {
        try (PluginKit kit = setup().start()) {
            to(kit, 7).open().end(Reason.RESET_BY_TARGET, Duration.ofSeconds(3), 77, 0);
            to(kit, 1).open().end();

            assertEquals(List.of("INFO: RESET_BY_TARGET 77 true"), kit.log());
        }
    }

    @Test
    void tasksRunWhenTheClockIsMoved() throws Exception {
        try (PluginKit kit = setup().start()) {
            kit.clock().advance(Duration.ofSeconds(29));
            assertEquals(List.of(), kit.log());

            kit.clock().advance(Duration.ofSeconds(1));
            assertEquals(List.of("INFO: tick"), kit.log());
        }
    }

    @Test
    void settingsThatDoNotFitKeepItFromStarting() {
        assertEquals(
                "settings:1:1: there is no \"pause\"",
                assertThrows(
                                PluginException.class,
                                () -> PluginKit.of(Obedient.class).settings("word: no").start())
                        .getMessage());
    }

    @Test
    void aTunnelIsAsked() throws Exception {
        try (PluginKit kit = setup().start()) {
            kit.tunnel("token").peer("192.0.2.1:6080").ask().assertAdmitted("no");
            assertThrows(
                    AssertionError.class, () -> kit.tunnel("token").ask().assertAdmitted("acme"));
        }
    }

    @Test
    void aPacketThatTheGatewayDropsOpensNoFlow() throws Exception {
        try (PluginKit kit = setup().start()) {
            AssertionError dropped =
                    assertThrows(AssertionError.class, () -> kit.packet((byte) 0x45, (byte) 0));
            assertTrue(dropped.getMessage().startsWith("the gateway drops the packet: "));
        }
    }
}
