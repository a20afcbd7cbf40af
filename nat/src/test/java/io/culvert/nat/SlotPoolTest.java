package io.culvert.nat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.Flow;
import io.culvert.wire.IpProtocol;

import org.junit.jupiter.api.Test;

import java.time.Duration;
import java.util.ArrayDeque;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;

class SlotPoolTest {
    private static final long HOLD_DOWN = Duration.ofSeconds(1).toNanos();

    /** Near the end of a long, as {@link System#nanoTime} may be. */
    private static final long START = Long.MAX_VALUE - HOLD_DOWN / 2;

    private final Flow flow =
            new TestFlows(() -> 0)
                    .open(
                            IpProtocol.TCP,
                            Packets.endpoints("10.50.0.2", 40_000, "203.0.113.7", 443));

    @Test
    void givesAFlowASlotThatLeadsBackToIt() {
        SlotPool pool = new SlotPool(10, HOLD_DOWN);

        int slot = pool.claim(flow, START);

        assertEquals(0, slot);
        assertSame(flow, pool.flow(slot));
        assertEquals(1, pool.used());
    }

    @Test
    void knowsNobodyAtASlotThatNobodyHas() {
        SlotPool pool = new SlotPool(10, HOLD_DOWN);

        assertNull(pool.flow(-1));
        assertNull(pool.flow(0));
        assertNull(pool.flow(10));
        assertNull(pool.flow(Integer.MAX_VALUE));
        assertNull(pool.flow(Integer.MIN_VALUE));
    }

    @Test
    void restsAReleasedSlotForTheHoldDown() {
        SlotPool pool = new SlotPool(1, HOLD_DOWN);
        pool.release(pool.claim(flow, START), START);

        assertNull(pool.flow(0));
        assertEquals(-1, pool.claim(flow, START));
        assertEquals(-1, pool.claim(flow, START + HOLD_DOWN - 1));
        assertEquals(0, pool.claim(flow, START + HOLD_DOWN));
    }

    @Test
    void takesAFreshSlotWhileTheEldestRests() {
        SlotPool pool = new SlotPool(10, HOLD_DOWN);
        int first = pool.claim(flow, START);
        pool.release(first, START);

        assertNotEquals(first, pool.claim(flow, START + HOLD_DOWN - 1));
        assertEquals(first, pool.claim(flow, START + HOLD_DOWN));
    }

    @Test
    void givesRestedSlotsOutInOrderOfRelease() {
        SlotPool pool = new SlotPool(3, HOLD_DOWN);
        for (int i = 0; i < 3; i++) {
            pool.claim(flow, START);
        }
        pool.release(2, START);
        pool.release(0, START + 1);
        pool.release(1, START + 2);

        assertEquals(2, pool.claim(flow, START + HOLD_DOWN + 5));
        assertEquals(0, pool.claim(flow, START + HOLD_DOWN + 5));
        assertEquals(1, pool.claim(flow, START + HOLD_DOWN + 5));
    }

    @Test
    void hasNoneBeyondItsCapacity() {
        SlotPool pool = new SlotPool(100, HOLD_DOWN);
        for (int i = 0; i < 100; i++) {
            assertEquals(i, pool.claim(flow, START));
        }

        assertEquals(-1, pool.claim(flow, START));
        assertEquals(100, pool.used());
        assertSame(flow, pool.flow(99));
    }

    @Test
    void growsWithUse() {
        int many = 100_000;
        SlotPool pool = new SlotPool(SlotAddresses.MAXIMUM_SLOTS, HOLD_DOWN);
        for (int i = 0; i < many; i++) {
            assertEquals(i, pool.claim(flow, START));
        }
        for (int i = 0; i < many; i++) {
            pool.release(i, START);
        }
        assertEquals(0, pool.used());
        for (int i = 0; i < many; i++) {
            assertEquals(i, pool.claim(flow, START + HOLD_DOWN));
        }
        assertEquals(many, pool.used());
    }

    @Test
    void keepsTheOrderWhenTheRingGrowsAroundItsEnd() {
        SlotPool pool = new SlotPool(1_000, HOLD_DOWN);
        for (int i = 0; i < 200; i++) {
            pool.claim(flow, START);
        }
        for (int i = 0; i < 60; i++) {
            pool.release(i, START);
        }
        for (int i = 0; i < 40; i++) {
            assertEquals(i, pool.claim(flow, START + HOLD_DOWN));
        }
        for (int i = 60; i < 200; i++) {
            pool.release(i, START + HOLD_DOWN);
        }

        for (int i = 40; i < 200; i++) {
            assertEquals(i, pool.claim(flow, START + 2 * HOLD_DOWN));
        }
    }

    @Test
    void neverGivesARestingSlotOutEarlyInTenThousandUses() {
        Random random = new Random(120);
        SlotPool pool = new SlotPool(150, HOLD_DOWN);
        Map<Integer, Long> releasedAt = new HashMap<>();
        ArrayDeque<Integer> claimed = new ArrayDeque<>();
        long now = START;
        int claims = 0;
        int refusals = 0;
        while (claims < 10_000) {
            now += random.nextLong(HOLD_DOWN / 50);
            if (random.nextInt(100) < 55) {
                int slot = pool.claim(flow, now);
                if (slot < 0) {
                    refusals++;
                    long at = now;
                    long rested =
                            releasedAt.values().stream()
                                    .filter(time -> at - time >= HOLD_DOWN)
                                    .count();
                    assertEquals(0, rested, "refused although one had rested");
                    assertEquals(150, claimed.size() + releasedAt.size());
                    release(pool, claimed, releasedAt, now);
                    continue;
                }
                claims++;
                Long since = releasedAt.remove(slot);
                assertTrue(since == null || now - since >= HOLD_DOWN, "given out early");
                assertTrue(!claimed.contains(slot), "given out twice");
                claimed.add(slot);
            } else {
                release(pool, claimed, releasedAt, now);
            }
            assertEquals(claimed.size(), pool.used());
        }
        assertTrue(refusals > 0, "the pool was never exhausted");
    }

    private static void release(
            SlotPool pool, ArrayDeque<Integer> claimed, Map<Integer, Long> releasedAt, long now) {
        if (!claimed.isEmpty()) {
            int slot = claimed.poll();
            pool.release(slot, now);
            releasedAt.put(slot, now);
        }
    }

    @Test
    void refusesToTakeBackWhatNobodyHas() {
        SlotPool pool = new SlotPool(10, HOLD_DOWN);
        int slot = pool.claim(flow, START);
        pool.release(slot, START);

        assertThrows(IllegalStateException.class, () -> pool.release(slot, START));
        assertThrows(IllegalStateException.class, () -> pool.release(-1, START));
        assertThrows(IllegalStateException.class, () -> pool.release(5, START));
        assertEquals(0, pool.used());
    }

    @Test
    void refusesACapacityThatItsAddressesHaveNoRoomFor() {
        assertThrows(IllegalArgumentException.class, () -> new SlotPool(0, HOLD_DOWN));
        assertThrows(
                IllegalArgumentException.class,
                () -> new SlotPool(SlotAddresses.MAXIMUM_SLOTS + 1, HOLD_DOWN));
    }
}
