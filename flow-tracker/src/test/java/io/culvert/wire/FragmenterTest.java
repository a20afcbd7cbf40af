package io.culvert.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.nio.ByteBuffer;

class FragmenterTest {
    private static final int AT = 5;

    private final ByteBuffer packet = ByteBuffer.allocate(70_000);
    private final ByteBuffer into = ByteBuffer.allocate(70_000);
    private final ByteBuffer together = ByteBuffer.allocate(70_000);
    private final IpPacket fragment = new IpPacket();
    private int count;
    private boolean more;

    @Test
    void cutsAnIpv4PacketIntoTheseBytes() {
        int length = datagram("192.0.2.2", "10.0.0.1", 20);
        StringBuilder seen = new StringBuilder();
        Fragmenter.cut(
                packet,
                0,
                length,
                44,
                0x1234,
                into,
                AT,
                size -> seen.append(Hex.of(into, AT, size)));
        assertEquals(
                // The UDP header and 16 bytes, more to follow; then 4 bytes at offset 24.
                Hex.of("4500002c 12342000 40117c8a c0000202 0a000001")
                        + Hex.of(packet, 20, 24)
                        + Hex.of("45000018 12340003 40119c9b c0000202 0a000001")
                        + Hex.of(packet, 44, 4),
                seen.toString());
    }

    @ParameterizedTest
    @CsvSource({
        "192.0.2.2, 10.0.0.1, 4000, 1500",
        "192.0.2.2, 10.0.0.1, 65507, 1500",
        "192.0.2.2, 10.0.0.1, 1473, 1500",
        "192.0.2.2, 10.0.0.1, 9000, 577",
        "2001:db8::1, 2001:db8::2, 4000, 1500",
        "2001:db8::1, 2001:db8::2, 65527, 1280",
        "2001:db8::1, 2001:db8::2, 1453, 1500"
    })
    void fragmentsFitTheMtuAndMakeTheDatagramAgain(
            String source, String destination, int payload, int mtu) {
        int length = datagram(source, destination, payload);
        int header = source.contains(":") ? 40 : 20;

        int cut = Fragmenter.cut(packet, 0, length, mtu, 77, into, AT, size -> take(size, mtu));

        assertEquals(cut, count);
        assertFalse(more, "the last fragment says that no more follow");
        assertEquals(
                packet.slice(header, length - header),
                together.slice(0, length - header),
                "the payload, whole");
    }

    private void take(int size, int mtu) {
        assertTrue(size <= mtu);
        assertEquals(Defect.NONE, fragment.wrap(into, AT, size));
        assertTrue(fragment.isFragment());
        assertEquals(77, fragment.fragmentIdentification());
        together.put(
                fragment.fragmentOffset(),
                into,
                fragment.transportOffset(),
                fragment.transportLength());
        more = fragment.moreFragments();
        count++;
    }

    private int datagram(String source, String destination, int length) {
        IpAddress from = IpAddress.parse(source);
        IpAddress to = IpAddress.parse(destination);
        ByteBuffer payload = ByteBuffer.allocate(length);
        for (int i = 0; i < length; i++) {
            payload.put(i, (byte) (i * 7));
        }
        return UdpDatagram.write(
                from.high(),
                from.low(),
                53,
                to.high(),
                to.low(),
                4000,
                64,
                0,
                payload,
                0,
                length,
                false,
                packet,
                0);
    }
}
