package io.culvert.nat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

class AddressTableTest {
    private final AddressTable<Integer> table = new AddressTable<>();

    @Test
    void hasNothingAtFirst() {
        assertNull(table.get(0, 0, 0));
        assertEquals(0, table.size());
        table.remove(0, 0, 0);
        assertEquals(0, table.size());
    }

    @Test
    void tellsEveryPartOfAKeyApart() {
        table.put(1, 2, 3, 123);
        table.put(1, 3, 2, 132);

        assertEquals(123, table.get(1, 2, 3));
        assertEquals(132, table.get(1, 3, 2));
        assertNull(table.get(2, 2, 3));
        assertNull(table.get(1, 2, 2));
        assertNull(table.get(1, 3, 3));
    }

    /** As a client's peers come and go: removed keys must not fill the table up. */
    @Test
    void servesEverNewKeysOfWhichFewAreThereAtATime() {
        for (int i = 0; i < 200_000; i++) {
            table.put(0, 0, i, i);
            table.remove(0, 0, i - 3);

            assertEquals(i, table.get(0, 0, i));
            assertNull(table.get(0, 0, i - 3));
            assertNull(table.get(0, 0, i + 1));
            assertEquals(Math.min(i + 1, 3), table.size());
        }
    }

    /** However keys come and go, against a map of the JDK. */
    @Test
    void saysWhatAMapSays() {
        Random random = new Random(815);
        Map<List<Long>, Integer> model = new HashMap<>();
        for (int i = 0; i < 300_000; i++) {
            // Few keys for a while, then many, so that it grows, is built anew, and empties.
            int keys = 1 + (i / 10_000 % 3 == 0 ? 3 : 400);
            int kind = random.nextInt(2);
            long high = random.nextInt(2);
            long low = random.nextInt(keys);
            List<Long> key = List.of((long) kind, high, low);
            if (random.nextInt(100) < (i / 10_000 % 2 == 0 ? 60 : 30)) {
                table.put(kind, high, low, i);
                model.put(key, i);
            } else {
                table.remove(kind, high, low);
                model.remove(key);
            }
            assertEquals(model.get(key), table.get(kind, high, low));
            long other = random.nextInt(keys);
            assertEquals(
                    model.get(List.of((long) kind, high, other)), table.get(kind, high, other));
            assertEquals(model.size(), table.size());
        }
    }
}
