package io.culvert.linux;

import java.nio.ByteBuffer;

/**
 * The kernel's view of one TCP connection: TCP_INFO of tcp(7), struct tcp_info of linux/tcp.h (4.6
 * and later). Reusable; confined to one thread.
 */
public final class TcpInfo {
    /** The {@link #state} of a connection that is over, or was reset: TCP_CLOSE. */
    public static final int CLOSED = 7;

    private static final int STATE = 0;
    private static final int SND_MSS = 16;
    private static final int UNACKED = 24;
    private static final int PMTU = 60;
    private static final int RTT = 68;
    private static final int RTTVAR = 72;
    private static final int SND_CWND = 80;
    private static final int TOTAL_RETRANS = 100;
    private static final int BYTES_ACKED = 120;
    private static final int BYTES_RECEIVED = 128;
    private static final int NOTSENT_BYTES = 144;
    private static final int SIZE = 148;

    /** The socklen_t follows the structure. */
    private static final int LENGTH = SIZE;

    private final ByteBuffer bytes = NativeMemory.allocateNative(SIZE + Integer.BYTES);
    private final long address = NativeMemory.address(bytes);

    /** Reads a socket's values; false when it is not an open TCP socket, and they are void. */
    public boolean read(int fd) {
        bytes.putInt(LENGTH, SIZE);
        int result =
                Syscall.getsockopt(
                        fd,
                        SocketOptions.IPPROTO_TCP,
                        SocketOptions.TCP_INFO,
                        address,
                        address + LENGTH);
        return result == 0 && bytes.getInt(LENGTH) == SIZE;
    }

    /**
     * The kernel's number of the state: 1 established, {@link #CLOSED}, 10 listening
     * (tcp_states.h).
     */
    public int state() {
        return bytes.get(STATE);
    }

    /** Payload bytes of a full segment to the peer. */
    public int sndMss() {
        return bytes.getInt(SND_MSS);
    }

    /** Segments sent and not acknowledged yet. */
    public int unacked() {
        return bytes.getInt(UNACKED);
    }

    /** The path MTU in bytes. */
    public int pmtu() {
        return bytes.getInt(PMTU);
    }

    /** The smoothed round trip time in microseconds (RFC 6298 §2). */
    public int rtt() {
        return bytes.getInt(RTT);
    }

    /** Its variation in microseconds (RFC 6298 §2). */
    public int rttvar() {
        return bytes.getInt(RTTVAR);
    }

    /** The congestion window in segments (RFC 5681 §2). */
    public int sndCwnd() {
        return bytes.getInt(SND_CWND);
    }

    /** Segments sent again since the connection opened. */
    public int retransmits() {
        return bytes.getInt(TOTAL_RETRANS);
    }

    /** Payload bytes that the peer acknowledged, its SYN and FIN counted too (RFC 4898). */
    public long bytesAcked() {
        return bytes.getLong(BYTES_ACKED);
    }

    /** Payload bytes that arrived in order, the peer's FIN counted too (RFC 4898). */
    public long bytesReceived() {
        return bytes.getLong(BYTES_RECEIVED);
    }

    /** Payload bytes that wait to be sent for the first time. */
    public int notsent() {
        return bytes.getInt(NOTSENT_BYTES);
    }
}
