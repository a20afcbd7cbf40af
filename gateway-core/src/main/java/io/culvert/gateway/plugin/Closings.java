package io.culvert.gateway.plugin;

import io.culvert.hook.FlowSummary;

import org.jctools.queues.atomic.MpscUnboundedAtomicArrayQueue;

import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Flows whose end a plugin is yet to be told of, one after the other, on a virtual thread that is
 * there while there are any. It tells them by the bunch, every {@value #BUNCH_MILLIS} ms: to wake a
 * thread for each costs two system calls and a switch, half of what hooks cost a flow. Beyond
 * {@value #MOST} a plugin is not told: it cannot keep up, and memory is bounded; each is counted as
 * a failure.
 *
 * <p>Threading: any.
 */
final class Closings {
    private static final int MOST = 100_000;
    private static final int CHUNK = 256;
    private static final int BUNCH_MILLIS = 5;

    private record Closing(FlowSummary flow, HookChain chain, AtomicInteger left) {
        /** The last plugin that is told of a flow lets the chain go. */
        void done() {
            if (left.decrementAndGet() == 0) {
                chain.release();
            }
        }
    }

    private final LoadedPlugin plugin;
    private final MpscUnboundedAtomicArrayQueue<Closing> queue =
            new MpscUnboundedAtomicArrayQueue<>(CHUNK);
    private final AtomicInteger waiting = new AtomicInteger();

    Closings(LoadedPlugin plugin) {
        this.plugin = plugin;
    }

    /** Tells each of the plugins, and lets the chain go when all have been. */
    static void tell(List<LoadedPlugin> plugins, FlowSummary flow, HookChain chain) {
        Closing closing = new Closing(flow, chain, new AtomicInteger(plugins.size()));
        plugins.forEach(plugin -> plugin.closings().add(closing));
    }

    private void add(Closing closing) {
        int before;
        do {
            before = waiting.get();
            if (before >= MOST) {
                figures().failed();
                closing.done();
                return;
            }
            // Never counted without being added: whoever empties the queue waits for each.
        } while (!waiting.compareAndSet(before, before + 1));
        queue.add(closing);
        if (before == 0) {
            Thread thread = Thread.ofVirtual().name("closings").unstarted(this::work);
            thread.setContextClassLoader(plugin.loader());
            thread.start();
        }
    }

    /** Whoever adds the first one starts this, and it ends with the last one. */
    private void work() {
        int left;
        do {
            gather();
            int bunch = waiting.get();
            for (int i = 0; i < bunch; i++) {
                Closing next = queue.poll();
                while (next == null) {
                    // Counted, and not in the queue yet.
                    Thread.onSpinWait();
                    next = queue.poll();
                }
                tell(next);
                next.done();
            }
            left = waiting.addAndGet(-bunch);
        } while (left > 0);
    }

    private static void gather() {
        try {
            Thread.sleep(BUNCH_MILLIS);
        } catch (InterruptedException e) {
            // Nobody means this thread; a plugin may have interrupted it.
        }
    }

    @SuppressWarnings("CatchAndPrintStackTrace") // A plugin may throw whatever it likes.
    private void tell(Closing closing) {
        long start = System.nanoTime();
        try {
            plugin.hooks().flow().orElseThrow().closed(closing.flow);
        } catch (Throwable e) {
            figures().failed();
            plugin.failures().say(HookTimes.Hook.CLOSED, e);
        } finally {
            figures().took(System.nanoTime() - start);
        }
    }

    private HookTimes.Figures figures() {
        return plugin.times().of(HookTimes.Hook.CLOSED);
    }
}
