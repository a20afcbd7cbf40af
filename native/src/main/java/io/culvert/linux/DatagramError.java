package io.culvert.linux;

import java.nio.ByteBuffer;

/**
 * Reads a socket's error queue one entry at a time: which datagram failed and why, as IP_RECVERR of
 * ip(7) and IPV6_RECVERR of ipv6(7) keep it. The socket must have that option set; epoll says
 * EPOLLERR when an entry waits. What the getters answer is of the last entry received. Confined to
 * one thread.
 */
public final class DatagramError {
    /** {@link #origin}: the local kernel, for instance because the datagram is too long. */
    public static final int LOCAL = 1;

    /** {@link #origin}: an ICMP message (RFC 792). */
    public static final int ICMP = 2;

    /** {@link #origin}: an ICMPv6 message (RFC 4443). */
    public static final int ICMP6 = 3;

    /** More than an ICMP message quotes: 576 bytes in all (RFC 1812 §4.3.2.3), 1,280 for ICMPv6. */
    private static final int PAYLOAD = 2048;

    /** struct sock_extended_err of linux/errqueue.h; the offender's address follows it. */
    private static final int ERRNO = 0;

    private static final int ORIGIN = 4;
    private static final int TYPE = 5;
    private static final int CODE = 6;
    private static final int INFO = 8;
    private static final int OFFENDER = 16;

    private final ByteBuffer bytes = NativeMemory.allocate(PAYLOAD);
    private final MessageHeaders headers = new MessageHeaders(1, 1, 256);
    private final ByteBuffer control = headers.bytes();
    private int error = MessageHeaders.ABSENT;

    public DatagramError() {
        headers.vector(0, NativeMemory.address(bytes), PAYLOAD);
    }

    /**
     * Takes the oldest entry: the bytes of the failed datagram's payload that are known, from its
     * start (often few, sometimes 0), or -errno; -EAGAIN when the queue is empty.
     */
    public int receive(int fd) {
        for (; ; ) {
            headers.prepareToReceive(0, 0);
            int result =
                    Syscall.recvmsg(
                            fd, headers.address(0), Syscall.MSG_ERRQUEUE | Syscall.MSG_DONTWAIT);
            if (result < 0) {
                return result;
            }
            error = headers.find(0, SocketOptions.IPPROTO_IP, SocketOptions.IP_RECVERR);
            if (error == MessageHeaders.ABSENT) {
                error = headers.find(0, SocketOptions.IPPROTO_IPV6, SocketOptions.IPV6_RECVERR);
            }
            // Entries of other kinds (time stamps) are nobody's here.
            if (error != MessageHeaders.ABSENT) {
                return result;
            }
        }
    }

    /** The errno value that the error stands for. */
    public int errno() {
        return control.getInt(error + ERRNO);
    }

    /** Where the error comes from: {@link #LOCAL}, {@link #ICMP} or {@link #ICMP6}. */
    public int origin() {
        return Byte.toUnsignedInt(control.get(error + ORIGIN));
    }

    /** The ICMP type; 0 for {@link #LOCAL}. */
    public int type() {
        return Byte.toUnsignedInt(control.get(error + TYPE));
    }

    /** The ICMP code; 0 for {@link #LOCAL}. */
    public int code() {
        return Byte.toUnsignedInt(control.get(error + CODE));
    }

    /** The MTU in bytes where {@link #errno} is EMSGSIZE. */
    public int info() {
        return control.getInt(error + INFO);
    }

    /** Who sent the ICMP message, first half; 0 for {@link #LOCAL}. */
    public long offenderHigh() {
        return Sockaddr.high(control, error + OFFENDER);
    }

    /** Who sent the ICMP message, second half, in mapped form for IPv4; 0 for {@link #LOCAL}. */
    public long offenderLow() {
        return Sockaddr.low(control, error + OFFENDER);
    }

    /** Where the failed datagram was sent to, first half. */
    public long destinationHigh() {
        return headers.nameHigh(0);
    }

    /** Where the failed datagram was sent to, second half; in mapped form for IPv4. */
    public long destinationLow() {
        return headers.nameLow(0);
    }

    public int destinationPort() {
        return headers.namePort(0);
    }

    /** The payload, from index 0. */
    public ByteBuffer bytes() {
        return bytes;
    }
}
