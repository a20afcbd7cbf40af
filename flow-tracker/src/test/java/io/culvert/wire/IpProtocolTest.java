package io.culvert.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class IpProtocolTest {
    @Test
    void readsEveryNumberByTheNameItWrites() {
        for (int protocol = 0; protocol <= 255; protocol++) {
            assertEquals(protocol, IpProtocol.parse(IpProtocol.name(protocol)));
        }
        assertEquals("tcp", IpProtocol.name(6));
        assertEquals("89", IpProtocol.name(89));
        assertEquals(58, IpProtocol.parse("ICMPv6"));
        assertEquals(6, IpProtocol.parse("6"));
    }

    @Test
    void refusesWhatIsNeitherNameNorNumber() {
        for (String text : new String[] {"", "tcpp", "256", "-1", "0x6", "1000"}) {
            assertThrows(IllegalArgumentException.class, () -> IpProtocol.parse(text));
        }
    }
}
