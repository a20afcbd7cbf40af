package io.culvert.wire;

import java.nio.ByteBuffer;

/**
 * Cuts a packet into fragments that fit an MTU: RFC 791 section 3.2, RFC 8200 section 4.5. It may
 * be one that the gateway made or one that it forwards.
 *
 * <p>IPv4: options whose copied flag is set go into every fragment, the others into the first
 * alone. A packet that is a fragment itself is cut further; its offset counts, and its last piece
 * says what it said of more to follow.
 *
 * <p>IPv6: a router cuts nothing, so the packet is one that came in fragments and was put together,
 * and has no fragment header. Hop-by-hop options, a routing header and destination options before
 * one go into every fragment.
 *
 * <p>All fragments carry the identification given: a fragment's own, a reassembled datagram's own,
 * or a new one of {@code io.culvert.flow.Identifications} (RFC 6864 section 4.3).
 */
public final class Fragmenter {
    private static final int MORE_FRAGMENTS = 1;
    private static final int UNIT = 8;

    /** RFC 791 section 3.1, Options: of the kind, "copied into all fragments". */
    private static final int COPIED = 0x80;

    private Fragmenter() {}

    /** Takes the fragments in order. */
    @FunctionalInterface
    public interface Sink {
        /**
         * Takes one fragment, which is overwritten by the next.
         *
         * @param length bytes of the packet at the place that {@link #cut} was given
         */
        void fragment(int length);
    }

    /** Cuts a packet whose fragments may be cut again on their way. */
    public static int cut(
            ByteBuffer bytes,
            int start,
            int length,
            int mtu,
            int identification,
            ByteBuffer into,
            int at,
            Sink sink) {
        return cut(bytes, start, length, mtu, identification, false, into, at, sink);
    }

    /**
     * Cuts a packet. One that fits is handed over as the only fragment.
     *
     * @param bytes where the packet is, at absolute index {@code start}; its lengths checked, its
     *     checksums complete; not changed
     * @param length bytes of the packet
     * @param dontFragment whether IPv4 fragments say DF. RFC 6864 section 4.3 forbids to cut a
     *     datagram that says so, but one that came in such fragments leaves in such again, none
     *     longer than the longest that came.
     * @param into where each fragment is written, at absolute index {@code at}; another buffer than
     *     {@code bytes}
     * @return how many fragments were handed over; 0 where the MTU has no room for the headers and
     *     8 bytes
     */
    public static int cut(
            ByteBuffer bytes,
            int start,
            int length,
            int mtu,
            int identification,
            boolean dontFragment,
            ByteBuffer into,
            int at,
            Sink sink) {
        if (bytes.get(start) >>> 4 == 4) {
            int flags = dontFragment ? Ipv4Header.DONT_FRAGMENT_BIT : 0;
            return cut4(bytes, start, length, mtu, identification, flags, into, at, sink);
        }
        return cut6(bytes, start, length, mtu, identification, into, at, sink);
    }

    private static int cut4(
            ByteBuffer bytes,
            int start,
            int length,
            int mtu,
            int identification,
            int flags,
            ByteBuffer into,
            int at,
            Sink sink) {
        int header = (bytes.get(start) & 0xf) << 2;
        if (mtu - header < UNIT) return 0;
        int field = bytes.getShort(start + Ipv4Header.FRAGMENT);
        // RFC 1812 section 5.2.5: copied into each fragment.
        int reserved = field & Ipv4Header.RESERVED_BIT;
        int payload = length - header;
        int count = 0;
        for (int done = 0; done < payload; count++) {
            int own =
                    done == 0
                            ? copyHeader(bytes, start, header, into, at)
                            : copyLaterHeader(bytes, start, header, into, at);
            int part = part(mtu - own, payload - done);
            int more =
                    done + part < payload
                            ? Ipv4Header.MORE_FRAGMENTS_BIT
                            : field & Ipv4Header.MORE_FRAGMENTS_BIT;
            int offset = (field & 0x1fff) + done / UNIT;
            into.put(at + own, bytes, start + header + done, part);
            into.putShort(at + Ipv4Header.TOTAL_LENGTH, (short) (own + part));
            into.putShort(at + Ipv4Header.IDENTIFICATION, (short) identification);
            into.putShort(at + Ipv4Header.FRAGMENT, (short) (reserved | flags | more | offset));
            Ipv4Header.renewChecksum(into, at, own);
            sink.fragment(own + part);
            done += part;
        }
        return count;
    }

    /** As much as fits, in whole units unless it is the rest. */
    private static int part(int room, int rest) {
        return rest <= room ? rest : room / UNIT * UNIT;
    }

    private static int copyHeader(
            ByteBuffer bytes, int start, int header, ByteBuffer into, int at) {
        into.put(at, bytes, start, header);
        return header;
    }

    /** The header of any fragment but the first, with fewer options. */
    private static int copyLaterHeader(
            ByteBuffer bytes, int start, int header, ByteBuffer into, int at) {
        into.put(at, bytes, start, Ipv4Header.MINIMUM_LENGTH);
        int length = Ipv4Header.MINIMUM_LENGTH;
        int end = start + header;
        for (int option = start + Ipv4Header.MINIMUM_LENGTH; option < end; ) {
            int kind = bytes.get(option);
            if (kind == Ipv4Header.END_OF_OPTIONS) break;
            int size = kind == Ipv4Header.NO_OPERATION ? 1 : bytes.get(option + 1) & 0xff;
            if ((kind & COPIED) != 0) {
                into.put(at + length, bytes, option, size);
                length += size;
            }
            option += size;
        }
        // RFC 791 section 3.1, Padding: to whole words, with zeros.
        for (; (length & 3) != 0; length++) {
            into.put(at + length, (byte) Ipv4Header.END_OF_OPTIONS);
        }
        into.put(at, (byte) (4 << 4 | length >>> 2));
        return length;
    }

    private static int cut6(
            ByteBuffer bytes,
            int start,
            int length,
            int mtu,
            int identification,
            ByteBuffer into,
            int at,
            Sink sink) {
        int last = Ipv6Header.lastUnfragmentable(bytes, start);
        int header = Ipv6Header.unfragmentableLength(bytes, start, last);
        int overhead = header + Ipv6Header.FRAGMENT_LENGTH;
        if (mtu - overhead < UNIT) return 0;
        int payload = length - header;
        int count = 0;
        for (int done = 0; done < payload; count++) {
            int part = part(mtu - overhead, payload - done);
            int more = done + part < payload ? MORE_FRAGMENTS : 0;
            into.put(at, bytes, start, header);
            into.put(at + last - start, (byte) Ipv6Header.FRAGMENT);
            into.put(at + header, bytes.get(last));
            into.put(at + header + 1, (byte) 0);
            into.putShort(at + header + 2, (short) (done | more));
            into.putInt(at + header + 4, identification);
            into.put(at + overhead, bytes, start + header + done, part);
            int fieldLength = overhead - Ipv6Header.LENGTH + part;
            into.putShort(at + Ipv6Header.PAYLOAD_LENGTH, (short) fieldLength);
            sink.fragment(overhead + part);
            done += part;
        }
        return count;
    }
}
