package io.culvert.gateway;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class UserCountsTest {
    private final UserCounts counts = new UserCounts();

    @Test
    void countsForEachUserAndForAll() {
        counts.add(1000);
        counts.add(1000);
        counts.add(0);

        assertEquals(2, counts.of(1000));
        assertEquals(1, counts.of(0));
        assertEquals(0, counts.of(1001));
        assertEquals(3, counts.total());
    }

    @Test
    void forgetsWhoHasNoneLeft() {
        counts.add(1000);
        counts.add(0);

        counts.remove(1000);

        assertEquals(0, counts.of(1000));
        assertEquals(1, counts.of(0));
        assertEquals(1, counts.total());
    }
}
