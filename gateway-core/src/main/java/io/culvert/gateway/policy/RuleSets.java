package io.culvert.gateway.policy;

import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;

/**
 * Makes the sets of rules that a {@link RuleIndex} is asked by: bit N is rule N, in blocks of
 * {@value #BLOCK_RULES}. Sets that a neighbour differs from in a rule or two share all other blocks
 * with it, and equal sets are one: ten thousand rules with a prefix of their own each need some 15
 * MB that way, and not hundreds.
 *
 * <p>Confined to one thread; what it has made is immutable.
 */
final class RuleSets {
    static final int BLOCK_WORDS = 8;
    static final int BLOCK_RULES = 64 * BLOCK_WORDS;

    private static final class Block {
        private final long[] words;

        Block(long[] words) {
            this.words = words;
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Block block && Arrays.equals(words, block.words);
        }

        @Override
        public int hashCode() {
            return Arrays.hashCode(words);
        }
    }

    /** Its blocks are {@linkplain #block one} where they are equal. */
    private static final class Whole {
        private final long[][] blocks;

        Whole(long[][] blocks) {
            this.blocks = blocks;
        }

        @Override
        public boolean equals(Object other) {
            if (!(other instanceof Whole whole)) {
                return false;
            }
            for (int i = 0; i < blocks.length; i++) {
                if (blocks[i] != whole.blocks[i]) {
                    return false;
                }
            }
            return true;
        }

        @Override
        public int hashCode() {
            int hash = 0;
            for (long[] block : blocks) {
                hash = 31 * hash + System.identityHashCode(block);
            }
            return hash;
        }
    }

    private final int blocks;
    private final long[] empty = new long[BLOCK_WORDS];
    private final Map<Block, long[]> known = new HashMap<>();
    private final Map<Whole, long[][]> wholes = new HashMap<>();

    /**
     * @param rules how many there are
     */
    RuleSets(int rules) {
        blocks = (rules + BLOCK_RULES - 1) / BLOCK_RULES;
        known.put(new Block(empty), empty);
    }

    /** The block of no rule, always this one. */
    long[] emptyBlock() {
        return empty;
    }

    /** How many blocks a set has. */
    int blocks() {
        return blocks;
    }

    /** A set to change, of no rule. */
    Changing changing() {
        return new Changing();
    }

    private long[] block(long[] words) {
        Block block = new Block(words);
        long[] same = known.get(block);
        if (same == null) {
            same = words.clone();
            known.put(new Block(same), same);
        }
        return same;
    }

    /** A set that rules come into and go out of. */
    final class Changing {
        private final long[][] words = new long[blocks][BLOCK_WORDS];
        private final boolean[] changed = new boolean[blocks];
        private final long[][] last = new long[blocks][];

        private Changing() {
            Arrays.fill(last, empty);
        }

        void flip(int rule) {
            int block = rule / BLOCK_RULES;
            words[block][(rule % BLOCK_RULES) >>> 6] ^= 1L << rule;
            changed[block] = true;
        }

        /** The set as it is now. */
        long[][] set() {
            for (int i = 0; i < blocks; i++) {
                if (changed[i]) {
                    last[i] = block(words[i]);
                    changed[i] = false;
                }
            }
            Whole whole = new Whole(last);
            long[][] same = wholes.get(whole);
            if (same == null) {
                same = last.clone();
                wholes.put(new Whole(same), same);
            }
            return same;
        }
    }
}
