package io.culvert.linux;

import java.nio.ByteBuffer;

/**
 * An array of struct mmsghdr for sendmmsg(2) and recvmmsg(2), each with a socket address and room
 * for control messages, and one array of struct iovec that they share. A struct mmsghdr begins with
 * a struct msghdr, so one serves sendmsg(2) and recvmsg(2) too. Layout of 64-bit Linux:
 *
 * <pre>
 *          0      8            16     24           32        40              48      56
 * mmsghdr  | name | nameLength | iovs | iovsLength | control | controlLength | flags | length | (64)
 * iovec    | base | length     | (16)
 * cmsghdr  | length | level, type | data, to a multiple of 8
 * </pre>
 *
 * <p>Reusable; confined to one thread.
 */
final class MessageHeaders {
    /** What {@link #find} answers when there is none. */
    static final int ABSENT = -1;

    private static final int HEADER = 64;
    private static final int VECTOR = 16;
    private static final int NAME = 32;

    private static final int NAME_LENGTH = 8;
    private static final int VECTORS = 16;
    private static final int VECTORS_LENGTH = 24;
    private static final int CONTROL = 32;
    private static final int CONTROL_LENGTH = 40;
    private static final int FLAGS = 48;
    private static final int LENGTH = 56;

    private static final int CMSG_LEVEL = 8;
    private static final int CMSG_TYPE = 12;
    private static final int CMSG_DATA = 16;

    private final ByteBuffer bytes;
    private final long address;
    private final int names;
    private final int vectors;
    private final int controls;
    private final int controlCapacity;

    /**
     * @param count how many headers
     * @param vectors how many iovec they share
     * @param control bytes of control messages for each: the sum of its {@link #controlSpace}s
     */
    MessageHeaders(int count, int vectors, int control) {
        this.names = count * HEADER;
        this.vectors = names + count * NAME;
        this.controls = this.vectors + vectors * VECTOR;
        this.controlCapacity = control;
        this.bytes = NativeMemory.allocateNative(controls + count * control);
        this.address = NativeMemory.address(bytes);
        for (int i = 0; i < count; i++) {
            bytes.putLong(i * HEADER + CONTROL, address + control(i));
        }
    }

    /** Bytes that a control message with that much data takes: CMSG_SPACE of cmsg(3). */
    static int controlSpace(int data) {
        return CMSG_DATA + (data + Long.BYTES - 1) / Long.BYTES * Long.BYTES;
    }

    /** The address of a header, and of the array from there on. */
    long address(int i) {
        return address + (long) i * HEADER;
    }

    /** Makes a header ready to be filled in by the kernel, its bytes going into one iovec. */
    void prepareToReceive(int i, int vector) {
        int header = i * HEADER;
        bytes.putLong(header, address + name(i))
                .putInt(header + NAME_LENGTH, NAME)
                .putLong(header + CONTROL_LENGTH, controlCapacity)
                .putInt(header + FLAGS, 0)
                .putShort(name(i), (short) Sockaddr.AF_UNSPEC);
        vectors(i, vector, 1);
    }

    /** Makes a header ready to be sent, without a destination and control messages yet. */
    void prepareToSend(int i, int firstVector, int vectorCount) {
        int header = i * HEADER;
        bytes.putLong(header, 0)
                .putInt(header + NAME_LENGTH, 0)
                .putLong(header + CONTROL_LENGTH, 0)
                .putInt(header + FLAGS, 0);
        vectors(i, firstVector, vectorCount);
    }

    /**
     * Makes a header ready for either, with one iovec and without an address and control messages,
     * which it stays: the kernel fills in neither.
     */
    void prepareBare(int i, int vector) {
        prepareToSend(i, vector, 1);
    }

    void destination(int i, long high, long low, int port) {
        int header = i * HEADER;
        bytes.putLong(header, address + name(i))
                .putInt(header + NAME_LENGTH, Sockaddr.put(bytes, name(i), high, low, port));
    }

    void vector(int vector, long base, int length) {
        int at = vectors + vector * VECTOR;
        bytes.putLong(at, base).putLong(at + Long.BYTES, length);
    }

    /** Appends a control message and answers where in {@link #bytes} its data belongs. */
    int addControl(int i, int level, int type, int data) {
        int length = i * HEADER + CONTROL_LENGTH;
        int used = (int) bytes.getLong(length);
        int at = control(i) + used;
        bytes.putLong(at, CMSG_DATA + data).putInt(at + CMSG_LEVEL, level);
        bytes.putInt(at + CMSG_TYPE, type);
        bytes.putLong(length, used + controlSpace(data));
        return at + CMSG_DATA;
    }

    /** Where in {@link #bytes} the data of a received control message is, or {@link #ABSENT}. */
    int find(int i, int level, int type) {
        int at = control(i);
        int end = at + (int) bytes.getLong(i * HEADER + CONTROL_LENGTH);
        while (at + CMSG_DATA <= end) {
            if (bytes.getInt(at + CMSG_LEVEL) == level && bytes.getInt(at + CMSG_TYPE) == type) {
                return at + CMSG_DATA;
            }
            at += controlSpace(controlLength(at + CMSG_DATA));
        }
        return ABSENT;
    }

    /** The bytes of data of a control message that {@link #find} found. */
    int controlLength(int data) {
        return (int) bytes.getLong(data - CMSG_DATA) - CMSG_DATA;
    }

    /** The MSG_ flags of a received message. */
    int flags(int i) {
        return bytes.getInt(i * HEADER + FLAGS);
    }

    /** Bytes of message {@code i} that recvmmsg received or sendmmsg sent. */
    int length(int i) {
        return bytes.getInt(i * HEADER + LENGTH);
    }

    long nameHigh(int i) {
        return Sockaddr.high(bytes, name(i));
    }

    long nameLow(int i) {
        return Sockaddr.low(bytes, name(i));
    }

    int namePort(int i) {
        return Sockaddr.port(bytes, name(i));
    }

    /** All of this memory in the machine's byte order, for control messages' data. */
    ByteBuffer bytes() {
        return bytes;
    }

    private void vectors(int i, int first, int count) {
        int header = i * HEADER;
        bytes.putLong(header + VECTORS, address + vectors + (long) first * VECTOR)
                .putLong(header + VECTORS_LENGTH, count);
    }

    private int name(int i) {
        return names + i * NAME;
    }

    private int control(int i) {
        return controls + i * controlCapacity;
    }
}
