package io.culvert.upgrade;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;

@Timeout(60)
class SharedDescriptorTest {
    private final List<Integer> closed = new ArrayList<>();

    @Test
    void endsAtOnceWhereNobodyUsesIt() {
        SharedDescriptor descriptor = new SharedDescriptor(7);

        assertTrue(descriptor.end(closed::add));

        assertEquals(List.of(7), closed);
        assertEquals(SharedDescriptor.ENDED, descriptor.enter());
    }

    @Test
    void endsWithItsLastUser() {
        SharedDescriptor descriptor = new SharedDescriptor(7);
        assertEquals(7, descriptor.enter());
        assertEquals(7, descriptor.enter());

        assertTrue(descriptor.end(closed::add));
        assertEquals(SharedDescriptor.ENDED, descriptor.enter());
        descriptor.leave();
        assertEquals(List.of(), closed);
        descriptor.leave();

        assertEquals(List.of(7), closed);
    }

    @Test
    void endsOnce() {
        SharedDescriptor descriptor = new SharedDescriptor(7);
        assertTrue(descriptor.end(closed::add));

        assertFalse(descriptor.end(closed::add));

        assertEquals(List.of(7), closed);
    }

    /** What a system call would do with a number: it must not be closed, nor closed twice. */
    @Test
    void nobodyEverUsesTheNumberOfOneThatIsClosed() throws Exception {
        int threads = 4;
        int rounds = 20_000;
        AtomicInteger wrong = new AtomicInteger();
        AtomicInteger closings = new AtomicInteger();
        SharedDescriptor[] descriptors = new SharedDescriptor[rounds];
        boolean[] open = new boolean[rounds];
        for (int i = 0; i < rounds; i++) {
            descriptors[i] = new SharedDescriptor(i);
            open[i] = true;
        }
        CyclicBarrier start = new CyclicBarrier(threads + 1);
        try (ExecutorService users = Executors.newFixedThreadPool(threads)) {
            List<Future<?>> all = new ArrayList<>();
            for (int t = 0; t < threads; t++) {
                all.add(
                        users.submit(
                                () -> {
                                    start.await();
                                    for (SharedDescriptor each : descriptors) {
                                        use(each, open, wrong);
                                    }
                                    return null;
                                }));
            }
            start.await();
            for (SharedDescriptor each : descriptors) {
                boolean first =
                        each.end(
                                number -> {
                                    open[number] = false;
                                    closings.incrementAndGet();
                                });
                assertTrue(first);
            }
            for (Future<?> each : all) {
                each.get(30, TimeUnit.SECONDS);
            }
        }
        assertEquals(0, wrong.get());
        assertEquals(rounds, closings.get());
    }

    private static void use(SharedDescriptor descriptor, boolean[] open, AtomicInteger wrong) {
        for (int i = 0; i < 3; i++) {
            int number = descriptor.enter();
            if (number == SharedDescriptor.ENDED) {
                return;
            }
            if (!open[number]) {
                wrong.incrementAndGet();
            }
            Thread.onSpinWait();
            if (!open[number]) {
                wrong.incrementAndGet();
            }
            descriptor.leave();
        }
    }
}
