package io.culvert.gateway.plugin;

import io.culvert.hook.Reason;

import java.util.concurrent.atomic.AtomicReference;

/**
 * One flow's way through the hooks of all plugins, on a virtual thread of its own or on that of its
 * {@link Round}.
 *
 * <p>A hook that does not answer in time cannot be stopped. So its thread is left behind: whatever
 * it still brings counts for nothing, and another thread goes on in its place.
 *
 * <p>Threading: {@link #begin} or {@link #ask(Thread)} once, {@link #expire} and {@link #goAlone}
 * by one other thread now and then.
 */
public final class Question {
    private final HookChain chain;
    private final Taker taker;
    private final boolean explained;

    /** What is being asked; {@code null} once there is an answer. */
    private final AtomicReference<Turn> turn = new AtomicReference<>();

    /** Takes the answer, once, on any thread. */
    @FunctionalInterface
    public interface Taker {
        /** The flow's decision, and what came with it. */
        void take(Answer answer);
    }

    /**
     * A thread asks one step about a draft. Whoever replaces it decides how it goes on.
     *
     * @param thread {@code null} before there is one
     */
    private record Turn(Thread thread, int step, Draft draft, long sinceNanos) {
        Turn(Thread thread, int step, Draft draft) {
            this(thread, step, draft, System.nanoTime());
        }
    }

    Question(HookChain chain, Draft draft, boolean explained, Taker taker) {
        this.chain = chain;
        this.explained = explained;
        this.taker = taker;
        turn.set(new Turn(null, 0, draft));
    }

    /** Whether others may wait for it. */
    boolean isQuick() {
        return chain.pace().isQuick();
    }

    /** Begins on a thread of its own; the answer may come before this returns. */
    void begin() {
        boolean unused = go(turn.get(), 0, turn.get().draft);
    }

    /** Goes on without its round, where that has not come to it yet. */
    void goAlone() {
        Turn first = turn.get();
        if (first != null && first.thread == null) {
            boolean unused = go(first, 0, first.draft);
        }
    }

    /**
     * Has a thread of its own go on, unless somebody else does.
     *
     * @return whether it does
     */
    private boolean go(Turn before, int step, Draft draft) {
        Thread thread = Thread.ofVirtual().name("hooks").unstarted(() -> run(step));
        if (!turn.compareAndSet(before, new Turn(thread, step, draft))) {
            return false;
        }
        thread.start();
        return true;
    }

    private void run(int first) {
        Turn mine = turn.get();
        if (mine == null || mine.thread != Thread.currentThread()) {
            // Given up before it began, which takes all processors being busy.
            if (first < chain.steps().size()) {
                chain.steps().get(first).plugin().back(Thread.currentThread());
            }
            return;
        }
        boolean unused = ask(mine);
    }

    /**
     * Asks on a thread that others share, unless somebody else does.
     *
     * @return false where the thread was given up meanwhile, and is good for nothing more
     */
    boolean ask(Thread thread) {
        Turn first = turn.get();
        if (first == null || first.thread != null) {
            return true;
        }
        Turn mine = new Turn(thread, 0, first.draft);
        return !turn.compareAndSet(first, mine) || ask(mine);
    }

    /** The same, from a turn that is this thread's. */
    private boolean ask(Turn from) {
        Turn mine = from;
        while (true) {
            Draft draft = mine.draft;
            int next = mine.step;
            if (next == chain.steps().size() || draft.isRefused()) {
                return answer(mine, draft);
            }
            Step step = chain.steps().get(next);
            if (step.applies(draft)) {
                draft = call(step, draft);
            }
            Turn following = new Turn(mine.thread, next + 1, draft);
            if (!turn.compareAndSet(mine, following)) {
                // Too late. Only now is it certain that whoever gave us up has said so.
                step.plugin().back(mine.thread);
                return false;
            }
            mine = following;
        }
    }

    private boolean answer(Turn last, Draft draft) {
        boolean first = turn.compareAndSet(last, null);
        if (first) {
            taker.take(new Answer(chain, draft));
        }
        return first;
    }

    @SuppressWarnings("CatchAndPrintStackTrace") // A plugin may throw whatever it likes.
    private Draft call(Step step, Draft draft) {
        LoadedPlugin plugin = step.plugin();
        HookTimes.Figures figures = plugin.times().of(step.hook());
        if (!plugin.enter()) {
            figures.failed();
            return step.failed(draft, Reason.HOOK_OVERLOAD);
        }
        Thread thread = Thread.currentThread();
        long start = System.nanoTime();
        try {
            thread.setContextClassLoader(plugin.loader());
            return step.ask(draft, explained);
        } catch (Throwable e) {
            figures.failed();
            plugin.failures().say(step.hook(), e);
            return step.failed(draft, Reason.HOOK_FAILED);
        } finally {
            thread.setContextClassLoader(null);
            long took = System.nanoTime() - start;
            figures.took(took);
            chain.pace().took(took);
            plugin.leave();
        }
    }

    /**
     * Goes on without the hook that is being asked, where its time is over.
     *
     * @param nowNanos by {@link System#nanoTime}
     */
    public void expire(long nowNanos) {
        Turn late = turn.get();
        if (late == null || late.thread == null || late.step == chain.steps().size()) {
            return;
        }
        Step step = chain.steps().get(late.step);
        LoadedPlugin plugin = step.plugin();
        if (nowNanos - late.sinceNanos <= plugin.entry().deadline().toNanos()) {
            return;
        }
        chain.pace().took(nowNanos - late.sinceNanos);
        Draft after = step.failed(late.draft, Reason.HOOK_TIMEOUT);
        plugin.giveUp(late.thread);
        if (after.isRefused() ? answer(late, after) : go(late, late.step + 1, after)) {
            late.thread.interrupt();
            plugin.times().of(step.hook()).timedOut();
        } else {
            plugin.back(late.thread);
        }
    }
}
