package io.culvert.gateway;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * The tunnels that one worker has found by the text of their packets, to be found again without
 * reading it: open addressing, at most half full. Forgets them all where there is no room, since
 * {@link GueTunnels} knows them. Looking up allocates nothing. Confined to one worker.
 */
final class GueContexts {
    /** An odd number with bits all over: 2^64 divided by the golden ratio. */
    private static final long MULTIPLIER = 0x9e37_79b9_7f4a_7c15L;

    private final Entry[] slots;
    private final int mask;
    private final long seed;
    private int size;

    private static final class Entry {
        private final GueSource source;
        private final byte[] text;
        private final GueTunnel tunnel;

        Entry(GueSource source, byte[] text, GueTunnel tunnel) {
            this.source = source;
            this.text = text;
            this.tunnel = tunnel;
        }

        boolean is(GueSource from, ByteBuffer bytes, int at, int length) {
            if (source != from || text.length != length) {
                return false;
            }
            for (int i = 0; i < length; i++) {
                if (text[i] != bytes.get(at + i)) {
                    return false;
                }
            }
            return true;
        }
    }

    /**
     * @param most that are known at a time
     * @param seed different ones put texts in different places, so that nobody outside can choose
     */
    GueContexts(int most, long seed) {
        slots = new Entry[Integer.highestOneBit(most) << 2];
        mask = slots.length - 1;
        this.seed = seed;
    }

    /** The tunnel of packets with that text from that source; {@code null} where none is known. */
    GueTunnel find(GueSource source, ByteBuffer bytes, int at, int length) {
        Entry entry = slots[slot(source, bytes, at, length)];
        return entry == null || entry.tunnel.isGone() ? null : entry.tunnel;
    }

    /** From now on that one is found. */
    void add(GueSource source, byte[] text, GueTunnel tunnel) {
        if (size == slots.length >> 1) {
            clear();
        }
        int slot = slot(source, ByteBuffer.wrap(text), 0, text.length);
        if (slots[slot] == null) {
            size++;
        }
        slots[slot] = new Entry(source, text.clone(), tunnel);
    }

    void clear() {
        Arrays.fill(slots, null);
        size = 0;
    }

    /** Where it is, or would be. */
    private int slot(GueSource source, ByteBuffer bytes, int at, int length) {
        long hash = seed ^ length;
        for (int i = 0; i < length; i++) {
            hash = (hash ^ bytes.get(at + i)) * MULTIPLIER;
        }
        int slot = (int) (hash >>> 32) & mask;
        while (slots[slot] != null && !slots[slot].is(source, bytes, at, length)) {
            slot = slot + 1 & mask;
        }
        return slot;
    }
}
