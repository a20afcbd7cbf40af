package io.culvert.gateway.tls;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.locks.LockSupport;
import java.util.function.BooleanSupplier;

/** Waits for something to become so, and no longer than it takes. */
final class Waiting {
    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private Waiting() {}

    static void until(BooleanSupplier condition) {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() - deadline < 0, "it does not become so");
            LockSupport.parkNanos(1_000_000);
        }
    }
}
