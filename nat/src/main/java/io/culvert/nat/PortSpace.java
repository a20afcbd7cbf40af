package io.culvert.nat;

import java.util.concurrent.atomic.AtomicReferenceArray;
import java.util.random.RandomGenerator;

/**
 * The ports of one outside address and one protocol: which are taken, and by which mapping.
 *
 * <p>Taken ports are bits. Choosing one counts the free ones in question, draws a number below
 * that, and goes to the free port of that number: two passes over at most 1,024 words, however full
 * they are, and every free port is equally likely, which is the most that RFC 6056 and RFC 6888
 * REQ-15 can ask. Drawing ports until one is free would take ever longer near the end, and taking
 * the next free one behind a random port would prefer those behind long runs of taken ones.
 *
 * <p>Threading: {@link #mapping} is wait-free and anybody's; all else is under the table's lock.
 */
final class PortSpace {
    static final int NONE = -1;

    /** Bits of the ports that a choice is between: bit n of a word is a port of n's parity. */
    static final long ANY = -1L;

    static final long EVEN = 0x5555_5555_5555_5555L;
    static final long ODD = ~EVEN;

    private static final int BITS = 6;

    private final PortRange ports;
    private final int firstWord;
    private final long[] taken;
    private final AtomicReferenceArray<Mapping> mappings;
    private int takenCount;
    private int usedCount;

    PortSpace(PortRange ports) {
        this.ports = ports;
        firstWord = ports.first() >> BITS;
        taken = new long[(ports.last() >> BITS) - firstWord + 1];
        mappings = new AtomicReferenceArray<>(ports.size());
    }

    /** The mapping that has the port, live or resting; {@code null} where none has. */
    Mapping mapping(int port) {
        return ports.contains(port) ? mappings.get(port - ports.first()) : null;
    }

    void mapping(int port, Mapping mapping) {
        mappings.set(port - ports.first(), mapping);
    }

    /**
     * Takes a free port, each with the same chance; {@link #NONE} where there is none.
     *
     * @param within some of this space's ports
     * @param parity {@link #ANY}, {@link #EVEN} or {@link #ODD}
     */
    int take(PortRange within, long parity, RandomGenerator random) {
        int free = 0;
        for (int word = within.first() >> BITS; word <= within.last() >> BITS; word++) {
            free += Long.bitCount(free(word, within, parity));
        }
        return free == 0 ? NONE : takeNth(random.nextInt(free), within, parity);
    }

    /** Whether {@link #take} would find one. */
    boolean hasFree(PortRange within, long parity) {
        for (int word = within.first() >> BITS; word <= within.last() >> BITS; word++) {
            if (free(word, within, parity) != 0) {
                return true;
            }
        }
        return false;
    }

    private int takeNth(int nth, PortRange within, long parity) {
        int before = nth;
        for (int word = within.first() >> BITS; ; word++) {
            long free = free(word, within, parity);
            int count = Long.bitCount(free);
            if (before < count) {
                // The lowest free bit that has that many free ones below it.
                int bit = Long.numberOfTrailingZeros(Long.expand(1L << before, free));
                taken[word - firstWord] |= 1L << bit;
                takenCount++;
                return (word << BITS) + bit;
            }
            before -= count;
        }
    }

    /** The free ports of a word. */
    private long free(int word, PortRange within, long parity) {
        return ~taken[word - firstWord] & parity & inside(word, within);
    }

    /** Which ports of a word are in the range. */
    private static long inside(int word, PortRange within) {
        // A shift is by the lowest six bits, which are the port's place in its word.
        long inside = word == within.first() >> BITS ? -1L << within.first() : -1L;
        return word == within.last() >> BITS ? inside & (-1L >>> ~within.last()) : inside;
    }

    void free(int port) {
        taken[(port >> BITS) - firstWord] &= ~(1L << port);
        takenCount--;
        mapping(port, null);
    }

    /** Ports that cannot be had. */
    int taken() {
        return takenCount;
    }

    /** Those of them in that range. */
    int taken(PortRange within) {
        int count = 0;
        for (int word = within.first() >> BITS; word <= within.last() >> BITS; word++) {
            count += Long.bitCount(taken[word - firstWord] & inside(word, within));
        }
        return count;
    }

    /** Those of them whose mappings live. */
    int used() {
        return usedCount;
    }

    /** One mapping more, or less, lives. */
    void used(int change) {
        usedCount += change;
    }

    int capacity() {
        return ports.size();
    }
}
