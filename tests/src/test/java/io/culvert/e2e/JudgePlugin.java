package io.culvert.e2e;

import io.culvert.hook.FlowHook;
import io.culvert.hook.FlowRequest;
import io.culvert.hook.FlowSummary;
import io.culvert.hook.FlowVerdict;
import io.culvert.hook.Hooks;
import io.culvert.hook.Host;
import io.culvert.hook.Plugin;
import io.culvert.hook.Setting;

import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A plugin that decides by target ports, for tests. What it counts and waits for is in the system
 * properties, since its classes are not those of the test.
 */
public final class JudgePlugin implements Plugin<JudgePlugin.Settings> {
    static final int REFUSED = 7_101;
    static final int DROPPED = 7_102;
    static final int THROWS = 7_103;
    static final int OVERFLOWS = 7_104;
    static final int HANGS = 7_105;
    static final int SPINS = 7_106;
    static final int NOWHERE = 7_107;
    static final int NO_ANSWER = 7_108;

    private static final String PREFIX = "culvert.test.judge.";

    /**
     * @param generation tells one from the next
     */
    public record Settings(@Setting(defaultValue = "0") int generation) {}

    /** What goes with a flow. */
    private record Mark(int generation) {}

    /** A number by name, for both class loaders. */
    static AtomicLong counter(String name) {
        return (AtomicLong)
                System.getProperties().computeIfAbsent(PREFIX + name, key -> new AtomicLong());
    }

    /** What hooks that hang wait for. */
    static CountDownLatch release() {
        return (CountDownLatch)
                System.getProperties()
                        .computeIfAbsent(PREFIX + "release", key -> new CountDownLatch(1));
    }

    /** Begins anew. */
    static void reset() {
        System.getProperties().keySet().removeIf(key -> key.toString().startsWith(PREFIX));
    }

    @Override
    public String name() {
        return "judge";
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
    public Hooks start(Settings settings, Host host) {
        counter("started").incrementAndGet();
        return Hooks.none().flow(new Judge(settings.generation()));
    }

    @Override
    public void stop() {
        counter("stopped").incrementAndGet();
    }

    private record Judge(int generation) implements FlowHook {
        @Override
        public FlowVerdict opened(FlowRequest request) throws InterruptedException {
            counter("asked").incrementAndGet();
            return switch (request.flow().target().port()) {
                case REFUSED -> FlowVerdict.refuse("not this one\n");
                case DROPPED -> FlowVerdict.drop("nor this");
                case THROWS -> throw new IllegalStateException("on purpose");
                case OVERFLOWS -> overflow();
                case HANGS -> hang();
                case SPINS -> spin();
                case NOWHERE -> FlowVerdict.forward("nowhere");
                case NO_ANSWER -> null;
                default -> carry();
            };
        }

        private FlowVerdict carry() {
            counter("carried").incrementAndGet();
            return FlowVerdict.accept().with(new Mark(generation));
        }

        @SuppressWarnings("InfiniteRecursion") // On purpose.
        private FlowVerdict overflow() {
            return overflow();
        }

        /** Whatever anybody says. */
        private static FlowVerdict hang() {
            while (release().getCount() > 0) {
                try {
                    release().await();
                } catch (InterruptedException e) {
                    counter("interrupted").incrementAndGet();
                }
            }
            return FlowVerdict.accept();
        }

        private static FlowVerdict spin() {
            while (release().getCount() > 0) {
                Thread.onSpinWait();
            }
            return FlowVerdict.accept();
        }

        @Override
        public void closed(FlowSummary flow) {
            Mark mark = flow.flow().context().get(Mark.class).orElseThrow();
            counter("closed").incrementAndGet();
            if (mark.generation() != generation) {
                counter("strangers").incrementAndGet();
            }
        }
    }
}
