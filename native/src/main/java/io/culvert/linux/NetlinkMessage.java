package io.culvert.linux;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;

/**
 * A netlink request being written (netlink(7)): header, one fixed structure, attributes, all in the
 * machine's byte order. For one use and one thread.
 */
final class NetlinkMessage {
    /** {@code struct nlmsghdr}: length, type, flags, sequence, port. */
    static final int HEADER_LENGTH = 16;

    static final int NLM_F_REQUEST = 0x1;
    static final int NLM_F_ACK = 0x4;

    /** Of a request that makes something. */
    static final int NLM_F_EXCL = 0x200;

    static final int NLM_F_CREATE = 0x400;

    /** Of a request for a list: NLM_F_ROOT and NLM_F_MATCH. */
    static final int NLM_F_DUMP = 0x300;

    /** Of an attribute that holds attributes. */
    static final int NLA_F_NESTED = 0x8000;

    static final int ATTRIBUTE_HEADER_LENGTH = 4;

    /**
     * Room for the longest request of {@link Rtnetlink} and {@link Nftables}, and as much again.
     */
    static final int CAPACITY = 1_024;

    private static final int SEQUENCE = 8;

    private final ByteBuffer bytes = ByteBuffer.allocate(CAPACITY).order(ByteOrder.nativeOrder());
    private final boolean dump;

    /**
     * @param flags besides NLM_F_REQUEST, and NLM_F_ACK where no list is asked for
     */
    NetlinkMessage(int type, int flags) {
        this(type, flags, (flags & NLM_F_DUMP) == NLM_F_DUMP, true);
    }

    private NetlinkMessage(int type, int flags, boolean dump, boolean answered) {
        this.dump = dump;
        int all = NLM_F_REQUEST | flags | (answered && !dump ? NLM_F_ACK : 0);
        bytes.putInt(0).putShort((short) type).putShort((short) all).putInt(0).putInt(0);
    }

    /** What begins or ends a batch, and is not answered. */
    static NetlinkMessage unanswered(int type) {
        return new NetlinkMessage(type, 0, false, false);
    }

    boolean dump() {
        return dump;
    }

    /** Appends to the fixed structure. */
    NetlinkMessage u8(int value) {
        bytes.put((byte) value);
        return this;
    }

    NetlinkMessage u16(int value) {
        bytes.putShort((short) value);
        return this;
    }

    NetlinkMessage u32(int value) {
        bytes.putInt(value);
        return this;
    }

    NetlinkMessage attribute(int type, byte... value) {
        bytes.putShort((short) (ATTRIBUTE_HEADER_LENGTH + value.length)).putShort((short) type);
        bytes.put(value);
        return align();
    }

    NetlinkMessage attribute(int type, int value) {
        bytes.putShort((short) (ATTRIBUTE_HEADER_LENGTH + Integer.BYTES)).putShort((short) type);
        return u32(value);
    }

    /** Of netfilter's messages, whose numbers are in network byte order. */
    NetlinkMessage attributeInNetworkOrder(int type, int value) {
        return attribute(type, inNetworkOrder(value));
    }

    static byte[] inNetworkOrder(int value) {
        return ByteBuffer.allocate(Integer.BYTES).putInt(value).array();
    }

    /** A zero-terminated string. */
    NetlinkMessage attribute(int type, String value) {
        return attribute(type, (value + '\0').getBytes(StandardCharsets.UTF_8));
    }

    /** Opens an attribute that holds others; the answer is for {@link #end}. */
    int begin(int type) {
        int start = bytes.position();
        bytes.putShort((short) 0).putShort((short) (type | NLA_F_NESTED));
        return start;
    }

    NetlinkMessage end(int start) {
        bytes.putShort(start, (short) (bytes.position() - start));
        return this;
    }

    /** The whole request, from index 0 to its limit. May be asked for again. */
    ByteBuffer finish(int sequence) {
        bytes.putInt(0, bytes.position()).putInt(SEQUENCE, sequence);
        return bytes.duplicate().order(bytes.order()).flip();
    }

    /** Attributes begin at multiples of four. */
    private NetlinkMessage align() {
        while (bytes.position() % Integer.BYTES != 0) {
            bytes.put((byte) 0);
        }
        return this;
    }
}
