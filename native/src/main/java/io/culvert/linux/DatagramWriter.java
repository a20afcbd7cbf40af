package io.culvert.linux;

import java.nio.ByteBuffer;

/**
 * Sends many UDP datagrams of many sockets with few calls: sendmmsg(2), and UDP_SEGMENT of udp(7)
 * for runs of equal size. Datagrams are copied by {@link #add} and leave at {@link #flush}, or
 * before when the memory is full; nothing waits for a socket whose buffer is full. Those of one
 * socket and destination keep their order. Allocates nothing after its construction; confined to
 * one thread.
 *
 * <p>Where the kernel refuses a run (EIO: the route cannot; EINVAL, EMSGSIZE: a datagram exceeds
 * the MTU, or {@link SocketOptions#SO_NO_CHECK} is set) its datagrams are sent one by one.
 */
public final class DatagramWriter {
    /** Told of datagrams that were not sent, by the thread in add or flush; must not call back. */
    public interface Failure {
        /**
         * A message could not be sent and is dropped.
         *
         * @param errno why, positive: EAGAIN for a full buffer
         * @param datagrams how many are lost; 0 when they were sent and the error is an earlier
         *     datagram's, which the socket had kept (ICMP errors, udp(7))
         */
        void failed(int fd, long high, long low, int port, int errno, int datagrams);
    }

    private static final int CONTROL =
            MessageHeaders.controlSpace(Short.BYTES)
                    + 2 * MessageHeaders.controlSpace(Integer.BYTES);

    private final DatagramQueue queue;
    private final Failure sink;
    private final Batch whole;
    private final Batch apart = new Batch(DatagramQueue.MAXIMUM_SEGMENTS);

    /** Headers to give to sendmmsg, and which message of the queue each belongs to. */
    private static final class Batch {
        final MessageHeaders headers;
        final int[] message;

        Batch(int capacity) {
            headers = new MessageHeaders(capacity, capacity, CONTROL);
            message = new int[capacity];
        }
    }

    /**
     * @param messages how many runs of datagrams may wait; a datagram between those of other flows
     *     counts as a run
     * @param bytes memory for their payloads, at least 65,536
     */
    public DatagramWriter(int messages, int bytes, Failure sink) {
        this(messages, bytes, true, sink);
    }

    private DatagramWriter(int messages, int bytes, boolean joins, Failure sink) {
        if (messages < 1 || bytes < 1 << 16) {
            throw new IllegalArgumentException(
                    "needs a message and 65,536 bytes or more, not " + messages + " and " + bytes);
        }
        this.queue = new DatagramQueue(messages, bytes, joins);
        this.whole = new Batch(messages);
        this.sink = sink;
    }

    /**
     * One for sockets that know nothing of UDP_SEGMENT, as raw(7): each datagram is a message. Port
     * is 0 there, and {@code segmentSize} has to be 0 too.
     */
    public static DatagramWriter withoutRuns(int messages, int bytes, Failure sink) {
        return new DatagramWriter(messages, bytes, false, sink);
    }

    /**
     * Queues a datagram, or several of one flow joined.
     *
     * @param high the destination, IPv4 in mapped form and on a socket of its own family; all zero
     *     with port 0 for the one that the socket is connected to
     * @param trafficClass the type-of-service byte or traffic class; 0 leaves the socket's own
     * @param payload only read, by index
     * @param segmentSize bytes of each joined datagram, of which the last may be shorter; 0 or
     *     {@code length} for a single one
     */
    public void add(
            int fd,
            long high,
            long low,
            int port,
            int trafficClass,
            ByteBuffer payload,
            int offset,
            int length,
            int segmentSize) {
        int segment = segmentSize <= 0 || segmentSize > length ? length : segmentSize;
        if (segment > DatagramQueue.MAXIMUM_LENGTH) {
            sink.failed(fd, high, low, port, Errno.EMSGSIZE.number(), 1);
            return;
        }
        int step = length;
        if (segment < length) {
            int segments = DatagramQueue.MAXIMUM_LENGTH / segment;
            step = segment * Math.min(segments, DatagramQueue.MAXIMUM_SEGMENTS);
        }
        int at = 0;
        do {
            int part = Math.min(step, length - at);
            if (!queue.hasRoom(part)) {
                flush();
            }
            int size = Math.min(segment, part);
            queue.add(fd, high, low, port, trafficClass, payload, offset + at, part, size);
            at += part;
        } while (at < length);
    }

    /** Sends what waits, and answers how many datagrams the kernel took. */
    public int flush() {
        if (queue.groups() == 0) {
            return 0;
        }
        int sent = 0;
        for (int group = 0; group < queue.groups(); group++) {
            int count = 0;
            int vector = 0;
            for (int message = queue.first(group); message >= 0; message = queue.next(message)) {
                vector = putWhole(count, message, vector);
                count++;
            }
            sent += send(queue.fd(group), whole, count);
        }
        queue.clear();
        return sent;
    }

