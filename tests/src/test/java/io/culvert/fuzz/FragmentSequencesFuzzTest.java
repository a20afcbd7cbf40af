package io.culvert.fuzz;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import com.code_intelligence.jazzer.junit.FuzzTest;
import com.code_intelligence.jazzer.junit.Lifecycle;

import io.culvert.flow.PacketCounters;
import io.culvert.flow.Reassembler;
import io.culvert.flow.Reassembler.Outcome;
import io.culvert.wire.Defect;
import io.culvert.wire.IpPacket;

import org.junit.jupiter.params.provider.MethodSource;

import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;

/**
 * Any fragments of a few datagrams, in any order and at any time, against a reassembly that keeps
 * lists. Each {@value #STEP} bytes are a fragment or a pause.
 */
class FragmentSequencesFuzzTest {
    private static final int STEP = 5;
    private static final int MOST_STEPS = 300;
    private static final int PROTOCOL = 253;
    private static final int LARGEST_OFFSET = 8_191;

    private final PacketCounters counters = new PacketCounters();
    private long now = Long.MAX_VALUE - Duration.ofSeconds(45).toNanos();
    private final Reassembler reassembler =
            new Reassembler(
                    Reassembler.DEFAULT_MEMORY,
                    Reassembler.DEFAULT_IPV4_TIMEOUT,
                    Reassembler.DEFAULT_IPV6_TIMEOUT,
                    () -> now,
                    counters);
    private final PlainReassembly plain = new PlainReassembly();
    private final Guarded into = new Guarded(new byte[40 + 65_535], 0x5a);
    private final IpPacket view = new IpPacket();
    private int added;
    private int carried;

    /**
     * One fragment: kind, offset in eights, length less one, content, ECN and pause. The kind's
     * bits, from the lowest: IPv6, tenant, source, identification, more fragments, DF, whether its
     * length is left as it is, and a call of expire instead.
     */
    static Stream<byte[]> seeds() {
        return Stream.of(
                // Two fragments; in the other order; the first of them twice.
                Seeds.hex("1000070000 0001070000"),
                Seeds.hex("0001070000 1000070000"),
                Seeds.hex("1100070000 1100070000 0101070000"),
                // An overlap, and what comes behind it.
                Seeds.hex("10000f0000 1001070000 0002070000 1000070000"),
                // Two ends; data behind the end; the same place with other bytes.
                Seeds.hex("0102070000 0103070000"),
                Seeds.hex("1103070000 0101070000"),
                Seeds.hex("1100070000 1100070100"),
                // CE and not ECN-capable.
                Seeds.hex("1000070003 0001070000"),
                // Two tenants, two sources, two identifications.
                Seeds.hex("1000070000 1200070000 1400070000 1800070000 0001070000 0201070000"),
                // The second comes when the time of the first is over, or about to be.
                Seeds.hex("10000700f0 800000007c 0001070000"),
                Seeds.hex("110007001c 010107001c"),
                // At the end of the longest datagram.
                Seeds.hex("00ff020000 01ff060000 00fe0a0000"));
    }

    @MethodSource("seeds")
    @FuzzTest(lifecycle = Lifecycle.PER_EXECUTION)
    void keepsWhatThePlainReassemblyDoes(byte[] bytes) {
        int steps = Math.min(MOST_STEPS, bytes.length / STEP);
        for (int i = 0; i < steps; i++) {
            step(Arrays.copyOfRange(bytes, i * STEP, (i + 1) * STEP));
            assertEquals(plain.held(), reassembler.held(), "held");
            assertEquals(plain.dropped(), counters.droppedCount(), "dropped");
            assertEquals(added, carried + plain.held() + plain.dropped());
        }
        now += Reassembler.DEFAULT_IPV6_TIMEOUT.toNanos();
        reassembler.expire();
        assertEquals(0, reassembler.held());
        assertEquals(0, reassembler.heldBytes());
        assertEquals(added, carried + counters.droppedCount());
    }

