package com.example.quota;

import io.culvert.hook.FlowHook;
import io.culvert.hook.FlowInfo;
import io.culvert.hook.FlowRequest;
import io.culvert.hook.FlowSummary;
import io.culvert.hook.FlowVerdict;
import io.culvert.hook.Hooks;
import io.culvert.hook.Host;
import io.culvert.hook.Plugin;
import io.culvert.hook.Setting;

import java.security.SecureRandom;
import java.time.Duration;

/** Limits how many flows a user opens in a window of time, and has at once. */
public final class QuotaPlugin implements Plugin<QuotaPlugin.Settings> {
    /** The plugin's settings. */
    public record Settings(
            @Setting(value = "Attribute of the tunnel that names the user", defaultValue = "user")
                    String attribute,
            @Setting(value = "Flows that a user may open in a window", defaultValue = "1000")
                    int opened,
            @Setting(value = "How long a window is", defaultValue = "1m") Duration window,
            @Setting(value = "Flows that a user may have at once", defaultValue = "500") int live,
            @Setting(
                            value =
                                    "Counters in each row of the sketch: ten times as many as there"
                                            + " are users, or more",
                            defaultValue = "65536")
                    int columns) {}

    /**
     * Goes with a flow that was counted, so that {@code closed} counts down what was counted up.
     */
    record Counted(String user) {}

    @Override
    public String name() {
        return "quota";
    }

    @Override
    public String version() {
        return "1.0";
    }

    @Override
    public String description() {
        return "Limits the flows of each user.";
    }

    @Override
    public Class<Settings> settings() {
        return Settings.class;
    }

    @Override
    public Hooks start(Settings settings, Host host) {
        if (settings.window().isZero() || settings.window().isNegative()) {
            throw new IllegalArgumentException("window must be longer than nothing");
        }
        return Hooks.none().flow(new Quota(settings, host));
    }

    private static final class Quota implements FlowHook {
        private final Settings settings;
        private final Window window;
        private final Sketch live;

        Quota(Settings settings, Host host) {
            this.settings = settings;
            // Nobody outside knows the seed, so nobody can look for users that share counters.
            long seed = new SecureRandom().nextLong();
            window = new Window(settings.window(), settings.columns(), seed, host.clock());
            live = new Sketch(settings.columns(), seed);
        }

        @Override
        public FlowVerdict opened(FlowRequest request) {
            FlowInfo flow = request.flow();
            String name = flow.tunnel().attributes().get(settings.attribute());
            if (name == null) {
                return FlowVerdict.accept();
            }
            String user = flow.tenant() + '/' + name;
            if (request.explained()) {
                return judge(name, window.estimate(user) + 1, live.estimate(user) + 1);
            }
            if (window.estimate(user) >= settings.opened()) {
                return judge(name, settings.opened() + 1, 0);
            }
            // Counted first and judged then, or two at once would both be the last one allowed.
            FlowVerdict verdict = judge(name, window.add(user), live.add(user, 1));
            if (verdict instanceof FlowVerdict.Carry carry) {
                return carry.with(new Counted(user));
            }
            live.add(user, -1);
            return verdict;
        }

        private FlowVerdict judge(String user, int opened, int live) {
            if (opened > settings.opened()) {
                return FlowVerdict.refuse(
                        user
                                + " has opened "
                                + settings.opened()
                                + " flows within "
                                + settings.window().toSeconds()
                                + " s");
            }
            return live > settings.live()
                    ? FlowVerdict.refuse(user + " has " + settings.live() + " flows")
                    : FlowVerdict.accept();
        }

        @Override
        public void closed(FlowSummary flow) {
            flow.flow()
                    .context()
                    .get(Counted.class)
                    .ifPresent(counted -> live.add(counted.user(), -1));
        }
    }
}
