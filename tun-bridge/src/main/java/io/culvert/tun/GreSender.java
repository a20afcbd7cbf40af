package io.culvert.tun;

import io.culvert.linux.DatagramWriter;
import io.culvert.linux.Errno;

import java.nio.ByteBuffer;

/**
 * What a worker sends by the tunnels of a {@link GreEndpoint} through: kept until {@link #flush}
 * and handed to the kernel in few calls. Confined to the worker.
 */
public final class GreSender {
    private final GreSockets sockets;
    private final PathChange change;
    private final DatagramWriter writer;
    private final Segmenter segmenter = new Segmenter();
    private boolean holds;
    private long sent;
    private long lost;

    /** Told that a packet was too long for the way to an address. */
    @FunctionalInterface
    interface PathChange {
        void shrank(long high, long low);
    }

    /**
     * @param packets that may wait
     * @param bytes memory for them, at least 65,536
     */
    GreSender(GreSockets sockets, int packets, int bytes, PathChange change) {
        this.sockets = sockets;
        this.change = change;
        writer = DatagramWriter.withoutRuns(packets, bytes, this::failed);
    }

    Segmenter segmenter() {
        return segmenter;
    }

    GreSockets sockets() {
        return sockets;
    }

    /** Queues what follows the outer IP header. */
    void add(
            int socket,
            long high,
            long low,
            int trafficClass,
            ByteBuffer bytes,
            int offset,
            int length) {
        holds = true;
        sent++;
        writer.add(socket, high, low, /* port= */ 0, trafficClass, bytes, offset, length, 0);
    }

    /** Sends what was given to the tunnels; quick where that was nothing. */
    public void flush() {
        if (holds && !sockets.isClosed()) {
            holds = false;
            writer.flush();
        }
    }

    /** Packets that the kernel has taken. */
    public long sent() {
        return sent - lost;
    }

    /** Packets that it has not: no room, no way, or too long for a way that shrank. */
    public long lost() {
        return lost;
    }

    private void failed(int fd, long high, long low, int port, int errno, int packets) {
        lost += packets;
        if (errno == Errno.EMSGSIZE.number()) {
            change.shrank(high, low);
        }
    }
}
