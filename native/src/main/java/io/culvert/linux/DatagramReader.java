package io.culvert.linux;

import java.nio.ByteBuffer;

/**
 * Receives many UDP datagrams with one call, recvmmsg(2), into memory allocated once. What the
 * getters answer is of the last {@link #receive} and for indexes below its result. Confined to one
 * thread. Raw sockets (raw(7)) do as well, where a message over IPv4 begins with the IP header and
 * the port is 0.
 *
 * <p>On a socket with {@link SocketOptions#UDP_GRO} a message may be several datagrams of one
 * sender, joined: all of {@link #segmentSize} bytes but the last, which may be shorter; 65,535
 * bytes each are then needed. On one with {@link SocketOptions#IP_RECVTOS} or {@link
 * SocketOptions#IPV6_RECVTCLASS} each message has its traffic class.
 */
public final class DatagramReader {
    /** For the two messages read here and whatever small ones else a socket was asked for. */
    private static final int CONTROL = 128;

    private final int messages;
    private final int bytesEach;
    private final ByteBuffer bytes;
    private final MessageHeaders headers;
    private int received;

    /**
     * @param messages how many to receive at most with one call
     * @param bytesEach room for each; a longer one is cut and {@link #truncated}
     */
    public DatagramReader(int messages, int bytesEach) {
        this.messages = messages;
        this.bytesEach = bytesEach;
        this.bytes = NativeMemory.allocate(Math.multiplyExact(messages, bytesEach));
        this.headers = new MessageHeaders(messages, messages, CONTROL);
        long address = NativeMemory.address(bytes);
        for (int i = 0; i < messages; i++) {
            headers.vector(i, address + (long) i * bytesEach, bytesEach);
        }
        this.received = messages;
    }

    /** Messages received without waiting, or -errno; -EAGAIN when none is there. */
    public int receive(int fd) {
        for (int i = 0; i < received; i++) {
            headers.prepareToReceive(i, i);
        }
        int result = Syscall.recvmmsg(fd, headers.address(0), messages, Syscall.MSG_DONTWAIT);
        // A failing first message may have used its header too.
        received = Math.max(result, 1);
        return result;
    }

    /** All messages' memory, in network byte order; its position and limit are the caller's. */
    public ByteBuffer bytes() {
        return bytes;
    }

    /** Where in {@link #bytes} message {@code i} begins. */
    public int offset(int i) {
        return i * bytesEach;
    }

    /** The bytes of message {@code i} that are in {@link #bytes}. */
    public int length(int i) {
        return headers.length(i);
    }

    /** Whether message {@code i} was longer than its room. */
    public boolean truncated(int i) {
        return (headers.flags(i) & Syscall.MSG_TRUNC) != 0;
    }

    /** The sender's address, first half. */
    public long sourceHigh(int i) {
        return headers.nameHigh(i);
    }

    /** The sender's address, second half; in mapped form for IPv4. */
    public long sourceLow(int i) {
        return headers.nameLow(i);
    }

    public int sourcePort(int i) {
        return headers.namePort(i);
    }

    /** Bytes of each datagram that message {@code i} joins; its length where it is a single one. */
    public int segmentSize(int i) {
        int at = headers.find(i, SocketOptions.SOL_UDP, SocketOptions.UDP_GRO);
        return at == MessageHeaders.ABSENT ? length(i) : headers.bytes().getInt(at);
    }

    /** The type-of-service byte or traffic class; 0 where the socket was not asked to tell. */
    public int trafficClass(int i) {
        // ip(7): one byte; ipv6(7), RFC 3542 §6.5: an int
        int at = headers.find(i, SocketOptions.IPPROTO_IP, SocketOptions.IP_TOS);
        if (at != MessageHeaders.ABSENT) {
            return Byte.toUnsignedInt(headers.bytes().get(at));
        }
        at = headers.find(i, SocketOptions.IPPROTO_IPV6, SocketOptions.IPV6_TCLASS);
        return at == MessageHeaders.ABSENT ? 0 : headers.bytes().getInt(at);
    }
}
