package io.culvert.tun;

import io.culvert.linux.Errno;
import io.culvert.linux.MessageReader;
import io.culvert.linux.MessageWriter;
import io.culvert.linux.SocketOptions;
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

    /** Messages that one call receives. */
    private static final int BATCH = 32;

    /** The packets of a super-packet, and what waits before them. */
    private static final int MESSAGES = 256;

    private static final int MESSAGE_BYTES = 4 * 65_536;

    /**
     * What the kernel holds of what is sent and not yet read, which counts a packet of 1,500 bytes
     * as 2,304 and doubles this (socket(7)): some nine hundred. The 208 KiB that are usual are two
     * super-packets.
     */
    private static final int SEND_BUFFER = 1 << 20;

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
        int level = SocketOptions.SOL_SOCKET;
        int forced = Syscall.setsockopt(socket, level, SocketOptions.SO_SNDBUFFORCE, SEND_BUFFER);
        if (Errno.EPERM.is(forced)) {
            // As much as the system allows everybody; less is no failure.
            Syscall.setsockopt(socket, level, SocketOptions.SO_SNDBUF, SEND_BUFFER);
        }
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
     * What all ends of one worker share, since each needs it for the length of a call: some three
     * MiB, and there may be thousands of tunnels.
     */
    public static final class Buffers {
        private final Packet[] received = new Packet[BATCH];
        private final MessageReader reader;
        private final MessageWriter writer = new MessageWriter(MESSAGES, MESSAGE_BYTES);
        private final Segmenter segmenter = new Segmenter();
        private final Coalescer coalescer = new Coalescer();

        public Buffers() {
            long[] addresses = new long[BATCH];
            for (int i = 0; i < BATCH; i++) {
                received[i] = new Packet();
                addresses[i] = received[i].address() + Packet.OFFSET;
            }
            reader = new MessageReader(addresses, Packet.MAXIMUM_LENGTH);
        }
    }

    /**
     * An end for one worker, which sends each packet at once.
     *
     * @param buffers the worker's
     */
    public End end(Buffers buffers) {
        return new End(buffers, false);
    }

    /**
     * An end that keeps packets until {@link End#flush}, and what finds no room then until the next
     * one, so that nothing is lost where its user sends no more while {@link End#isBlocked}.
     *
     * @param buffers for it alone
     */
    public End patientEnd(Buffers buffers) {
        return new End(buffers, true);
    }

    /** One worker's end; of all only one may receive. */
    public final class End implements PacketDevice {
        private final Buffers buffers;
        private final boolean patient;
        private final PacketHandler segmentKeeper = this::keepSegment;
        private Sent worstOfSegments = Sent.TAKEN;
        private boolean over;
        private boolean blocked;

        private End(Buffers buffers, boolean patient) {
            this.buffers = buffers;
            this.patient = patient;
        }

        /**
         * As the contract says, but that what belongs together is handed over as super-packets, and
         * counts as the packets it was; a message that is too long for any IP packet is handed over
         * as an empty one.
         */
        @Override
        public int receive(PacketHandler handler, int budget) {
            over = false;
            try {
                return read(handler, budget);
            } finally {
                // Nothing is left, or the handler has failed. Then it must not be the next
                // tunnel's.
                buffers.coalescer.clear();
            }
        }

        private int read(PacketHandler handler, int budget) {
            int count = 0;
            while (count < budget && !over) {
                int asked = Math.min(BATCH, budget - count);
                int read = buffers.reader.receive(descriptor, asked);
                if (read < 0) {
                    over = !Errno.EAGAIN.is(read);
                    break;
                }
                count += handOver(read, handler);
                if (read < asked) {
                    break;
                }
            }
            buffers.coalescer.flush(handler);
            return count;
        }

        /** As many as there are before the end. */
        private int handOver(int read, PacketHandler handler) {
            for (int i = 0; i < read; i++) {
                int length = buffers.reader.length(i);
                if (length == 0) {
                    over = true;
                    return i;
                }
                Packet packet = buffers.received[i];
                packet.plain(length > Packet.MAXIMUM_LENGTH ? 0 : length);
                buffers.coalescer.take(packet, handler);
            }
            return read;
        }

        /** Whether the last call found that the peer has gone: an empty message says so as well. */
        public boolean isOver() {
            return over;
        }

        @Override
        public Sent send(Packet packet) {
            if (packet.segmentation() != Segmentation.NONE) {
                worstOfSegments = Sent.TAKEN;
                int segments = buffers.segmenter.cut(packet, segmentKeeper);
                if (!patient) {
                    worst(sendKept());
                }
                return segments == 0 ? Sent.FAILED : worstOfSegments;
            }
            if (!PartialChecksum.complete(packet)) {
                return Sent.FAILED;
            }
            if (patient) {
                worstOfSegments = Sent.TAKEN;
                keepSegment(packet);
                return worstOfSegments;
            }
            return outcome(
                    Syscall.send(
                            descriptor,
                            packet.address() + Packet.OFFSET,
                            packet.length(),
                            Syscall.MSG_NOSIGNAL));
        }

        private void keepSegment(Packet segment) {
            if (!buffers.writer.hasRoom(segment.length())) {
                worst(sendKept());
            }
            if (buffers.writer.hasRoom(segment.length())) {
                buffers.writer.add(segment.bytes(), Packet.OFFSET, segment.length());
            } else {
                worst(Sent.FULL);
            }
        }

        /** Sends what was kept; what does not go is kept on by who is patient, or else lost. */
        private Sent sendKept() {
            int result = buffers.writer.send(descriptor);
            blocked = patient && Errno.EAGAIN.is(result);
            if (blocked) {
                return Sent.TAKEN;
            }
            buffers.writer.clear();
            return outcome(result);
        }

        private void worst(Sent sent) {
            worstOfSegments = worstOfSegments.worse(sent);
        }

        private Sent outcome(int result) {
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

        /** Of a patient end: what it kept goes out, as much as there is room for. */
        @Override
        public void flush() {
            if (patient) {
                Sent unused = sendKept();
            }
        }

        /** Of a patient end: whether something is left of the last flush that found no room. */
        public boolean isBlocked() {
            return blocked;
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
