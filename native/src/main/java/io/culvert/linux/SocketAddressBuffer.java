package io.culvert.linux;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * One socket address in direct memory, to be given to calls and filled by them. Addresses are two
 * longs, IPv4 in mapped form ({@code high} 0, {@code low} {@code 0x0000_ffff_xxxx_xxxx}).
 *
 * <p>A mapped address becomes a sockaddr_in, which a TCP socket over IPv6 does not take: connect
 * with a socket of the address's own family. Reusable; confined to one thread.
 */
public final class SocketAddressBuffer {
    /** sizeof(struct sockaddr_storage), socket(7): room for any family. */
    private static final int CAPACITY = 128;

    /** unix(7): sun_path follows the family and ends with a zero byte. */
    private static final int UNIX_PATH = 2;

    private static final int UNIX_PATH_LENGTH = 108;

    /** The socklen_t follows the address. */
    private static final int LENGTH = CAPACITY;

    private final ByteBuffer bytes = NativeMemory.allocateNative(CAPACITY + Integer.BYTES);
    private final long address = NativeMemory.address(bytes);

    /** Sets an address, as sockaddr_in where it is mapped and as sockaddr_in6 otherwise. */
    public SocketAddressBuffer set(long high, long low, int port) {
        return length(Sockaddr.put(bytes, 0, high, low, port));
    }

    /** Sets the address that stands for every local one, 0.0.0.0 or ::. */
    public SocketAddressBuffer setUnspecified(boolean ipv6, int port) {
        return length(
                ipv6
                        ? Sockaddr.putInet6(bytes, 0, 0, 0, port, 0)
                        : Sockaddr.putInet(bytes, 0, 0, port));
    }

    /**
     * Sets a path of unix(7).
     *
     * @throws IllegalArgumentException when its UTF-8 form is longer than 107 bytes
     */
    public SocketAddressBuffer setUnix(Path path) {
        byte[] name = path.toString().getBytes(StandardCharsets.UTF_8);
        if (name.length >= UNIX_PATH_LENGTH) {
            throw new IllegalArgumentException(
                    "a Unix socket's path has at most 107 bytes, this one "
                            + name.length
                            + ": "
                            + path);
        }
        bytes.putShort(0, (short) Sockaddr.AF_UNIX)
                .put(UNIX_PATH, name)
                .put(UNIX_PATH + name.length, (byte) 0);
        return length(UNIX_PATH + name.length + 1);
    }

    /**
     * Sets a resolved address; the scope of a link-local one is kept.
     *
     * @throws IllegalArgumentException when it is not resolved
     */
    public SocketAddressBuffer set(InetSocketAddress socketAddress) {
        InetAddress inet = socketAddress.getAddress();
        if (inet == null) {
            throw new IllegalArgumentException("not resolved: " + socketAddress.getHostString());
        }
        ByteBuffer octets = ByteBuffer.wrap(inet.getAddress()).order(ByteOrder.BIG_ENDIAN);
        int port = socketAddress.getPort();
        if (inet instanceof Inet6Address inet6) {
            return length(
                    Sockaddr.putInet6(
                            bytes,
                            0,
                            octets.getLong(0),
                            octets.getLong(Long.BYTES),
                            port,
                            inet6.getScopeId()));
        }
        return length(Sockaddr.putInet(bytes, 0, octets.getInt(0), port));
    }

    /** Empties it for a call that fills it in: accept, getsockname, recvmsg. */
    public SocketAddressBuffer prepare() {
        bytes.putShort(0, (short) Sockaddr.AF_UNSPEC);
        return length(CAPACITY);
    }

    /** The address of the sockaddr. */
    public long address() {
        return address;
    }

    /** The sockaddr's length in bytes, as set here or by the call that filled it in. */
    public int length() {
        return bytes.getInt(LENGTH);
    }

    /** The address of the socklen_t with {@link #length()}. */
    public long lengthAddress() {
        return address + LENGTH;
    }

    /** The Internet address's first half; 0 in another family. */
    public long addressHigh() {
        return Sockaddr.high(bytes, 0);
    }

    /** The Internet address's second half, in mapped form for IPv4; 0 in another family. */
    public long addressLow() {
        return Sockaddr.low(bytes, 0);
    }

    /** The Internet port; 0 in another family. */
    public int port() {
        return Sockaddr.port(bytes, 0);
    }

    /** Whether the family is AF_INET6, which it also is for a mapped address in a sockaddr_in6. */
    public boolean isIpv6() {
        return Sockaddr.family(bytes, 0) == Sockaddr.AF_INET6;
    }

    /**
     * The same as Java's own value; a mapped address becomes an {@link java.net.Inet4Address}.
     *
     * @throws IllegalStateException when the family is not of the Internet
     */
    public InetSocketAddress toInetSocketAddress() {
        int family = Sockaddr.family(bytes, 0);
        if (family != Sockaddr.AF_INET && family != Sockaddr.AF_INET6) {
            throw new IllegalStateException("not an Internet address: family " + family);
        }
        byte[] octets =
                ByteBuffer.allocate(2 * Long.BYTES)
                        .putLong(addressHigh())
                        .putLong(addressLow())
                        .array();
        int scope = Sockaddr.scope(bytes, 0);
        try {
            InetAddress inet =
                    scope == 0
                            ? InetAddress.getByAddress(octets)
                            : Inet6Address.getByAddress(null, octets, scope);
            return new InetSocketAddress(inet, port());
        } catch (UnknownHostException wrongLength) {
            throw new IllegalStateException(wrongLength);
        }
    }

    private SocketAddressBuffer length(int length) {
        bytes.putInt(LENGTH, length);
        return this;
    }
}
