package io.culvert.e2e;

import io.culvert.hook.BodyVerdict;
import io.culvert.hook.FlowHook;
import io.culvert.hook.FlowRequest;
import io.culvert.hook.FlowVerdict;
import io.culvert.hook.Hooks;
import io.culvert.hook.Host;
import io.culvert.hook.HttpAnswer;
import io.culvert.hook.HttpFilter;
import io.culvert.hook.HttpHook;
import io.culvert.hook.HttpRequest;
import io.culvert.hook.HttpStage;
import io.culvert.hook.NoSettings;
import io.culvert.hook.Plugin;
import io.culvert.hook.RequestVerdict;
import io.culvert.hook.ResponseVerdict;

import java.io.IOError;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A plugin that does what no plugin should, to some of the requests and flows that it is asked
 * about. Which ones, the number in a request's path says, and of flows every {@value #OF_FLOWS}th.
 * How many of its calls are under way stands in the system properties.
 */
public final class MischiefPlugin implements Plugin<NoSettings> {
    /** Numbers repeat what the plugin does after so many. */
    static final int ROUND = 20;

    /** Much longer than its deadline is. */
    private static final long LATE_MILLIS = 400;

    private static final int OF_FLOWS = 5;
    private static final String RUNNING = "culvert.test.mischief.running";

    /** What it does; the even ones to a GET, the odd ones to a POST. */
    enum Mischief {
        THROWS(2, "503 HOOK_FAILED"),
        SLEEPS(4, "503 HOOK_TIMEOUT"),
        FAILS_THE_ANSWER(6, "503 HOOK_FAILED"),
        FAILS_THE_ANSWERS_BODY(8, "broken"),
        ANSWERS_NOTHING(3, "503 HOOK_FAILED"),
        SPINS(5, "503 HOOK_TIMEOUT"),
        OVERFLOWS(7, "503 HOOK_FAILED"),
        FAILS_THE_BODY(9, "503 HOOK_FAILED"),
        THROWS_AN_ERROR(11, "503 HOOK_FAILED");

        private final int number;
        private final String outcome;

        Mischief(int number, String outcome) {
            this.number = number;
            this.outcome = outcome;
        }

        /** What a client gets to hear. */
        String outcome() {
            return outcome;
        }

        /** What is done to that request, if anything. */
        static Optional<Mischief> of(int request) {
            for (Mischief one : values()) {
                if (one.number == request % ROUND) {
                    return Optional.of(one);
                }
            }
            return Optional.empty();
        }
    }

    /** Calls that are under way, for both class loaders. */
    static AtomicLong running() {
        return (AtomicLong)
                System.getProperties().computeIfAbsent(RUNNING, key -> new AtomicLong());
    }

    @Override
    public String name() {
        return "mischief";
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
        return Hooks.none().flow(new Flows()).http(HttpFilter.ALL, new Requests());
    }

    private static void sleep() throws InterruptedException {
        TimeUnit.MILLISECONDS.sleep(LATE_MILLIS);
    }

    /** Whatever anybody says. */
    private static void spin() {
        long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(LATE_MILLIS);
        while (System.nanoTime() - end < 0) {
            Thread.onSpinWait();
        }
    }

    @SuppressWarnings("InfiniteRecursion") // On purpose.
    private static void overflow() {
        overflow();
    }

    private static final class Flows implements FlowHook {
        private final AtomicInteger asked = new AtomicInteger();

        @Override
        public FlowVerdict opened(FlowRequest request) throws InterruptedException {
            running().incrementAndGet();
            try {
                switch (asked.incrementAndGet() % (3 * OF_FLOWS)) {
                    case OF_FLOWS -> throw new IllegalStateException("on purpose");
                    case 2 * OF_FLOWS -> sleep();
                    case 3 * OF_FLOWS - 1 -> throw new IOError(new Exception("on purpose"));
                    default -> {}
                }
                return FlowVerdict.accept();
            } finally {
                running().decrementAndGet();
            }
        }
    }

    private static final class Requests implements HttpHook {
        private static Mischief mischief(HttpRequest request) {
            return Mischief.of(Integer.parseInt(request.path().substring(1))).orElse(null);
        }

        @Override
        public RequestVerdict request(HttpRequest request) throws Exception {
            running().incrementAndGet();
            try {
                RequestVerdict.Pass pass = RequestVerdict.pass();
                switch (mischief(request)) {
                    case THROWS -> throw new IllegalStateException("on purpose");
                    case THROWS_AN_ERROR -> throw new IOError(new Exception("on purpose"));
                    case OVERFLOWS -> overflow();
                    case SLEEPS -> sleep();
                    case SPINS -> spin();
                    case ANSWERS_NOTHING -> {
                        return null;
                    }
                    case FAILS_THE_BODY -> {
                        return pass.watch(HttpStage.REQUEST_BODY);
                    }
                    case FAILS_THE_ANSWER -> {
                        return pass.watch(HttpStage.RESPONSE);
                    }
                    case FAILS_THE_ANSWERS_BODY -> {
                        return pass.watch(HttpStage.RESPONSE_BODY);
                    }
                    case null -> {}
                }
                return pass;
            } finally {
                running().decrementAndGet();
            }
        }

        @Override
        public BodyVerdict requestBody(HttpRequest request, byte[] piece, boolean last) {
            throw new IllegalStateException("on purpose");
        }

        @Override
        public ResponseVerdict response(HttpRequest request, HttpAnswer head) {
            throw new IllegalStateException("on purpose");
        }

        @Override
        public BodyVerdict responseBody(HttpRequest request, byte[] piece, boolean last) {
            throw new IllegalStateException("on purpose");
        }
    }
}
