package io.culvert.gateway.plugin.kit;

import io.culvert.gateway.plugin.PluginHost;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** A gateway as far as a plugin under test sees one. Its tasks run when the clock is moved. */
final class HandHost implements PluginHost {
    private static final Duration SHORTEST = Duration.ofMillis(100);

    private final HandClock clock;
    private final Path directory;
    private final KitLog log = new KitLog();
    private final List<Repeated> tasks = new CopyOnWriteArrayList<>();

    HandHost(HandClock clock, Path directory) {
        this.clock = clock;
        this.directory = directory;
        clock.onMove(() -> tasks.forEach(Repeated::runIfDue));
    }

    /** On the thread that moves the clock, so that it is done when the test goes on. */
    private final class Repeated {
        private final Duration period;
        private final Task task;
        private Instant due;

        Repeated(Duration period, Task task) {
            this.period = period;
            this.task = task;
            this.due = clock.instant().plus(period);
        }

        @SuppressWarnings("CatchAndPrintStackTrace") // A plugin may throw whatever it likes.
        synchronized void runIfDue() {
            if (clock.instant().isBefore(due)) {
                return;
            }
            // Once, however far the clock has moved: nobody is told of times that were skipped.
            due = clock.instant().plus(period);
            try {
                task.run();
            } catch (Exception | LinkageError | StackOverflowError | AssertionError e) {
                log.log(System.Logger.Level.WARNING, "a task failed: " + e);
            }
        }
    }

    @Override
    public InstantSource clock() {
        return clock;
    }

    @Override
    public KitLog log() {
        return log;
    }

    @Override
    public Path resolve(Path path) {
        return directory.resolve(path).toAbsolutePath();
    }

    @Override
    public void every(Duration period, Task task) {
        if (period.compareTo(SHORTEST) < 0) {
            throw new IllegalArgumentException("the period is shorter than 100 ms: " + period);
        }
        tasks.add(new Repeated(period, task));
    }

    @Override
    public void stop() {
        tasks.clear();
    }
}