    private void step(byte[] step) {
        // Up to 32 seconds.
        now += Duration.ofMillis((step[4] & 0xff) >>> 2).toNanos() * 500;
        if ((step[0] & 0x80) != 0) {
            reassembler.expire();
            plain.expire(now);
            return;
        }
        byte[] fragment = fragment(step);
        if (view.wrap(ByteBuffer.wrap(fragment), 0, fragment.length) != Defect.NONE
                || !view.isFragment()) {
            return;
        }
        int tenant = step[0] >>> 1 & 1;
        Outcome expected = plain.add(tenant, fragment, now);
        assertEquals(expected, reassembler.add(tenant, view, into.buffer, Guarded.START));
        added++;
        if (expected == Outcome.COMPLETE) {
            carried += plain.packets();
            assertEquals(plain.packets(), reassembler.packets(), "packets");
            byte[] whole = Arrays.copyOf(into.bytes(), reassembler.length());
            assertArrayEquals(plain.whole(), whole);
            into.assertUntouchedAround();
        }
    }

    private static byte[] fragment(byte[] step) {
        boolean ipv6 = (step[0] & 1) != 0;
        boolean more = (step[0] & 0x10) != 0;
        int units = step[1] & 0xff;
        int offset = 8 * (units < 0xf0 ? units : LARGEST_OFFSET - 0xff + units);
        int size = (step[2] & 0xff) + 1;
        if (more && (step[0] & 0x40) == 0) size = (size + 7) / 8 * 8;
        byte[] data = new byte[size];
        // Content depends on the place too, so that a piece in a wrong place is seen.
        for (int i = 0; i < size; i++) data[i] = (byte) (step[3] + (offset + i) * 31);
        return ipv6 ? ipv6(step, offset, more, data) : ipv4(step, offset, more, data);
    }

    private static byte[] ipv4(byte[] step, int offset, boolean more, byte[] data) {
        byte[] packet = Segments.ipv4(PROTOCOL, data);
        ByteBuffer buffer = ByteBuffer.wrap(packet);
        packet[1] = (byte) (step[4] & 3);
        packet[15] = (byte) (step[0] >>> 2 & 1);
        packet[5] = (byte) (step[0] >>> 3 & 1);
        int flags = (more ? 0x2000 : 0) | ((step[0] & 0x20) != 0 ? 0x4000 : 0);
        buffer.putShort(6, (short) (flags | offset / 8));
        return Seeds.mended(packet);
    }

    private static byte[] ipv6(byte[] step, int offset, boolean more, byte[] data) {
        byte[] header = ByteBuffer.allocate(8).put(0, (byte) PROTOCOL).array();
        ByteBuffer.wrap(header).putShort(2, (short) (offset | (more ? 1 : 0)));
        header[7] = (byte) (step[0] >>> 3 & 1);
        byte[] packet = Segments.ipv6(44, Seeds.behind(header, data));
        packet[1] = (byte) ((step[4] & 3) << 4);
        packet[23] = (byte) (step[0] >>> 2 & 1);
        return packet;
    }

    /** Reassembly by lists, as RFC 791, 8200, 5722 and 3168 tell it. */
    private static final class PlainReassembly {
        private record Piece(int offset, boolean more, List<Byte> data) {
            int end() {
                return offset + data.size();
            }
        }

        private static final class Datagram {
            private final int tenant;
            private final List<Byte> key;
            private final boolean ipv6;
            private final long arrived;
            private final List<Piece> pieces = new ArrayList<>();
            private boolean refused;
            private int held;
            private boolean congested;
            private boolean incapable;
            private boolean dontFragment;
            private byte[] header;

            Datagram(int tenant, List<Byte> key, boolean ipv6, long arrived) {
                this.tenant = tenant;
                this.key = key;
                this.ipv6 = ipv6;
                this.arrived = arrived;
            }

            boolean isOver(long now) {
                return now - arrived >= Duration.ofSeconds(ipv6 ? 60 : 30).toNanos();
            }

            int size() {
                return pieces.stream().mapToInt(piece -> piece.data.size()).sum();
            }

            /** -1 where it is not known. */
            int total() {
                return pieces.stream()
                        .filter(p -> !p.more)
                        .mapToInt(Piece::end)
                        .findAny()
                        .orElse(-1);
            }

