package io.culvert.wire;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
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
    @Tag("rfc1812-5.2.6-a")
    @Tag("rfc8200-4.5-c")
    @Tag("rfc8200-4.5-e")
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

    /** Whether DF is asked for, and what of the fragments that changes. */
    @ParameterizedTest
    @CsvSource({"false, 2000 3f11 51b8, 0002 3f11 7ed0", "true, 6000 3f11 11b8, 4002 3f11 3ed0"})
    void copiesThoseOptionsIntoLaterFragmentsThatSaySo(
            boolean dontFragment, String first, String second) {
        // Record route and a no-operation stay behind, router alert and stream identifier do not.
        String options = "07070400000000 01 94040000 88040001";
        String data = "a0a1a2a3a4a5a6a7 a8a9aaabacadaeaf";
        ByteBuffer bytes =
                Hex.bytes(
                        "49b8003a 00004000 3f11 0000 0a000001 c0000202",
                        options,
                        data,
                        "b0b1b2b3b4b5");

        assertEquals(
                Hex.of("49b80034 1234", first, "0a000001 c0000202")
                        + Hex.of(options, data)
                        + Hex.of("47b80022 1234", second)
                        + Hex.of("0a000001 c0000202 94040000 88040001 b0b1b2b3b4b5"),
                cut(bytes, 52, 0x1234, dontFragment));
    }

    @Test
    void padsTheOptionsOfLaterFragmentsToWholeWords() {
        // No-operations around a loose source route of seven bytes.
        String header = "48000034 00000000 4011 0000 0a000001 c0000202";
        ByteBuffer bytes = Hex.bytes(header, "01 01 01 830704c0000201 00 00", "11".repeat(20));

        String fragments = cut(bytes, 48, 7, false);

        assertEquals(Hex.of("830704c000020100", "11".repeat(4)), fragments.substring(96 + 40));
    }

    /** Flags and offset of the packet and of the two that it becomes. */
    @ParameterizedTest
    @CsvSource({
        "2000, 2000, 2002",
        "2005, 2005, 2007",
        "0005, 2005, 0007",
        "3ff0, 3ff0, 3ff2",
    })
    void cutsAFragmentFurther(String field, String first, String second) {
        ByteBuffer bytes = Packets.v4(field, 17, "0a000001 c0000202", "22".repeat(24));

        String fragments = cut(bytes, 36, 0x1c46, false);

        assertEquals(Hex.of("45000024 1c46", first, "4011"), fragments.substring(0, 20));
        assertEquals(Hex.of("4500001c 1c46", second, "4011"), fragments.substring(72, 72 + 20));
        assertEquals(Hex.of("22".repeat(8)), fragments.substring(72 + 40));
    }

    @Test
    @Tag("rfc8200-4.5-d")
    void repeatsInEveryIpv6FragmentWhatRoutersOnTheWayRead() {
        // Hop-by-hop options, destination options and a routing header, then UDP.
        String hopByHop = "3c00 010400000000";
        String options = "2b00 010400000000";
        ByteBuffer bytes =
                Packets.v6(0, hopByHop + options + "1100 0400 00000000" + "33".repeat(20));

        assertEquals(
                Hex.of("60000000 0030 00 40", Packets.V6_ADDRESSES, hopByHop, options)
                        + Hex.of("2c00 0400 00000000 11000001 89abcdef", "33".repeat(16))
                        + Hex.of("60000000 0024 00 40", Packets.V6_ADDRESSES, hopByHop, options)
                        + Hex.of("2c00 0400 00000000 11000010 89abcdef", "33".repeat(4)),
                cut(bytes, 88, 0x89abcdef, false));
    }

    @Test
    @Tag("rfc8200-4.5-d")
    void cutsThroughDestinationOptionsThatAreForTheDestinationAlone() {
        // Hop-by-hop options, then destination options and UDP.
        String options = "1100 010400000000";
        ByteBuffer bytes = Packets.v6(0, "3c00 010400000000" + options + "33".repeat(20));

        assertEquals(
                Hex.of("60000000 0028 00 40", Packets.V6_ADDRESSES, "2c00 010400000000")
                        + Hex.of("3c000001 89abcdef", options, "33".repeat(16))
                        + Hex.of("60000000 0014 00 40", Packets.V6_ADDRESSES, "2c00 010400000000")
                        + Hex.of("3c000018 89abcdef", "33".repeat(4)),
                cut(bytes, 80, 0x89abcdef, false));
    }

    @ParameterizedTest
    @CsvSource({"28, 3", "27, 0", "20, 0", "0, 0"})
    void cutsNothingWhereTheHeadersLeaveNoRoom(int mtu, int fragments) {
        assertEquals(fragments, count(Packets.v4(17, "44".repeat(24)), mtu));
        assertEquals(fragments, count(Packets.v6(17, "44".repeat(24)), mtu + 28));
    }

    @Test
    void cutsNoMoreThanItMust() {
        // 1,483 bytes are no multiple of 8, but the rest fits.
        assertEquals(2, count(Packets.v4(17, "55".repeat(1_480 + 1_483)), 1_503));
    }

    private int count(ByteBuffer bytes, int mtu) {
        return Fragmenter.cut(bytes, 0, bytes.limit(), mtu, 7, into, AT, size -> {});
    }

    /** All fragments as one text; each is one that the packet view takes. */
    private String cut(ByteBuffer bytes, int mtu, int identification, boolean dontFragment) {
        StringBuilder seen = new StringBuilder();
        Fragmenter.cut(
                bytes,
                0,
                bytes.limit(),
                mtu,
                identification,
                dontFragment,
                into,
                AT,
                size -> {
                    assertEquals(Defect.NONE, fragment.wrap(into, AT, size));
                    seen.append(Hex.of(into, AT, size));
                });
        return seen.toString();
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
