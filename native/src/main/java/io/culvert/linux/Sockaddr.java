package io.culvert.linux;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * struct sockaddr_in (ip(7)) and sockaddr_in6 (ipv6(7)) at an index of a buffer in the machine's
 * byte order. An address outside is two longs, IPv4 in mapped form (RFC 4291 §2.5.5.2); inside, a
 * mapped one is written as sockaddr_in.
 *
 * <pre>
 *               0        2      4                8        16       24       28
 * sockaddr_in   | family | port | address        | zero   |
 * sockaddr_in6  | family | port | flow           | address         | scope  |
 * </pre>
 */
final class Sockaddr {
    static final int AF_UNSPEC = 0;
    static final int AF_UNIX = 1;
    static final int AF_INET = 2;
    static final int AF_INET6 = 10;

    static final int INET_LENGTH = 16;
    static final int INET6_LENGTH = 28;

    private static final int PORT = 2;
    private static final int INET_ADDRESS = 4;
    private static final int FLOW = 4;
    private static final int INET6_ADDRESS = 8;
    private static final int SCOPE = 24;

    private static final long MAPPED = 0xffffL << Integer.SIZE;

    private static final VarHandle SHORT = network(short[].class);
    private static final VarHandle INT = network(int[].class);
    private static final VarHandle LONG = network(long[].class);

    private Sockaddr() {}

    /** Whether the two longs are an IPv4 address in mapped form. */
    static boolean isMapped(long high, long low) {
        return high == 0 && low >>> Integer.SIZE == MAPPED >>> Integer.SIZE;
    }

    /** Writes an address and answers the structure's length. */
    static int put(ByteBuffer bytes, int at, long high, long low, int port) {
        if (isMapped(high, low)) {
            return putInet(bytes, at, (int) low, port);
        }
        return putInet6(bytes, at, high, low, port, 0);
    }

    static int putInet(ByteBuffer bytes, int at, int address, int port) {
        bytes.putShort(at, (short) AF_INET);
        SHORT.set(bytes, at + PORT, (short) port);
        INT.set(bytes, at + INET_ADDRESS, address);
        bytes.putLong(at + INET_ADDRESS + Integer.BYTES, 0);
        return INET_LENGTH;
    }

    /**
     * @param scope the interface that a link-local address is of, else 0 (RFC 4007 §11)
     */
    static int putInet6(ByteBuffer bytes, int at, long high, long low, int port, int scope) {
        bytes.putShort(at, (short) AF_INET6);
        SHORT.set(bytes, at + PORT, (short) port);
        bytes.putInt(at + FLOW, 0);
        LONG.set(bytes, at + INET6_ADDRESS, high);
        LONG.set(bytes, at + INET6_ADDRESS + Long.BYTES, low);
        bytes.putInt(at + SCOPE, scope);
        return INET6_LENGTH;
    }

    static int family(ByteBuffer bytes, int at) {
        return bytes.getShort(at);
    }

    /** The address's first half; 0 where the family is not of the Internet. */
    static long high(ByteBuffer bytes, int at) {
        return family(bytes, at) == AF_INET6 ? (long) LONG.get(bytes, at + INET6_ADDRESS) : 0;
    }

    /** The address's second half; 0 where the family is not of the Internet. */
    static long low(ByteBuffer bytes, int at) {
        return switch (family(bytes, at)) {
            case AF_INET ->
                    MAPPED | Integer.toUnsignedLong((int) INT.get(bytes, at + INET_ADDRESS));
            case AF_INET6 -> (long) LONG.get(bytes, at + INET6_ADDRESS + Long.BYTES);
            default -> 0;
        };
    }

    /** The port; 0 where the family is not of the Internet. */
    static int port(ByteBuffer bytes, int at) {
        int family = family(bytes, at);
        return family == AF_INET || family == AF_INET6
                ? Short.toUnsignedInt((short) SHORT.get(bytes, at + PORT))
                : 0;
    }

    static int scope(ByteBuffer bytes, int at) {
        return family(bytes, at) == AF_INET6 ? bytes.getInt(at + SCOPE) : 0;
    }

    private static VarHandle network(Class<?> array) {
        return MethodHandles.byteBufferViewVarHandle(array, ByteOrder.BIG_ENDIAN);
    }
}