            boolean fits(Piece piece) {
                int total = total();
                for (Piece other : pieces) {
                    if (piece.offset < other.end() && other.offset < piece.end()) return false;
                    if (!piece.more && other.end() > piece.end()) return false;
                }
                if (total < 0) return true;
                return piece.more ? piece.end() < total : piece.end() == total;
            }
        }

        private final List<Datagram> datagrams = new ArrayList<>();
        private int dropped;
        private int packets;
        private byte[] whole;

        Outcome add(int tenant, byte[] fragment, long now) {
            PlainPacket packet = PlainPacket.of(fragment);
            byte[] data = Arrays.copyOfRange(packet.bytes, packet.data(), packet.bytes.length);
            Piece piece = new Piece(packet.fragmentOffset, packet.more, list(data));
            Datagram datagram = find(tenant, packet, now);
            if (datagram.refused) {
                dropped++;
                return Outcome.DROPPED;
            }
            datagram.held++;
            if (datagram.pieces.contains(piece)) return Outcome.HELD;
            int ecn = (packet.version == 4 ? packet.u8(1) : packet.u16(0) >>> 4) & 3;
            boolean congested = datagram.congested || ecn == 3;
            boolean incapable = datagram.incapable || ecn == 0;
            if (!datagram.fits(piece) || (congested && incapable)) {
                dropped += datagram.held;
                datagram.held = 0;
                datagram.refused = true;
                return Outcome.DROPPED;
            }
            datagram.congested = congested;
            datagram.incapable = incapable;
            datagram.pieces.add(piece);
            if (packet.version == 4) datagram.dontFragment |= (packet.u8(6) & 0x40) != 0;
            if (piece.offset == 0) datagram.header = header(packet);
            if (datagram.size() != datagram.total()) return Outcome.HELD;
            complete(datagram);
            return Outcome.COMPLETE;
        }

        private static List<Byte> key(PlainPacket packet) {
            byte[] addresses = Seeds.behind(packet.source(), packet.destination());
            return list(Seeds.behind(addresses, new byte[] {(byte) packet.identification}));
        }

        private Datagram find(int tenant, PlainPacket packet, long now) {
            List<Byte> key = key(packet);
            for (Datagram each : datagrams) {
                if (each.tenant == tenant && each.key.equals(key)) {
                    if (!each.isOver(now)) return each;
                    drop(each);
                    break;
                }
            }
            Datagram datagram = new Datagram(tenant, key, packet.version == 6, now);
            datagrams.add(datagram);
            return datagram;
        }

        void expire(long now) {
            List.copyOf(datagrams).stream().filter(each -> each.isOver(now)).forEach(this::drop);
        }

        private void drop(Datagram datagram) {
            dropped += datagram.held;
            datagrams.remove(datagram);
        }

        private void complete(Datagram datagram) {
            packets = datagram.held;
            datagrams.remove(datagram);
            int header = datagram.header.length;
            ByteBuffer all = ByteBuffer.allocate(header + datagram.total()).put(datagram.header);
            for (Piece piece : datagram.pieces) {
                for (int i = 0; i < piece.data.size(); i++) {
                    all.put(header + piece.offset + i, piece.data.get(i));
                }
            }
            if (datagram.ipv6) {
                all.putShort(4, (short) datagram.total());
                if (datagram.congested) all.put(1, (byte) (all.get(1) | 0x30));
            } else {
                all.putShort(2, (short) all.capacity());
                all.putShort(6, (short) (datagram.dontFragment ? 0x4000 : 0));
                if (datagram.congested) all.put(1, (byte) (all.get(1) | 3));
            }
            whole = Seeds.mended(all.array());
        }

        private static byte[] header(PlainPacket first) {
            byte[] header = Arrays.copyOf(first.bytes, first.version == 4 ? 20 : 40);
            if (first.version == 6) header[6] = (byte) PROTOCOL;
            return header;
        }

        private static List<Byte> list(byte[] bytes) {
            List<Byte> list = new ArrayList<>();
            for (byte each : bytes) list.add(each);
            return list;
        }

        int held() {
            return datagrams.stream().mapToInt(each -> each.held).sum();
        }

        int dropped() {
            return dropped;
        }

        int packets() {
            return packets;
        }

        byte[] whole() {
            return whole;
        }
    }
}
