package io.culvert.gateway.plugin;

import jdk.management.VirtualThreadSchedulerMXBean;

import java.lang.management.ManagementFactory;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The threads that virtual ones run on: as many as there are processors, and one more for each call
 * of a plugin that was given up and goes on, which may hold one for ever. More than that costs:
 * with 32 for two processors, three hooks took a fifth of the new connections a second, and with
 * two a twentieth.
 *
 * <p>Threading: any.
 */
final class Carriers {
    private static final AtomicInteger HELD = new AtomicInteger();
    private static final Object CHANGE = new Object();
    private static int usual;

    private Carriers() {}

    /** One may be held for long. */
    static void held() {
        HELD.incrementAndGet();
        adjustSoon();
    }

    /** It is not any more. */
    static void released() {
        HELD.decrementAndGet();
        adjustSoon();
    }

    /** Whoever tells has other things to do, and a virtual thread might find no carrier. */
    private static void adjustSoon() {
        Thread.ofPlatform().daemon().name("carriers").start(Carriers::adjust);
    }

    private static void adjust() {
        synchronized (CHANGE) {
            VirtualThreadSchedulerMXBean scheduler =
                    ManagementFactory.getPlatformMXBean(VirtualThreadSchedulerMXBean.class);
            if (usual == 0) {
                usual = scheduler.getParallelism();
            }
            scheduler.setParallelism(usual + HELD.get());
        }
    }
}
