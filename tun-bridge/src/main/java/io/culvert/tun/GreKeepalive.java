package io.culvert.tun;

import java.nio.ByteBuffer;

/**
 * Keepalives as Cisco's routers send them, which stand in no RFC: the packet inside is the answer
 * already, addressed from us to the peer, a GRE header with protocol type 0. Who routes what was
 * unwrapped sends it back without knowing of keepalives; who does not, as we, has to know them.
 *
 * <pre>
 *   IP peer ► us | GRE 0x0800 | IP us ► peer | GRE 0x0000
 *                               '-------- comes back --------'
 * </pre>
 *
 * <p>At most {@value #BURST} are answered at once and {@value #A_SECOND} a second; a router sends
 * one in ten seconds. Confined to one worker.
 */
final class GreKeepalive {
    static final int A_SECOND = 10;
    static final int BURST = 10;

    private static final long INTERVAL_NANOS = 1_000_000_000L / A_SECOND;

    /** RFC 791 section 3.1. */
    private static final int IPV4_HEADER = 20;

    private static final int IPV4_FIRST = 0x45;
    private static final int IPV4_FRAGMENT = 6;
    private static final int IPV4_FRAGMENT_MASK = 0x3fff;
    private static final int IPV4_PROTOCOL = 9;
    private static final int IPV4_SOURCE = 12;
    private static final int IPV4_DESTINATION = 16;

    /** RFC 8200 section 3. */
    private static final int IPV6_HEADER = 40;

    private static final int IPV6_NEXT_HEADER = 6;
    private static final int IPV6_SOURCE = 8;
    private static final int IPV6_DESTINATION = 24;

    /** Where the next would be due, if they came as seldom as is wanted. */
    private long dueNanos;

    private boolean begun;

    /** Whether there is room for one more answer, which then there was. */
    boolean allows(long nowNanos) {
        if (!begun || nowNanos - dueNanos > 0) {
            begun = true;
            dueNanos = nowNanos;
        }
        if (dueNanos - nowNanos > (BURST - 1) * INTERVAL_NANOS) {
            return false;
        }
        dueNanos += INTERVAL_NANOS;
        return true;
    }

    /**
     * Whether the packet is an answer to be sent back; it has a whole IP header without options.
     */
    static boolean is(Packet packet, long hereHigh, long hereLow, long peerHigh, long peerLow) {
        if (!goesBetween(packet, hereHigh, hereLow, peerHigh, peerLow)) {
            return false;
        }
        int header = header(packet);
        if (packet.length() < header + GreHeader.SHORTEST) {
            return false;
        }
        int word = packet.bytes().getInt(Packet.OFFSET + header);
        // Version 0, and the protocol type; its other flags are between the peer and itself.
        return (word >>> Short.SIZE & 0x7) == 0 && (word & 0xffff) == GreHeader.KEEPALIVE;
    }

    /** Whether a packet is GRE from one address to the other. */
    static boolean goesBetween(
            Packet packet, long fromHigh, long fromLow, long toHigh, long toLow) {
        ByteBuffer bytes = packet.bytes();
        int at = Packet.OFFSET;
        boolean ipv4 = fromHigh == 0 && fromLow >>> Integer.SIZE == 0xffff;
        if (ipv4) {
            return packet.length() >= IPV4_HEADER
                    && (bytes.get(at) & 0xff) == IPV4_FIRST
                    && (bytes.get(at + IPV4_PROTOCOL) & 0xff) == GreHeader.IP_PROTOCOL
                    && (bytes.getShort(at + IPV4_FRAGMENT) & IPV4_FRAGMENT_MASK) == 0
                    && bytes.getInt(at + IPV4_SOURCE) == (int) fromLow
                    && bytes.getInt(at + IPV4_DESTINATION) == (int) toLow;
        }
        return packet.length() >= IPV6_HEADER
                && UpperLayer.version(packet) == 6
                && (bytes.get(at + IPV6_NEXT_HEADER) & 0xff) == GreHeader.IP_PROTOCOL
                && bytes.getLong(at + IPV6_SOURCE) == fromHigh
                && bytes.getLong(at + IPV6_SOURCE + Long.BYTES) == fromLow
                && bytes.getLong(at + IPV6_DESTINATION) == toHigh
                && bytes.getLong(at + IPV6_DESTINATION + Long.BYTES) == toLow;
    }

    /** Bytes of the IP header of a packet that {@link #is}. */
    static int header(Packet packet) {
        return UpperLayer.version(packet) == 6 ? IPV6_HEADER : IPV4_HEADER;
    }

    /** The type of service or traffic class of such a packet. */
    static int trafficClass(Packet packet) {
        int word = packet.bytes().getShort(Packet.OFFSET);
        return (UpperLayer.version(packet) == 6 ? word >> 4 : word) & 0xff;
    }
}
