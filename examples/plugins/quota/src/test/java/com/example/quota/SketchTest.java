package com.example.quota;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

class SketchTest {
    @Test
    void neverAnswersLessThanTheTruthAndSeldomMore() {
        Sketch sketch = new Sketch(4096, 42);
        int wrong = 0;
        for (int key = 0; key < 400; key++) {
            for (int i = 0; i <= key % 10; i++) {
                sketch.add("user" + key, 1);
            }
        }
        for (int key = 0; key < 400; key++) {
            int estimate = sketch.estimate("user" + key);
            assertTrue(estimate >= key % 10 + 1);
            wrong += estimate > key % 10 + 1 ? 1 : 0;
        }
        // One in ten thousand is expected, of four hundred.
        assertTrue(wrong <= 2, wrong + " of 400");
    }

    @Test
    void whatWasTakenAwayIsGone() {
        Sketch sketch = new Sketch(16, 1);

        sketch.add("ann", 5);
        sketch.add("ann", -5);

        assertEquals(0, sketch.estimate("ann"));
    }

    @Test
    void countsOfManyThreadsAddUp() throws InterruptedException {
        Sketch sketch = new Sketch(64, 1);
        Thread[] threads = new Thread[8];
        for (int i = 0; i < threads.length; i++) {
            threads[i] =
                    Thread.startVirtualThread(
                            () -> {
                                for (int j = 0; j < 10_000; j++) {
                                    sketch.add("ann", 1);
                                }
                            });
        }
        for (Thread thread : threads) {
            thread.join();
        }

        assertEquals(80_000, sketch.estimate("ann"));
    }
}
