package io.culvert.flow;

/**
 * 512 bytes of a datagram under way: 64 of the units of 8 that fragment offsets count in, so one
 * word says which of them are there and another where fragments begin. The last unit of a datagram
 * may be a shorter one.
 */
final class Chunk {
    static final int UNIT = 8;
    static final int UNITS = 64;
    static final int LENGTH = UNIT * UNITS;

    /** What it takes of the heap. */
    static final int HEAP_BYTES = LENGTH + 56;

    private final byte[] bytes = new byte[LENGTH];
    private long present;
    private long beginnings;
    private Chunk nextFree;

    byte[] bytes() {
        return bytes;
    }

    /** The bits of the units that hold the bytes from {@code from} up to but not {@code to}. */
    static long units(int from, int to) {
        return (-1L << (from / UNIT)) & (-1L >>> (UNITS - (to + UNIT - 1) / UNIT));
    }

    boolean hasAny(long units) {
        return (present & units) != 0;
    }

    boolean hasAll(long units) {
        return (present & units) == units;
    }

    /** In which of these units a fragment begins. */
    long beginnings(long units) {
        return beginnings & units;
    }

    /**
     * @param beginning the first of the units where the fragment begins there, else 0
     */
    void add(long units, long beginning) {
        present |= units;
        beginnings |= beginning;
    }

    void clear() {
        present = 0;
        beginnings = 0;
    }

    Chunk nextFree() {
        return nextFree;
    }

    void nextFree(Chunk chunk) {
        nextFree = chunk;
    }
}
