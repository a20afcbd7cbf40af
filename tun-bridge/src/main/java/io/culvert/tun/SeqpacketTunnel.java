package io.culvert.tun;

import io.culvert.linux.Errno;
import io.culvert.linux.Syscall;
import io.culvert.tun.Packet.Segmentation;

/**
 * A tunnel over a connected Unix socket that keeps messages apart (SOCK_SEQPACKET, unix(7)): each
 * message is one IP packet, with nothing around it. Its peer may go and come back by another
 * connection; what is sent meanwhile is lost.
 *
 * <p>Descriptors that come along are closed by the kernel, as no room is made for them.
 *
 * <p>Threading: {@link #connect} and {@link #disconnect} on one thread, while workers use ends of
 * their own. Who disconnects closes the socket only once every worker has gone on to something
 * else.
 */
public final class SeqpacketTunnel {
    private static final int NONE = -1;

    private final int mtu;
    private volatile int descriptor = NONE;

    /**
     * @param mtu bytes of the longest packet that the peer takes
     */
    public SeqpacketTunnel(int mtu) {
        this.mtu = mtu;
    }

    /** From now on packets go through that socket, which stays its owner's. */
    public void connect(int socket) {
        descriptor = socket;
    }

    /** From now on nobody is there. */
    public void disconnect() {
        descriptor = NONE;
    }

    public boolean isConnected() {
        return descriptor != NONE;
    }

    /**
     * What all ends of one worker share, since each needs it for the length of a call: a few
     * hundred KiB, and there may be thousands of tunnels.
     */
    public static final class Buffers {
        private final Packet received = new Packet();
        private final Segmenter segmenter = new Segmenter();
        private final Coalescer coalescer = new Coalescer();
    }

    /**
     * An end for one worker.
     *
     * @param buffers the worker's
     */
    public End end(Buffers buffers) {
        return new End(buffers);
    }

    /** One worker's end; of all only one may receive. */
    public final class End implements PacketDevice {
        private final Buffers buffers;
        private final PacketHandler segmentSender = this::sendSegment;
        private Sent worstOfSegments = Sent.TAKEN;
        private boolean over;

        private End(Buffers buffers) {
            this.buffers = buffers;
        }

        /**
         * As the contract says, but that what belongs together is handed over as super-packets, and
         * counts as the packets it was; a message that is too long for any IP packet is handed over
         * as an empty one.
         */
        @Override
        public int receive(PacketHandler handler, int budget) {
            try {
                return read(handler, budget);
            } finally {
                // Nothing is left, or the handler has failed. Then it must not be the next
                // tunnel's.
                buffers.coalescer.clear();
            }
        }

        private int read(PacketHandler handler, int budget) {
            Packet received = buffers.received;
            long buffer = received.address() + Packet.OFFSET;
            int count = 0;
            while (count < budget) {
                int read =
                        Syscall.recv(descriptor, buffer, Packet.MAXIMUM_LENGTH, Syscall.MSG_TRUNC);
                if (read <= 0) {
                    over = read == 0 || !Errno.EAGAIN.is(read);
                    break;
                }
                received.plain(read > Packet.MAXIMUM_LENGTH ? 0 : read);
                buffers.coalescer.take(received, handler);
                count++;
            }
            buffers.coalescer.flush(handler);
            return count;
        }

        /** Whether the last call found that the peer has gone: an empty message says so as well. */
        public boolean isOver() {
            return over;
        }

        @Override
        public Sent send(Packet packet) {
            if (packet.segmentation() == Segmentation.NONE) {
                return sendWhole(packet);
            }
            worstOfSegments = Sent.TAKEN;
            return buffers.segmenter.cut(packet, segmentSender) == 0
                    ? Sent.FAILED
                    : worstOfSegments;
        }

        private void sendSegment(Packet segment) {
            worstOfSegments = worstOfSegments.worse(sendWhole(segment));
        }

        private Sent sendWhole(Packet packet) {
            if (!PartialChecksum.complete(packet)) {
                return Sent.FAILED;
            }
            int result =
                    Syscall.send(
                            descriptor,
                            packet.address() + Packet.OFFSET,
                            packet.length(),
                            Syscall.MSG_NOSIGNAL);
            if (result >= 0) {
                return Sent.TAKEN;
            }
            // One that reads slowly loses what does not fit, and nobody else anything.
            if (Errno.EAGAIN.is(result) || Errno.ENOBUFS.is(result)) {
                return Sent.FULL;
            }
            // unix(7) and the number that stands for no socket.
            return Errno.EPIPE.is(result) || Errno.ECONNRESET.is(result) || Errno.EBADF.is(result)
                    ? Sent.DOWN
                    : Sent.FAILED;
        }

        @Override
        public int mtu() {
            return mtu;
        }

        @Override
        public int descriptor() {
            return descriptor;
        }

        @Override
        public void close() {
            // The socket is its owner's.
        }
    }
}
