package io.culvert.wire;

import java.nio.ByteBuffer;

/**
 * Cuts a packet that the gateway made, without options or extension headers, into fragments that
 * fit an MTU: RFC 791 section 3.2, RFC 8200 section 4.5. What it writes carries the same
 * identification; the caller sees to it that no other datagram of the same source, destination and
 * protocol does for 120 s (RFC 6864 section 4.2).
 */
public final class Fragmenter {
    private static final int V6_HEADER = 8;
    private static final int MORE_FRAGMENTS = 1;
    private static final int UNIT = 8;

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

    /**
     * Cuts a packet.
     *
     * @param bytes where the packet is, at absolute index {@code start}; its checksums complete;
     *     not changed
     * @param length bytes of the packet
     * @param into where each fragment is written, at absolute index {@code at}; another buffer than
     *     {@code bytes}
     * @return how many fragments were handed over
     */
    public static int cut(
            ByteBuffer bytes,
            int start,
            int length,
            int mtu,
            int identification,
            ByteBuffer into,
            int at,
            Sink sink) {
        boolean four = bytes.get(start) >>> 4 == 4;
        int header = four ? Ipv4Header.MINIMUM_LENGTH : Ipv6Header.LENGTH;
        int overhead = four ? header : header + V6_HEADER;
        int most = (mtu - overhead) / UNIT * UNIT;
        int payload = length - header;
        int count = 0;
        for (int offset = 0; offset < payload; offset += most) {
            int part = Math.min(most, payload - offset);
            boolean last = offset + part == payload;
            into.put(at, bytes, start, header);
            into.put(at + overhead, bytes, start + header + offset, part);
            if (four) {
                finish4(into, at, overhead + part, identification, offset, last);
            } else {
                finish6(into, at, part, identification, offset, last);
            }
            sink.fragment(overhead + part);
            count++;
        }
        return count;
    }

    private static void finish4(
            ByteBuffer into, int at, int length, int identification, int offset, boolean last) {
        into.putShort(at + Ipv4Header.TOTAL_LENGTH, (short) length);
        into.putShort(at + Ipv4Header.IDENTIFICATION, (short) identification);
        int more = last ? 0 : MORE_FRAGMENTS << 13;
        into.putShort(at + Ipv4Header.FRAGMENT, (short) (more | offset / UNIT));
        into.putShort(at + Ipv4Header.HEADER_CHECKSUM, (short) 0);
        int sum = InternetChecksum.sum(into, at, Ipv4Header.MINIMUM_LENGTH);
        into.putShort(at + Ipv4Header.HEADER_CHECKSUM, (short) InternetChecksum.complement(sum));
    }

    private static void finish6(
            ByteBuffer into, int at, int part, int identification, int offset, boolean last) {
        int fragment = at + Ipv6Header.LENGTH;
        into.put(fragment, into.get(at + Ipv6Header.NEXT_HEADER));
        into.put(fragment + 1, (byte) 0);
        into.putShort(fragment + 2, (short) (offset | (last ? 0 : MORE_FRAGMENTS)));
        into.putInt(fragment + 4, identification);
        into.put(at + Ipv6Header.NEXT_HEADER, (byte) Ipv6Header.FRAGMENT);
        into.putShort(at + Ipv6Header.PAYLOAD_LENGTH, (short) (V6_HEADER + part));
    }
}
