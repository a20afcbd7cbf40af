package io.culvert.nat;

import static io.culvert.nat.TestMappings.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.wire.IpAddress;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Test;

import java.security.SecureRandom;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicIntegerArray;

/** Workers that open and close flows of one table, and look up, at once. */
class MappingThreadsTest {
    private static final int WORKERS = 4;
    private static final int ROUNDS = 20_000;
    private static final int PORTS = 64;
    private static final int FIRST = 20_000;
    private static final IpAddress CLIENT = IpAddress.parse("10.50.0.2");
    private static final IpAddress SERVER = IpAddress.parse("203.0.113.7");

    /** Without a rest, so that ports change hands as fast as can be. */
    private final MappingTable table =
            new MappingTable(
                    new MappingSettings(
                            settings(new PortRange(FIRST, FIRST + PORTS - 1), "198.51.100.7")
                                    .addresses(),
                            new PortRange(FIRST, FIRST + PORTS - 1),
                            MappingSettings.SHARED,
                            Filtering.ADDRESS_DEPENDENT,
                            Duration.ZERO),
                    PortBlockListener.NONE,
                    new SecureRandom());

    /** Who is at each port as its owners say, 0 for nobody. */
    private final AtomicIntegerArray owners = new AtomicIntegerArray(PORTS);

    private final AtomicInteger mapped = new AtomicInteger();

    private MappingTable.Claim claim(int tenant, int port) {
        return table.claim(
                tenant,
                IpProtocol.TCP,
                CLIENT.high(),
                CLIENT.low(),
                port,
                SERVER.high(),
                SERVER.low(),
                0);
    }

    private Void work(int tenant) {
        Random random = new Random(tenant);
        List<Mapping> held = new ArrayList<>();
        for (int i = 0; i < ROUNDS; i++) {
            if (held.size() < PORTS / 2 && random.nextInt(2) == 0) {
                if (claim(tenant, i) instanceof MappingTable.Claim.Mapped(Mapping mapping)) {
                    mapped.incrementAndGet();
                    int before = owners.getAndSet(mapping.outsidePort() - FIRST, tenant);
                    assertEquals(0, before, "somebody else's port");
                    held.add(mapping);
                }
            } else if (!held.isEmpty()) {
                giveBack(held.remove(random.nextInt(held.size())));
            }
            int port = FIRST + random.nextInt(PORTS);
            Mapping found = find(port);
            if (found != null) {
                // Whoever it was, it is whole.
                assertEquals(port, found.outsidePort());
                assertFalse(table.accepts(found, SERVER.high(), SERVER.low() + 1));
            }
        }
        held.forEach(this::giveBack);
        return null;
    }

    private void giveBack(Mapping mapping) {
        assertSame(mapping, find(mapping.outsidePort()));
        assertTrue(table.accepts(mapping, SERVER.high(), SERVER.low()));
        owners.set(mapping.outsidePort() - FIRST, 0);
        table.release(mapping, SERVER.high(), SERVER.low(), 0);
    }

    private Mapping find(int port) {
        return table.find(IpProtocol.TCP, 0, IpAddress.parse("198.51.100.7").low(), port);
    }

    @Test
    void neverShareAPortAndLeaveNothingBehind() throws Exception {
        List<Callable<Void>> workers = new ArrayList<>();
        for (int tenant = 1; tenant <= WORKERS; tenant++) {
            int id = tenant;
            workers.add(() -> work(id));
        }
        try (ExecutorService threads = Executors.newFixedThreadPool(WORKERS)) {
            for (Future<Void> result : threads.invokeAll(workers)) {
                result.get();
            }
        }

        assertEquals(0, table.mappings());
        assertEquals(0, table.resting());
        for (PortUsage usage : table.usage()) {
            assertEquals(0, usage.used() + usage.resting());
        }
        assertTrue(mapped.get() > ROUNDS, "they hardly ever got one: " + mapped);
    }
}
