package io.culvert.flow;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.Reassembler.Outcome;
import io.culvert.wire.Fragmenter;
import io.culvert.wire.IpPacket;
import io.culvert.wire.Packets;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;

/** What the fragmenter cut, and cut again, becomes the same packet, whatever the network does. */
class FragmentTrainTest {
    private static final int ROUNDS = 300;

    private final Random random = new Random(815);
    private final Reassembler reassembler =
            new Reassembler(
                    Reassembler.DEFAULT_MEMORY,
                    Reassembler.DEFAULT_IPV4_TIMEOUT,
                    Reassembler.DEFAULT_IPV6_TIMEOUT,
                    new ManualClock(),
                    new PacketCounters());
    private final ByteBuffer scratch = ByteBuffer.allocate(70_000);
    private final ByteBuffer into = ByteBuffer.allocate(70_000);

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void comesOutAsItWentIn(boolean ipv6) {
        for (int id = 1; id <= ROUNDS; id++) {
            byte[] packet = ipv6 ? v6() : v4(id);
            int mtu = 576 + random.nextInt(1_000);
            List<byte[]> fragments = cut(packet, mtu, id);
            int longest = fragments.stream().mapToInt(each -> each.length).max().orElseThrow();
            if (!ipv6 && random.nextBoolean()) fragments = cutAgain(fragments, mtu / 2, id);
            shuffle(fragments);

            assertTrue(reassembles(fragments));
            assertArrayEquals(packet, whole());
            assertEquals(id, reassembler.identification());
            assertTrue(reassembler.largestFragment() <= longest);
            // And once more, no fragment longer than the longest that came.
            List<byte[]> again = cut(whole(), reassembler.largestFragment(), id);
            assertTrue(reassembles(again));
            assertArrayEquals(packet, whole());
        }
        assertEquals(0, reassembler.held());
    }

    private byte[] whole() {
        byte[] whole = new byte[reassembler.length()];
        into.get(0, whole);
        return whole;
    }

    /** Hands over fragments until the datagram is complete, and counts them. */
    private boolean reassembles(List<byte[]> fragments) {
        int count = 0;
        for (byte[] bytes : fragments) {
            count++;
            IpPacket fragment = Fragments.wrapped(ByteBuffer.wrap(bytes));
            if (reassembler.add(1, fragment, into, 0) == Outcome.COMPLETE) {
                assertEquals(count, reassembler.packets());
                return true;
            }
        }
        return false;
    }

    private List<byte[]> cutAgain(List<byte[]> fragments, int mtu, int id) {
        List<byte[]> pieces = new ArrayList<>();
        for (byte[] fragment : fragments) pieces.addAll(cut(fragment, mtu, id));
        return pieces;
    }

    private List<byte[]> cut(byte[] packet, int mtu, int id) {
        List<byte[]> fragments = new ArrayList<>();
        int count =
                Fragmenter.cut(
                        ByteBuffer.wrap(packet),
                        0,
                        packet.length,
                        mtu,
                        id,
                        scratch,
                        3,
                        length -> {
                            byte[] fragment = new byte[length];
                            scratch.get(3, fragment);
                            assertTrue(length <= mtu);
                            fragments.add(fragment);
                        });
        assertEquals(count, fragments.size());
        return fragments;
    }

    /** Some twice, and all in any order. */
    private void shuffle(List<byte[]> fragments) {
        for (int i = fragments.size() - 1; i >= 0; i--) {
            if (random.nextInt(4) == 0) fragments.add(fragments.get(i));
        }
        Collections.shuffle(fragments, random);
    }

    private byte[] v4(int id) {
        int options = 4 * random.nextInt(3);
        byte[] data = Fragments.datagram(1_600 + random.nextInt(40_000));
        ByteBuffer packet = ByteBuffer.allocate(20 + options + data.length);
        packet.putInt(0, (0x45 + options / 4) << 24 | packet.limit());
        packet.putShort(4, (short) id);
        packet.putShort(8, (short) (64 << 8 | 17)).putInt(12, 0x0a000001).putInt(16, 0xc0000202);
        // A router alert, RFC 2113: copied. Then four times nothing: not copied.
        if (options > 0) packet.putInt(20, 0x94040000);
        if (options > 4) packet.putInt(24, 0x01010101);
        return Fragments.checksum(packet.put(20 + options, data)).array();
    }

    private byte[] v6() {
        String before = random.nextBoolean() ? "1100 0104 00000000" : "";
        byte[] data = Fragments.datagram(1_600 + random.nextInt(40_000));
        ByteBuffer head = Packets.v6(before.isEmpty() ? 17 : 0, before);
        ByteBuffer packet = ByteBuffer.allocate(head.limit() + data.length);
        packet.put(0, head, 0, head.limit()).put(head.limit(), data);
        return packet.putShort(4, (short) (packet.limit() - 40)).array();
    }
}
