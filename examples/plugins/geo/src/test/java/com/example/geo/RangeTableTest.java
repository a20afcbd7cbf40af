package com.example.geo;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.util.Random;

class RangeTableTest {
    @Test
    void answersAsTheLongestOfAllPrefixesDoes() {
        Random random = new Random(7);
        long[] starts = new long[300];
        int[] frees = new int[starts.length];
        RangeTable.Builder builder = new RangeTable.Builder();
        for (int i = 0; i < starts.length; i++) {
            frees[i] = random.nextInt(17);
            starts[i] = random.nextInt(1 << 16) >>> frees[i] << frees[i];
            builder.add(0, starts[i], frees[i], i + 1);
        }
        RangeTable table = builder.build();

        for (long number = 0; number < 1 << 16; number++) {
            int longest = -1;
            for (int i = 0; i < starts.length; i++) {
                boolean holds = number >>> frees[i] == starts[i] >>> frees[i];
                if (holds && (longest < 0 || frees[i] <= frees[longest])) {
                    longest = i;
                }
            }
            assertEquals(longest + 1, table.valueOf(0, number), "number " + number);
        }
    }

    @Test
    void theLastNumbersOfAllHaveAnAnswer() {
        RangeTable.Builder builder = new RangeTable.Builder();
        builder.add(0, 0, 128, 1);
        builder.add(-1, -1, 0, 2);
        RangeTable table = builder.build();

        assertEquals(1, table.valueOf(-1, -2));
        assertEquals(2, table.valueOf(-1, -1));
        assertEquals(1, table.valueOf(0, 0));
    }

    @Test
    void anEmptyTableHasNoAnswer() {
        assertEquals(0, new RangeTable.Builder().build().valueOf(0, 1));
    }

    @Test
    void aMillionPrefixesAnswerAMillionTimes() {
        RangeTable.Builder builder = new RangeTable.Builder();
        for (int i = 0; i < 1 << 20; i++) {
            builder.add(0, (long) i << 8, 8, (i & 127) + 1);
        }
        RangeTable table = builder.build();

        // Looking at each prefix for each would take an hour.
        for (int i = 0; i < 1 << 20; i++) {
            assertEquals((i & 127) + 1, table.valueOf(0, (long) i << 8 | 77));
        }
    }
}
