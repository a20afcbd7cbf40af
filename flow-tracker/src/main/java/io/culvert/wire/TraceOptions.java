package io.culvert.wire;

import java.nio.ByteBuffer;

/**
 * The two IPv4 options in which routers leave a trace of themselves, RFC 791 section 3.1.
 *
 * <pre>{@code
 * +---------+--------+---------+----------------------+
 * |    7    | length | pointer | addresses            |   record route
 * +---------+--------+---------+----------+------+----+
 * |   68    | length | pointer | overflow | flag |        timestamps, with addresses or without
 * +---------+--------+---------+----------+------+----+
 * }</pre>
 *
 * <p>The pointer is the place of the next entry, from 1 at the option's beginning.
 */
public final class TraceOptions {
    private static final int RECORD_ROUTE = 7;
    private static final int TIMESTAMP = 68;

    private static final int LENGTH = 1;
    private static final int POINTER = 2;
    private static final int OVERFLOW = 3;

    /** Of a timestamp option: times alone, or each behind the address of its router. */
    private static final int TIMES = 0;

    private static final int ADDRESSES_AND_TIMES = 1;

    /** Set in a timestamp that is not milliseconds since midnight, universal time. */
    private static final int NOT_STANDARD = 0x8000_0000;

    private TraceOptions() {}

    /**
     * Enters a router into the options of a packet that it sends on: RFC 1812 sections 5.3.13.5 and
     * 5.3.13.6.
     *
     * @param packet wrapped, of either family; one without such options stays as it is
     * @param address the router's, as an IPv4 address
     * @param nowNanos of any clock: timestamps are marked as not standard
     * @return false where the sender has left room for a part of an entry, or more routers were
     *     passed than can be counted: then the packet is to be dropped
     */
    public static boolean enter(IpPacket packet, int address, long nowNanos) {
        if (packet.version() == 6 || packet.ipv4().headerLength() == Ipv4Header.MINIMUM_LENGTH) {
            return true;
        }
        ByteBuffer bytes = packet.bytes();
        int start = packet.start();
        int end = start + packet.ipv4().headerLength();
        boolean sound = true;
        for (int at = start + Ipv4Header.MINIMUM_LENGTH; at < end; ) {
            int kind = bytes.get(at);
            if (kind == Ipv4Header.END_OF_OPTIONS) break;
            int length = kind == Ipv4Header.NO_OPERATION ? 1 : bytes.get(at + LENGTH) & 0xff;
            if (kind == RECORD_ROUTE) {
                sound &= record(bytes, at, length, address);
            } else if (kind == TIMESTAMP) {
                sound &= stamp(bytes, at, length, address, nowNanos);
            }
            at += length;
        }
        Ipv4Header.renewChecksum(bytes, start, end - start);
        return sound;
    }

    private static boolean record(ByteBuffer bytes, int at, int length, int address) {
        if (length <= POINTER) return false;
        int pointer = bytes.get(at + POINTER) & 0xff;
        if (pointer > length) return true;
        return hasRoom(pointer, POINTER + 2, length, Integer.BYTES)
                && put(bytes, at, pointer, address);
    }

    private static boolean stamp(ByteBuffer bytes, int at, int length, int address, long nowNanos) {
        if (length <= OVERFLOW) return false;
        int pointer = bytes.get(at + POINTER) & 0xff;
        int overflow = bytes.get(at + OVERFLOW) & 0xff;
        int flag = overflow & 0xf;
        // In the third form the sender has named routers, of whom we are none.
        if (flag != TIMES && flag != ADDRESSES_AND_TIMES) return true;
        if (pointer > length) {
            bytes.put(at + OVERFLOW, (byte) (overflow + 0x10));
            return overflow + 0x10 <= 0xff;
        }
        int entry = flag == TIMES ? Integer.BYTES : 2 * Integer.BYTES;
        if (!hasRoom(pointer, OVERFLOW + 2, length, entry)) return false;
        int time = NOT_STANDARD | (int) (nowNanos / 1_000_000);
        return flag == TIMES
                ? put(bytes, at, pointer, time)
                : put(bytes, at, pointer, address) && put(bytes, at, pointer + Integer.BYTES, time);
    }

    private static boolean hasRoom(int pointer, int first, int length, int entry) {
        return pointer >= first && pointer - 1 + entry <= length;
    }

    private static boolean put(ByteBuffer bytes, int at, int pointer, int value) {
        bytes.putInt(at + pointer - 1, value);
        bytes.put(at + POINTER, (byte) (pointer + Integer.BYTES));
        return true;
    }
}