    private int send(int fd, Batch batch, int count) {
        int sent = 0;
        int pending = 0;
        int at = 0;
        while (at < count) {
            int message = batch.message[at];
            int result =
                    Syscall.sendmmsg(
                            fd, batch.headers.address(at), count - at, Syscall.MSG_DONTWAIT);
            boolean refused = batch == whole && isRun(message) && refusesRuns(result);
            if (result < 0 && pending == 0 && !refused && !isFull(result)) {
                // udp(7): may be the error of an earlier datagram, which this call has cleared.
                pending = -result;
                continue;
            }
            if (pending != 0 && pending != -result) {
                fail(fd, message, pending, 0);
            }
            pending = 0;
            int end = at + Math.max(result, 1);
            if (refused) {
                sent += sendApart(fd, message);
            } else if (result < 0) {
                fail(fd, message, -result, datagrams(batch, at));
            } else {
                for (int i = at; i < end; i++) {
                    sent += datagrams(batch, i);
                }
            }
            at = end;
        }
        return sent;
    }

    /** Sends a message's datagrams each as a message of its own. */
    private int sendApart(int fd, int message) {
        int segment = queue.segmentSize(message);
        int count = 0;
        for (int piece = queue.firstPiece(message); piece >= 0; piece = queue.nextPiece(piece)) {
            int length = queue.pieceLength(piece);
            for (int at = 0; at < length; at += segment) {
                putHeader(apart, count, message, count, 1);
                int part = Math.min(segment, length - at);
                apart.headers.vector(count, queue.pieceAddress(piece) + at, part);
                count++;
            }
        }
        return send(fd, apart, count);
    }

    /** Writes a message's header and answers the first vector that is still unused. */
    private int putWhole(int index, int message, int firstVector) {
        int vector = firstVector;
        for (int piece = queue.firstPiece(message); piece >= 0; piece = queue.nextPiece(piece)) {
            whole.headers.vector(vector, queue.pieceAddress(piece), queue.pieceLength(piece));
            vector++;
        }
        putHeader(whole, index, message, firstVector, vector - firstVector);
        if (isRun(message)) {
            // udp(7), UDP_SEGMENT: an unsigned short
            int at =
                    whole.headers.addControl(
                            index, SocketOptions.SOL_UDP, SocketOptions.UDP_SEGMENT, Short.BYTES);
            whole.headers.bytes().putShort(at, (short) queue.segmentSize(message));
        }
        return vector;
    }

    private void putHeader(Batch batch, int index, int message, int firstVector, int vectors) {
        batch.message[index] = message;
        batch.headers.prepareToSend(index, firstVector, vectors);
        long high = queue.high(message);
        long low = queue.low(message);
        int port = queue.port(message);
        boolean connected = (high | low | port) == 0;
        if (!connected) {
            batch.headers.destination(index, high, low, port);
        }
        int trafficClass = queue.trafficClass(message);
        if (trafficClass != 0) {
            // The kernel skips the message of the other family, and only it knows a connected
            // socket's.
            boolean inet = Sockaddr.isMapped(high, low);
            if (inet || connected) {
                putClass(
                        batch, index, SocketOptions.IPPROTO_IP, SocketOptions.IP_TOS, trafficClass);
            }
            if (!inet) {
                putClass(
                        batch,
                        index,
                        SocketOptions.IPPROTO_IPV6,
                        SocketOptions.IPV6_TCLASS,
                        trafficClass);
            }
        }
    }

    /** ip(7), ipv6(7): both take an int. */
    private static void putClass(Batch batch, int index, int level, int type, int trafficClass) {
        int at = batch.headers.addControl(index, level, type, Integer.BYTES);
        batch.headers.bytes().putInt(at, trafficClass);
    }

    private boolean isRun(int message) {
        return queue.length(message) > queue.segmentSize(message);
    }

    private int datagrams(Batch batch, int index) {
        return batch == apart ? 1 : queue.datagrams(batch.message[index]);
    }

    private void fail(int fd, int message, int errno, int datagrams) {
        sink.failed(
                fd, queue.high(message), queue.low(message), queue.port(message), errno, datagrams);
    }

    private static boolean refusesRuns(int result) {
        return Errno.EIO.is(result) || Errno.EINVAL.is(result) || Errno.EMSGSIZE.is(result);
    }

    private static boolean isFull(int result) {
        return Errno.EAGAIN.is(result) || Errno.ENOBUFS.is(result);
    }
}
