package io.culvert.linux;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;

/**
 * The attributes of a netlink answer, read (netlink(7)). What is missing reads as the default that
 * the caller gives; a length that runs over the end ends the list. Immutable.
 */
final class NetlinkAttributes {
    private static final NetlinkAttributes NONE = new NetlinkAttributes();
    private static final int TYPE_MASK = 0x3fff;

    private final Map<Integer, byte[]> values = new HashMap<>();

    private NetlinkAttributes() {}

    /** Reads {@code bytes} from {@code start} to the limit; keeps no reference to it. */
    static NetlinkAttributes read(ByteBuffer bytes, int start) {
        NetlinkAttributes attributes = new NetlinkAttributes();
        int at = start;
        while (at >= 0 && at + NetlinkMessage.ATTRIBUTE_HEADER_LENGTH <= bytes.limit()) {
            int length = Short.toUnsignedInt(bytes.getShort(at));
            if (length < NetlinkMessage.ATTRIBUTE_HEADER_LENGTH || at + length > bytes.limit()) {
                break;
            }
            byte[] value = new byte[length - NetlinkMessage.ATTRIBUTE_HEADER_LENGTH];
            bytes.get(at + NetlinkMessage.ATTRIBUTE_HEADER_LENGTH, value);
            attributes.values.put(bytes.getShort(at + 2) & TYPE_MASK, value);
            at += length + Integer.BYTES - 1 & -Integer.BYTES;
        }
        return attributes;
    }

    boolean has(int type) {
        return values.containsKey(type);
    }

    int u8(int type, int otherwise) {
        byte[] value = values.get(type);
        return value == null || value.length < Byte.BYTES
                ? otherwise
                : Byte.toUnsignedInt(value[0]);
    }

    int u32(int type, int otherwise) {
        byte[] value = values.get(type);
        return value == null || value.length < Integer.BYTES ? otherwise : wrap(value).getInt();
    }

    /** As {@link #u32} of a number in network byte order. */
    int u32InNetworkOrder(int type, int otherwise) {
        byte[] value = values.get(type);
        return value == null || value.length < Integer.BYTES
                ? otherwise
                : ByteBuffer.wrap(value).getInt();
    }

    /** Empty where it is missing. */
    byte[] bytes(int type) {
        return values.getOrDefault(type, new byte[0]).clone();
    }

    /** The same in the machine's byte order. */
    ByteBuffer buffer(int type) {
        return wrap(bytes(type));
    }

    String string(int type, String otherwise) {
        byte[] value = values.get(type);
        if (value == null) {
            return otherwise;
        }
        String text = new String(value, StandardCharsets.UTF_8);
        int end = text.indexOf('\0');
        return end < 0 ? text : text.substring(0, end);
    }

    InetAddress address(int type, InetAddress otherwise) {
        byte[] value = values.get(type);
        if (value == null) {
            return otherwise;
        }
        try {
            return InetAddress.getByAddress(value);
        } catch (UnknownHostException e) {
            return otherwise; // neither 4 nor 16 bytes
        }
    }

    NetlinkAttributes nested(int type) {
        byte[] value = values.get(type);
        return value == null ? NONE : read(wrap(value), 0);
    }

    private static ByteBuffer wrap(byte[] value) {
        return ByteBuffer.wrap(value).order(ByteOrder.nativeOrder());
    }
}
