package io.culvert.flow;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class FlowLimitsTest {
    @Test
    void allowsAMillionFlowsByDefault() {
        assertEquals(new FlowLimits(1_000_000, 200_000, 1_000_000), FlowLimits.DEFAULT);
    }

    @Test
    void refusesLimitsThatAllowNoFlow() {
        assertThrows(IllegalArgumentException.class, () -> new FlowLimits(0, 1, 1_000_000));
        assertThrows(IllegalArgumentException.class, () -> new FlowLimits(1, 0, 1_000_000));
        assertThrows(IllegalArgumentException.class, () -> new FlowLimits(1, 1, 0));
    }
}
