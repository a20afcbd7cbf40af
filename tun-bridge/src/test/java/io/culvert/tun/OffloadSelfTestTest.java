package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

import java.util.EnumSet;

class OffloadSelfTestTest {
    @Test
    void findsEveryOffloadRightOnAKernelThatHasThem() {
        for (int i = 0; i < 5; i++) {
            long before = System.nanoTime();
            assertEquals(EnumSet.allOf(Offload.class), OffloadSelfTest.probe());
            System.out.printf("self-test: %.1f ms%n", (System.nanoTime() - before) / 1e6);
        }
    }

    @Test
    void tellsTheSameAgainAndGivesEachCallerASetOfItsOwn() {
        OffloadSelfTest.run().clear();
        assertEquals(EnumSet.allOf(Offload.class), OffloadSelfTest.run());
    }
}
