package io.culvert.tun;

import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Which peer an outer address and a key are: for each length of prefix that there is, the longest
 * first, one probe of a hash table (open addressing, at most half full). Immutable; a look-up
 * allocates nothing.
 */
final class GrePeers {
    /** What {@link #find} answers for nobody. */
    static final int NONE = -1;

    /** In the place of a key: whatever key, or none. */
    private static final long ANY_KEY = -2;

    private static final int IPV4_BITS = 32;
    private static final int BITS = 128;

    /** An odd number with bits all over: 2^64 divided by the golden ratio. */
    private static final long MULTIPLIER = 0x9e37_79b9_7f4a_7c15L;

    private final long seed;
    private final int mask;

    // Of each slot; an address of a prefix is its first, an IPv4 prefix's length 96 more.
    private final long[] high;
    private final long[] low;
    private final long[] key;
    private final int[] bits;
    private final int[] number;

    /** Lengths that there are, the longest first. */
    private final int[] lengths;

    /**
     * @param peers each is known by its place in the list
     * @param seed so that nobody outside can choose who shares a slot
     */
    GrePeers(List<GreSettings.Peer> peers, long seed) {
        this.seed = seed;
        // Two entries a peer, one of them for whatever key.
        int slots = Integer.highestOneBit(Math.max(1, peers.size())) << 3;
        mask = slots - 1;
        high = new long[slots];
        low = new long[slots];
        key = new long[slots];
        bits = new int[slots];
        number = new int[slots];
        Arrays.fill(number, NONE);
        lengths =
                peers.stream()
                        .mapToInt(GrePeers::bits)
                        .distinct()
                        .map(length -> -length)
                        .sorted()
                        .map(length -> -length)
                        .toArray();
        IntStream.range(0, peers.size()).forEach(i -> add(peers.get(i), i));
    }

    private static int bits(GreSettings.Peer peer) {
        boolean ipv4 = peer.from().getAddress().length == Integer.BYTES;
        return ipv4 ? BITS - IPV4_BITS + peer.length() : peer.length();
    }

    private void add(GreSettings.Peer peer, int place) {
        int length = bits(peer);
        long first = OuterAddress.high(peer.from()) & highMask(length);
        long second = OuterAddress.low(peer.from()) & lowMask(length);
        if (!put(first, second, length, peer.fields().key(), place)) {
            throw new IllegalArgumentException(
                    "there is a peer " + peer.from() + "/" + peer.length() + " with that key");
        }
        put(first, second, length, ANY_KEY, place);
    }

    /** False where it is there already. */
    private boolean put(long first, long second, int length, long under, int place) {
        int slot = slot(first, second, length, under);
        if (number[slot] != NONE) {
            return false;
        }
        high[slot] = first;
        low[slot] = second;
        bits[slot] = length;
        key[slot] = under;
        number[slot] = place;
        return true;
    }

    /**
     * The place of the peer with that address.
     *
     * @param under the key, {@link GreFields#NO_KEY} for none
     */
    int find(long addressHigh, long addressLow, long under) {
        for (int length : lengths) {
            long first = addressHigh & highMask(length);
            long second = addressLow & lowMask(length);
            int found = number[slot(first, second, length, under)];
            if (found != NONE) {
                return found;
            }
        }
        return NONE;
    }

    /** Whether it is the address of any peer. */
    boolean knows(long addressHigh, long addressLow) {
        return find(addressHigh, addressLow, ANY_KEY) != NONE;
    }

    /** The slot that has it, or the empty one where it would be. */
    private int slot(long first, long second, int length, long under) {
        long hash = (first ^ seed) * MULTIPLIER;
        hash = (second ^ hash ^ hash >>> 32) * MULTIPLIER;
        hash = (under ^ (long) length << 40 ^ hash ^ hash >>> 32) * MULTIPLIER;
        int slot = (int) (hash >>> 32) & mask;
        while (number[slot] != NONE
                && !(high[slot] == first
                        && low[slot] == second
                        && bits[slot] == length
                        && key[slot] == under)) {
            slot = slot + 1 & mask;
        }
        return slot;
    }

    private static long highMask(int length) {
        if (length >= Long.SIZE) {
            return -1;
        }
        return length == 0 ? 0 : -1L << (Long.SIZE - length);
    }

    private static long lowMask(int length) {
        return length <= Long.SIZE ? 0 : -1L << (BITS - length);
    }
}
