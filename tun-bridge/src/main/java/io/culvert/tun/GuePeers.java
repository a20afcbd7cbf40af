package io.culvert.tun;

/**
 * The peers by outer address: open addressing, at most half full. Allocates when it is made.
 * Confined to one worker.
 */
final class GuePeers<T> {
    /** An odd number with bits all over: 2^64 divided by the golden ratio. */
    private static final long MULTIPLIER = 0x9e37_79b9_7f4a_7c15L;

    private final GuePeer<T>[] slots;
    private final int mask;
    private final int most;
    private final long seed;
    private int size;

    @SuppressWarnings({"unchecked", "rawtypes"}) // an array of a generic type
    GuePeers(int most, long seed) {
        this.most = most;
        this.seed = seed;
        slots = new GuePeer[Integer.highestOneBit(most) << 2];
        mask = slots.length - 1;
    }

    /** The peer of that address, or null. */
    GuePeer<T> find(long high, long low) {
        int slot = home(high, low);
        while (slots[slot] != null && !slots[slot].is(high, low)) {
            slot = slot + 1 & mask;
        }
        return slots[slot];
    }

    boolean isFull() {
        return size == most;
    }

    /** Adds a peer whose address is not in here; there is room. */
    void add(GuePeer<T> peer) {
        put(peer);
        size++;
    }

    /** Takes a peer out; does nothing where it is not in here. */
    void remove(GuePeer<T> peer) {
        int slot = home(peer.high(), peer.low());
        while (slots[slot] != peer) {
            if (slots[slot] == null) {
                return;
            }
            slot = slot + 1 & mask;
        }
        slots[slot] = null;
        size--;
        // Those behind may have been pushed there by it.
        for (slot = slot + 1 & mask; slots[slot] != null; slot = slot + 1 & mask) {
            GuePeer<T> moved = slots[slot];
            slots[slot] = null;
            put(moved);
        }
    }

    int size() {
        return size;
    }

    /** How many slots there are, for {@link #slot}. */
    int slots() {
        return slots.length;
    }

    /** The peer in a slot, or null. */
    GuePeer<T> slot(int slot) {
        return slots[slot];
    }

    private void put(GuePeer<T> peer) {
        int slot = home(peer.high(), peer.low());
        while (slots[slot] != null) {
            slot = slot + 1 & mask;
        }
        slots[slot] = peer;
    }

    private int home(long high, long low) {
        long first = (high ^ seed) * MULTIPLIER;
        long second = (low ^ first ^ first >>> 32) * MULTIPLIER;
        return (int) (second >>> 32) & mask;
    }
}
