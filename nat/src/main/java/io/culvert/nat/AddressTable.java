package io.culvert.nat;

import io.culvert.flow.KeyedHash;

import java.util.concurrent.atomic.AtomicReferenceArray;

/**
 * A value for each of a few addresses or many, where a packet may ask: a hash table whose readers
 * neither wait nor allocate. A map of the JDK wants a key object for that.
 *
 * <p>Open addressing. An entry's key never changes, so a reader sees all of it or none. A removed
 * entry loses its value and keeps its place, since searches pass through it, until the table is
 * built anew, which happens no more often than once in as many additions as it has values. The hash
 * is keyed, because tenants choose whom they talk to.
 *
 * <p>Threading: one writer at a time; any reader.
 */
final class AddressTable<V> {
    private static final int SMALLEST = 2;

    private static final class Entry<V> {
        private final int kind;
        private final long high;
        private final long low;
        private final int hash;

        /** Null once removed. */
        private volatile V value;

        Entry(int kind, long high, long low, int hash, V value) {
            this.kind = kind;
            this.high = high;
            this.low = low;
            this.hash = hash;
            this.value = value;
        }
    }

    private volatile AtomicReferenceArray<Entry<V>> entries = new AtomicReferenceArray<>(SMALLEST);

    /** Places that are not empty, those of removed entries included. */
    private int occupied;

    private int size;

    /**
     * The value, or {@code null}.
     *
     * @param kind a number that is part of the key, such as a protocol
     */
    V get(int kind, long high, long low) {
        Entry<V> entry = find(entries, hash(kind, high, low), kind, high, low);
        return entry == null ? null : entry.value;
    }

    void put(int kind, long high, long low, V value) {
        int hash = hash(kind, high, low);
        Entry<V> entry = find(entries, hash, kind, high, low);
        if (entry == null) {
            // Half of the places stay empty, so that every search ends, and soon.
            if (2 * (occupied + 1) > entries.length()) {
                rebuild();
            }
            insert(entries, new Entry<>(kind, high, low, hash, value));
            occupied++;
            size++;
        } else {
            size += entry.value == null ? 1 : 0;
            entry.value = value;
        }
    }

    void remove(int kind, long high, long low) {
        Entry<V> entry = find(entries, hash(kind, high, low), kind, high, low);
        if (entry == null || entry.value == null) {
            return;
        }
        entry.value = null;
        size--;
        if (size == 0 && entries.length() > SMALLEST) {
            entries = new AtomicReferenceArray<>(SMALLEST);
            occupied = 0;
        }
    }

    /** Keys that have a value; the writer's to ask. */
    int size() {
        return size;
    }

    private void rebuild() {
        AtomicReferenceArray<Entry<V>> before = entries;
        // At least four places for each, so that as many may come again before the next time.
        AtomicReferenceArray<Entry<V>> after =
                new AtomicReferenceArray<>(Integer.highestOneBit(size + 1) << 3);
        for (int i = 0; i < before.length(); i++) {
            Entry<V> entry = before.get(i);
            if (entry != null && entry.value != null) {
                insert(after, entry);
            }
        }
        occupied = size;
        entries = after;
    }

    private static <V> void insert(AtomicReferenceArray<Entry<V>> entries, Entry<V> entry) {
        int mask = entries.length() - 1;
        int at = entry.hash & mask;
        while (entries.get(at) != null) {
            at = (at + 1) & mask;
        }
        entries.set(at, entry);
    }

    private static <V> Entry<V> find(
            AtomicReferenceArray<Entry<V>> entries, int hash, int kind, long high, long low) {
        int mask = entries.length() - 1;
        for (int at = hash & mask; ; at = (at + 1) & mask) {
            Entry<V> entry = entries.get(at);
            if (entry == null
                    || (entry.hash == hash
                            && entry.low == low
                            && entry.high == high
                            && entry.kind == kind)) {
                return entry;
            }
        }
    }

    private static int hash(int kind, long high, long low) {
        return KeyedHash.of(kind, high, low, 0, 0);
    }
}
