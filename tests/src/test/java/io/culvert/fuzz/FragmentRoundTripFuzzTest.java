package io.culvert.fuzz;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.code_intelligence.jazzer.junit.FuzzTest;

import io.culvert.flow.PacketCounters;
import io.culvert.flow.Reassembler;
import io.culvert.flow.Reassembler.Outcome;
import io.culvert.wire.Defect;
import io.culvert.wire.Fragmenter;
import io.culvert.wire.IpPacket;

import org.junit.jupiter.params.provider.MethodSource;

import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;

/**
 * Any packet cut into fragments and put together again in any order. The first {@value #HEAD} bytes
 * say how long the fragments may be, their order, identification and DF; what follows is the
 * packet.
 */
class FragmentRoundTripFuzzTest {
    private static final int HEAD = 6;
    private static final int MOST_FRAGMENTS = 400;

    static Stream<byte[]> seeds() {
        return Stream.of(68, 100, 280)
                .flatMap(
                        mtu ->
                                Seeds.packets(each -> each.isIn("valid"))
                                        .limit(60)
                                        .map(
                                                packet ->
                                                        Seeds.behind(
                                                                Seeds.hex(
                                                                        "%04x 07 01 0102"
                                                                                .formatted(mtu)),
                                                                packet)));
    }

    @MethodSource("seeds")
    @FuzzTest
    void whatIsCutIsPutTogetherAgain(byte[] bytes) {
        if (bytes.length <= HEAD) return;
        byte[] received = Seeds.mended(Arrays.copyOfRange(bytes, HEAD, bytes.length));
        PlainPacket packet = PlainPacket.of(received);
        if (!packet.defects.isEmpty() || packet.isFragment() || packet.hasFragmentHeader()) return;

        ByteBuffer head = ByteBuffer.wrap(bytes);
        int mtu = Math.max(68, head.getShort(0) & 0xffff);
        Cut cut = new Cut(packet, mtu, head.getShort(4), (head.get(3) & 1) != 0);
        if (cut.fragments.isEmpty() || cut.fragments.size() > MOST_FRAGMENTS) return;
        cut.assertSound();
        putTogether(cut, new Random(head.get(2)));
    }

    /** The fragments of a packet. */
    private static final class Cut {
        private final PlainPacket packet;
        private final int mtu;
        private final int identification;
        private final boolean dontFragment;
        private final List<byte[]> fragments = new ArrayList<>();

        Cut(PlainPacket packet, int mtu, int identification, boolean dontFragment) {
            this.packet = packet;
            this.mtu = mtu;
            this.identification = identification & 0xffff;
            this.dontFragment = dontFragment;
            Guarded into = new Guarded(new byte[Math.min(mtu, packet.bytes.length + 8)], 0x5a);
            Guarded from = new Guarded(packet.bytes, 0xa5);
            Fragmenter.Sink sink = length -> fragments.add(Arrays.copyOf(into.bytes(), length));
            int count =
                    Fragmenter.cut(
                            from.buffer,
                            Guarded.START,
                            packet.bytes.length,
                            mtu,
                            this.identification,
                            dontFragment,
                            into.buffer,
                            Guarded.START,
                            sink);
            assertEquals(fragments.size(), count);
            assertArrayEquals(packet.bytes, from.bytes());
            from.assertUntouchedAround();
            into.assertUntouchedAround();
        }

        /** None is too long, and their data one after another are the packet's. */
        void assertSound() {
            ByteBuffer data = ByteBuffer.allocate(packet.bytes.length);
            for (byte[] each : fragments) {
                boolean last = each == fragments.getLast();
                assertTrue(each.length <= mtu, "longer than the MTU");
                int at = dataAt(each);
                int offset = offset(each);
                assertEquals(data.position(), offset, "offset");
                assertEquals(!last, more(each), "more fragments");
                assertTrue(last || (each.length - at) % 8 == 0, "no multiple of 8");
                data.put(each, at, each.length - at);
            }
            byte[] all = Arrays.copyOf(data.array(), data.position());
            int from = packet.bytes.length - all.length;
            assertArrayEquals(Arrays.copyOfRange(packet.bytes, from, packet.bytes.length), all);
            if (packet.version == 4) assertEquals(packet.transport, from);
        }

        private int dataAt(byte[] fragment) {
            if (packet.version == 4) {
                int header = 4 * (fragment[0] & 0xf);
                assertEquals(0xffff, PlainSum.of(fragment, 0, header), "header checksum");
                return header;
            }
            // Up to the fragment header all of them begin as the packet does, but for its number.
            return fragmentHeader(fragment) + 8;
        }

        private int fragmentHeader(byte[] fragment) {
            int next = fragment[6];
            int at = 40;
            while (next != 44) {
                next = fragment[at];
                at += 8 * ((fragment[at + 1] & 0xff) + 1);
            }
            return at;
        }

        private int field(byte[] fragment) {
            int at = packet.version == 4 ? 6 : fragmentHeader(fragment) + 2;
            return ByteBuffer.wrap(fragment).getShort(at) & 0xffff;
        }

        private int offset(byte[] fragment) {
            int field = field(fragment);
            return packet.version == 4 ? 8 * (field & 0x1fff) : field & 0xfff8;
        }

        private boolean more(byte[] fragment) {
            return (field(fragment) & (packet.version == 4 ? 0x2000 : 1)) != 0;
        }

        /** The packet as it comes out: with another identification and DF, where it has them. */
        byte[] expected() {
            byte[] bytes = packet.bytes.clone();
            if (packet.version == 6) return bytes;
            ByteBuffer buffer = ByteBuffer.wrap(bytes).putShort(4, (short) identification);
            return Seeds.mended(buffer.putShort(6, (short) (dontFragment ? 0x4000 : 0)).array());
        }
    }

    private static void putTogether(Cut cut, Random random) {
        List<byte[]> arriving = new ArrayList<>(cut.fragments);
        // One that is cut anew is none: the packet fits.
        if (arriving.size() == 1 && !cut.more(arriving.getFirst()) && cut.packet.version == 4)
            return;
        for (int i = 0; i < cut.fragments.size() / 3; i++) arriving.add(random(cut, random));
        Collections.shuffle(arriving, random);
        PacketCounters counters = new PacketCounters();
        Reassembler reassembler =
                new Reassembler(
                        Reassembler.DEFAULT_MEMORY,
                        Reassembler.DEFAULT_IPV4_TIMEOUT,
                        Reassembler.DEFAULT_IPV6_TIMEOUT,
                        () -> 0,
                        counters);
        Guarded into = new Guarded(new byte[40 + 65_535], 0x5a);
        IpPacket view = new IpPacket();
        int added = 0;
        for (byte[] each : arriving) {
            // Cut so small that a first fragment lacks headers, or v6 that fits as it is.
            if (view.wrap(ByteBuffer.wrap(each), 0, each.length) != Defect.NONE) return;
            if (!view.isFragment()) return;
            added++;
            Outcome outcome = reassembler.add(1, view, into.buffer, Guarded.START);
            assertTrue(outcome != Outcome.DROPPED, "dropped");
            if (outcome == Outcome.COMPLETE) break;
        }
        assertEquals(added, reassembler.packets());
        assertEquals(0, reassembler.held());
        assertEquals(0, counters.droppedCount());
        assertArrayEquals(cut.expected(), Arrays.copyOf(into.bytes(), reassembler.length()));
        into.assertUntouchedAround();
    }

    private static byte[] random(Cut cut, Random random) {
        return cut.fragments.get(random.nextInt(cut.fragments.size()));
    }
}
