package io.culvert.gateway.share;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.culvert.nat.PortRange;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PortSetTest {
    @ParameterizedTest
    @ValueSource(strings = {"", "8080", "0-1023", "1,3,5-65535", "40000-49999"})
    void writesWhatItReadAsTheKernelDoes(String text) {
        assertEquals(text, PortSet.parse(text + "\n").toString());
    }

    @Test
    void joinsNeighbours() {
        assertEquals("8-11", PortSet.parse("10-11,8,9").toString());
    }

    @Test
    void takesOutWhatIsOthersAndAddsIt() {
        PortSet before = PortSet.parse("8080,40005");
        PortSet range = PortSet.of(new PortRange(40_000, 40_009));

        assertEquals("8080,40000-40009", before.plus(range).toString());
        assertEquals("40000-40004,40006-40009", range.minus(before).toString());
        assertEquals(before, before.plus(range).minus(range.minus(before)));
    }
}
