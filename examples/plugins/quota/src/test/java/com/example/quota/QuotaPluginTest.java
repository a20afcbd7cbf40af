package com.example.quota;

import static org.junit.jupiter.api.Assertions.assertThrows;

import io.culvert.gateway.plugin.PluginException;
import io.culvert.gateway.plugin.kit.FlowOutcome;
import io.culvert.gateway.plugin.kit.FlowQuestion;
import io.culvert.gateway.plugin.kit.PluginKit;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

class QuotaPluginTest {
    private static PluginKit kit(int opened, int live) throws PluginException {
        return PluginKit.of(QuotaPlugin.class)
                .settings(
                        new QuotaPlugin.Settings("user", opened, Duration.ofMinutes(1), live, 4096))
                .start();
    }

    private static FlowQuestion flowOf(PluginKit kit, String user) {
        return kit.flow("udp 10.0.0.1:1234 > 192.0.2.1:53").attribute("user", user);
    }

    @Test
    void refusesMoreThanAWindowAllowsAndBeginsAnewWithTheNext() throws Exception {
        try (PluginKit kit = kit(3, 100)) {
            for (int i = 0; i < 3; i++) {
                flowOf(kit, "ann").open().assertCarried();
            }
            flowOf(kit, "ann").open().assertRefused("ann has opened 3 flows within 60 s");
            flowOf(kit, "bob").open().assertCarried();

            kit.clock().advance(Duration.ofMinutes(1));

            flowOf(kit, "ann").open().assertCarried();
        }
    }

    @Test
    void aFlowThatEndsMakesRoomForAnother() throws Exception {
        try (PluginKit kit = kit(100, 2)) {
            FlowOutcome first = flowOf(kit, "ann").open().assertCarried();
            flowOf(kit, "ann").open().assertCarried();
            flowOf(kit, "ann").open().assertRefused("ann has 2 flows");

            first.end();

            flowOf(kit, "ann").open().assertCarried();
        }
    }

    @Test
    void aFlowThatItsTargetRefusesDoesNotCountForEver() throws Exception {
        try (PluginKit kit = kit(100, 2)) {
            for (int i = 0; i < 50; i++) {
                flowOf(kit, "ann")
                        .open()
                        .assertCarried()
                        .end(Reason.DIAL_REFUSED, Duration.ZERO, 0, 0);
            }
        }
    }

    @Test
    void usersOfTwoTenantsAreNotTheSame() throws Exception {
        try (PluginKit kit = kit(1, 100)) {
            flowOf(kit, "ann").tenant("acme").open().assertCarried();
            flowOf(kit, "ann").tenant("globex").open().assertCarried();
        }
    }

    @Test
    void aTunnelWithoutAUserIsNotLimited() throws Exception {
        try (PluginKit kit = kit(1, 1)) {
            for (int i = 0; i < 5; i++) {
                kit.flow("tcp 10.0.0.1:1234 > 192.0.2.1:443").open().assertCarried();
            }
        }
    }

    @Test
    void explainingCountsNothing() throws Exception {
        try (PluginKit kit = kit(1, 1)) {
            for (int i = 0; i < 5; i++) {
                flowOf(kit, "ann").explain().assertCarried();
            }
            flowOf(kit, "ann").open().assertCarried();
            flowOf(kit, "ann").explain().assertRefused("ann has opened 1 flows within 60 s");
        }
    }

    @Test
    void neverLetsMoreThanTheLimitLive() throws Exception {
        try (PluginKit kit = kit(1_000_000, 7)) {
            List<FlowOutcome> live = new ArrayList<>();
            for (int i = 0; i < 500; i++) {
                FlowOutcome outcome = flowOf(kit, "ann").open();
                if (outcome.isCarried()) {
                    live.add(outcome);
                }
                if (live.size() == 7) {
                    flowOf(kit, "ann").open().assertRefused("ann has 7 flows");
                    live.removeFirst().end();
                }
            }
        }
    }

    @Test
    void doesNotStartWithAWindowOfNothing() {
        assertThrows(
                PluginException.class,
                () ->
                        PluginKit.of(QuotaPlugin.class)
                                .settings(new QuotaPlugin.Settings("user", 1, Duration.ZERO, 1, 16))
                                .start());
    }
}
