package io.culvert.nat;

import io.culvert.flow.Flow;

import java.util.Arrays;

/**
 * The slots of one worker: who has which, and which may be given out again.
 *
 * <p>A released slot rests for the hold-down before someone else gets it, so that a late packet of
 * the old flow never reaches the new one (RFC 6888 REQ-8 asks it of outside ports; inside the
 * namespace it also covers the kernel's own TIME-WAIT). Slots rest in order of release, so only the
 * eldest needs looking at; fresh ones are taken when it is still too young. The arrays grow with
 * use.
 *
 * <p>Confined to one worker.
 */
public final class SlotPool {
    private int capacity;
    private final long holdDownNanos;

    private Flow[] flows;
    private int next;

    // A ring of resting slots, eldest at head.
    private int[] resting = new int[64];
    private long[] releasedAt = new long[64];
    private int head;
    private int restingCount;

    public SlotPool(int capacity, long holdDownNanos) {
        capacity(capacity);
        flows = new Flow[Math.min(capacity, 64)];
        this.holdDownNanos = holdDownNanos;
    }

    /**
     * From now on no slot that has never been claimed is given out beyond that many; those that
     * have been are given out again.
     */
    public final void capacity(int slots) {
        if (slots < 1 || slots > SlotAddresses.MAXIMUM_SLOTS) {
            throw new IllegalArgumentException("slots: " + slots);
        }
        capacity = slots;
    }

    /** Gives the flow a slot; -1 where none is free. */
    public int claim(Flow flow, long nowNanos) {
        int slot;
        if (restingCount > 0 && nowNanos - releasedAt[head] >= holdDownNanos) {
            slot = resting[head];
            head = head + 1 & resting.length - 1;
            restingCount--;
        } else if (next < capacity) {
            slot = next++;
            if (slot == flows.length) {
                flows = Arrays.copyOf(flows, (int) Math.min(capacity, 2L * flows.length));
            }
        } else {
            return -1;
        }
        flows[slot] = flow;
        return slot;
    }

    /** Takes a slot back to rest. */
    public void release(int slot, long nowNanos) {
        if (flow(slot) == null) {
            throw new IllegalStateException("slot " + slot + " is not claimed");
        }
        flows[slot] = null;
        if (restingCount == resting.length) {
            growRing();
        }
        int tail = head + restingCount & resting.length - 1;
        resting[tail] = slot;
        releasedAt[tail] = nowNanos;
        restingCount++;
    }

    /** Who has the slot; {@code null} where nobody has. */
    public Flow flow(int slot) {
        return slot >= 0 && slot < flows.length ? flows[slot] : null;
    }

    /** Slots that flows have. */
    public int used() {
        return next - restingCount;
    }

    private void growRing() {
        int length = resting.length;
        int[] slots = new int[length * 2];
        long[] times = new long[length * 2];
        for (int i = 0; i < length; i++) {
            slots[i] = resting[head + i & length - 1];
            times[i] = releasedAt[head + i & length - 1];
        }
        resting = slots;
        releasedAt = times;
        head = 0;
    }
}
