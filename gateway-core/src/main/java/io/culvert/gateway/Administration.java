package io.culvert.gateway;

import io.culvert.gateway.config.Configuration;
import io.culvert.gateway.config.ConfigurationFile;
import io.culvert.gateway.config.Difference;
import io.culvert.gateway.config.Loaded;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * What an operator may have a running gateway change: its configuration, read and checked here, so
 * that what was checked is what is applied. A change that has to be confirmed is taken back by
 * itself where it is not: who has cut off the way to the gateway need do nothing.
 *
 * <pre>
 *   settled --apply with a time--> awaiting --confirm--> settled
 *                                     '------time over--> the configuration before; settled
 * </pre>
 *
 * <p>Threading: any; one change at a time, and others wait for it.
 */
public final class Administration implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(Administration.class);

    private static final String APPLIED = "applied";
    private static final String STEPPED_BACK = "stepped back";
    private static final String REFUSED = "refused";

    /** Between attempts to step back. */
    private static final long AGAIN_MILLIS = 1_000;

    private final Gateway gateway;
    private final Path file;
    private final ConfigurationGeneration generation;
    private final Consumer<String> serviceManager;
    private final Audit audit;

    /** What became of the last attempt; a word. */
    private volatile String outcome = APPLIED;

    private final ScheduledExecutorService timer =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofPlatform().name("configuration").daemon().factory());

    /** Of a change that awaits its confirmation; null where none does. */
    private volatile Pending pending;

    /** What is stepped back to. */
    private static final class Pending {
        private final Configuration before;
        private final String hash;
        private final long deadlineNanos;

        Pending(Configuration before, String hash, long deadlineNanos) {
            this.before = before;
            this.hash = hash;
            this.deadlineNanos = deadlineNanos;
        }
    }

    /**
     * Who asks for something.
     *
     * @param uid user, as SO_PEERCRED of unix(7) tells it
     * @param pid process
     */
    public record Actor(int uid, int pid) {}

    /** Told of every action, done or refused, before who asked for it is. */
    @FunctionalInterface
    public interface Audit {
        /** Nobody is told. */
        Audit NONE = (by, action, before, after, result, detail) -> {};

        /**
         * @param by empty where the gateway does it by itself, or at a signal
         * @param action {@code apply}, {@code reload}, {@code confirm} or {@code step-back}
         * @param before hash of the configuration that was in force; {@code after} likewise
         * @param detail a sentence where there is more to say; may be empty
         */
        void record(
                Optional<Actor> by,
                String action,
                String before,
                String after,
                Result result,
                String detail);
    }

    /** How something went that was asked for. */
    public enum Result {
        /** It is done. */
        DONE,
        /** The configuration has errors, which {@link Answer#text} says; nothing was changed. */
        INVALID,
        /** It cannot be done, for the reason that {@link Answer#text} says; nothing was changed. */
        REFUSED
    }

    /**
     * What became of a request.
     *
     * @param generation the number of the configuration in force
     * @param text for people: errors, or warnings where it is done
     * @param closed flows that were closed since the policy decides otherwise now
     */
    public record Answer(Result result, long generation, String text, int closed) {}

    /**
     * @param file what {@link #reload} reads, named as the user has named it
     * @param generation of the configuration that the gateway was started with
     * @param serviceManager told of states as sd_notify(3) has them
     * @param audit told of what is done here
     */
    public Administration(
            Gateway gateway,
            Path file,
            ConfigurationGeneration generation,
            Consumer<String> serviceManager,
            Audit audit) {
        this.gateway = gateway;
        this.file = file;
        this.generation = generation;
        this.serviceManager = serviceManager;
        this.audit = audit;
    }

    public ConfigurationGeneration generation() {
        return generation;
    }

    /** What became of the last attempt to change it: applied, refused, or stepped back. */
    public String outcome() {
        return outcome;
    }

    /** How long a change awaits its confirmation yet; empty where none does. */
    public Optional<Duration> awaiting() {
        Pending now = pending;
        return Optional.ofNullable(now)
                .map(one -> Duration.ofNanos(one.deadlineNanos - System.nanoTime()));
    }

    /**
     * Applies the file that the gateway was started with, as it is now.
     *
     * @param by who asks for it
     */
    public Answer reload(Actor by, boolean recheck) {
        return reload(Optional.of(by), recheck);
    }

    private Answer reload(Optional<Actor> by, boolean recheck) {
        return audited(
                by,
                "reload",
                () ->
                        switch (ConfigurationFile.contents(file)) {
                            case ConfigurationFile.Contents.Bytes bytes ->
                                    apply(file.toString(), bytes.text(), Optional.empty(), recheck);
                            case ConfigurationFile.Contents.Unreadable(Loaded.Invalid why) ->
                                    invalid(why);
                        });
    }

    private synchronized Answer audited(
            Optional<Actor> by, String action, Supplier<Answer> change) {
        String before = generation.state().hash();
        Answer answer = change.get();
        audit.record(by, action, before, generation.state().hash(), answer.result(), answer.text());
        return answer;
    }

    /** Does so on another thread, and has the log say what came of it. */
    public void reloadSoon() {
        timer.execute(
                () -> {
                    Answer answer = reload(Optional.empty(), false);
                    if (answer.result() == Result.INVALID) {
                        LOG.error("Nothing was reloaded:\n{}", answer.text());
                    }
                });
    }

    /**
     * Applies a configuration.
     *
     * @param by who asks for it
     * @param name what errors call it
     * @param within how soon it has to be confirmed; empty where it has not to be
     * @param recheck whether flows that live are asked of the new policy, too
     */
    public Answer apply(
            Actor by, String name, byte[] text, Optional<Duration> within, boolean recheck) {
        return audited(Optional.of(by), "apply", () -> apply(name, text, within, recheck));
    }

    private synchronized Answer apply(
            String name, byte[] text, Optional<Duration> within, boolean recheck) {
        Loaded loaded = ConfigurationFile.read(name, text);
        if (loaded instanceof Loaded.Invalid invalid) {
            return invalid(invalid);
        }
        Loaded.Valid valid = (Loaded.Valid) loaded;
        if (pending != null) {
            return refused(
                    "a configuration awaits its confirmation; culvert confirm keeps it, and it is"
                            + " taken back in %d s otherwise"
                                    .formatted(Math.max(0, awaiting().orElseThrow().toSeconds())));
        }
        Configuration next = valid.configuration();
        Configuration before = gateway.configuration();
        String hash = generation.state().hash();
        int closed;
        try {
            if (within.isPresent()) {
                gateway.plugins().keep();
            }
            closed = change(next, recheck);
        } catch (IOException | RuntimeException e) {
            gateway.plugins().forget();
            LOG.warn("The configuration {} was not applied: {}", name, e.getMessage());
            return refused(e.getMessage());
        }
        generation.applied(valid.hash(), Instant.now());
        outcome = APPLIED;
        LOG.info("The configuration {} is number {} now", name, generation.state().number());
        within.ifPresent(time -> await(before, hash, time));
        return new Answer(Result.DONE, generation.state().number(), valid.text(), closed);
    }

    private int change(Configuration next, boolean recheck) throws IOException {
        // sd_notify(3): both are of CLOCK_MONOTONIC, which is what nanoTime() reads on Linux.
        serviceManager.accept("RELOADING=1\nMONOTONIC_USEC=" + System.nanoTime() / 1_000);
        try {
            return gateway.apply(next, recheck);
        } finally {
            serviceManager.accept("READY=1");
        }
    }

    private void await(Configuration before, String hash, Duration within) {
        Pending awaited = new Pending(before, hash, System.nanoTime() + within.toNanos());
        pending = awaited;
        var _ = timer.schedule(() -> stepBack(awaited), within.toMillis(), TimeUnit.MILLISECONDS);
    }

    /**
     * Keeps what was applied last.
     *
     * @param by who wants it kept
     */
    public Answer confirm(Actor by) {
        return audited(Optional.of(by), "confirm", this::confirm);
    }

    private synchronized Answer confirm() {
        if (pending == null) {
            return refused("nothing awaits a confirmation: it was confirmed, or taken back");
        }
        pending = null;
        gateway.plugins().forget();
        LOG.info("The configuration number {} is confirmed", generation.state().number());
        return new Answer(Result.DONE, generation.state().number(), "", 0);
    }

    private synchronized void stepBack(Pending to) {
        if (pending != to) {
            return;
        }
        try {
            int _ = change(to.before, false);
        } catch (IOException | RuntimeException e) {
            LOG.error("The configuration cannot be taken back yet: {}", e.getMessage());
            var _ = timer.schedule(() -> stepBack(to), AGAIN_MILLIS, TimeUnit.MILLISECONDS);
            return;
        }
        pending = null;
        gateway.plugins().forget();
        String before = generation.state().hash();
        generation.applied(to.hash, Instant.now());
        audit.record(Optional.empty(), "step-back", before, to.hash, Result.DONE, "");
        outcome = STEPPED_BACK;
        LOG.warn(
                "Nobody has confirmed the configuration in time: the one before is number {} now",
                generation.state().number());
    }

    /** What a configuration would change; or why it is none. */
    public Changes diff(String name, byte[] text) throws IOException {
        return switch (ConfigurationFile.read(name, text)) {
            case Loaded.Valid valid ->
                    new Changes.Of(
                            Difference.between(gateway.configuration(), valid.configuration()),
                            gateway.wouldClose(valid.configuration()));
            case Loaded.Invalid invalid -> new Changes.None(invalid);
        };
    }

    /** The same of the file that the gateway was started with. */
    public Changes diff() throws IOException {
        return switch (ConfigurationFile.contents(file)) {
            case ConfigurationFile.Contents.Bytes bytes -> diff(file.toString(), bytes.text());
            case ConfigurationFile.Contents.Unreadable(Loaded.Invalid why) -> new Changes.None(why);
        };
    }

    /** What {@link #diff} answers. */
    public sealed interface Changes {
        /** It would change that. */
        record Of(Difference difference, Reconfiguration.Closed flows) implements Changes {}

        /** The configuration is none. */
        record None(Loaded.Invalid why) implements Changes {}
    }

    private Answer invalid(Loaded.Invalid why) {
        generation.refused(Instant.now());
        outcome = REFUSED;
        return new Answer(Result.INVALID, generation.state().number(), why.text(), 0);
    }

    private Answer refused(String why) {
        generation.refused(Instant.now());
        outcome = REFUSED;
        return new Answer(Result.REFUSED, generation.state().number(), why, 0);
    }

    /** No change is taken back any more: the gateway ends. */
    @Override
    public void close() {
        timer.shutdownNow();
    }
}
