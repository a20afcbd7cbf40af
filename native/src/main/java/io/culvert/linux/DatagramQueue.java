package io.culvert.linux;

import java.nio.ByteBuffer;
import java.util.Arrays;

/**
 * Datagrams that wait to be sent, joined to messages where one call with UDP_SEGMENT can send them.
 *
 * <p>Goal: as few messages as possible without changing what arrives. Two datagrams are joined when
 * socket, destination and traffic class are the same and every one but the last has the same size;
 * what follows a shorter one starts a new message. Datagrams of one socket and destination keep
 * their order; across destinations order means nothing to UDP.
 *
 * <p>Storage: payloads are copied behind each other into one arena. A message is a chain of
 * <em>pieces</em>, runs of whole datagrams in the arena, since other flows' datagrams lie between
 * them; a datagram right behind its predecessor makes that piece longer instead. Messages of one
 * socket form a <em>group</em>, a chain in sending order, found by the descriptor in a small hash
 * table. Only the last {@link #WINDOW} messages of a group are looked at for joining.
 *
 * <p>All memory is allocated once; indexes take the place of references. Confined to one thread.
 */
final class DatagramQueue {
    /** linux/udp.h, UDP_MAX_SEGMENTS as it was until Linux 6.8. */
    static final int MAXIMUM_SEGMENTS = 64;

    /** RFC 791 §3.1, RFC 768: 65,535 less an IP header of 20 bytes and a UDP header of 8. */
    static final int MAXIMUM_LENGTH = 65_507;

    private static final int WINDOW = 8;
    private static final int NONE = -1;

    private final boolean joins;
    private final ByteBuffer arena;
    private final long arenaAddress;
    private int arenaUsed;

    // Pieces, by index.
    private final int[] pieceStart;
    private final int[] pieceLength;
    private final int[] pieceNext;
    private int pieces;

    // Messages, by index.
    private final long[] high;
    private final long[] low;
    private final int[] port;
    private final int[] trafficClass;
    private final int[] segmentSize;
    private final int[] length;
    private final int[] firstPiece;
    private final int[] lastPiece;
    private final int[] next;
    private final int[] previous;
    private int messages;

    // Groups, by index, and the hash table from a descriptor to its group.
    private final int[] fd;
    private final int[] firstMessage;
    private final int[] lastMessage;
    private final int[] groupOfHash;
    private int groups;

    /**
     * @param joins whether datagrams are joined at all, which takes sockets that cut them again
     */
    DatagramQueue(int capacity, int bytes, boolean joins) {
        this.joins = joins;
        this.arena = NativeMemory.allocate(bytes);
        this.arenaAddress = NativeMemory.address(arena);
        this.pieceStart = new int[capacity];
        this.pieceLength = new int[capacity];
        this.pieceNext = new int[capacity];
        this.high = new long[capacity];
        this.low = new long[capacity];
        this.port = new int[capacity];
        this.trafficClass = new int[capacity];
        this.segmentSize = new int[capacity];
        this.length = new int[capacity];
        this.firstPiece = new int[capacity];
        this.lastPiece = new int[capacity];
        this.next = new int[capacity];
        this.previous = new int[capacity];
        this.fd = new int[capacity];
        this.firstMessage = new int[capacity];
        this.lastMessage = new int[capacity];
        // At most half full, so that a probe ends soon.
        this.groupOfHash = new int[Integer.highestOneBit(2 * capacity) << 1];
        clear();
    }

    /** Whether a run of datagrams of {@code bytes} in all surely fits. */
    boolean hasRoom(int bytes) {
        return pieces < pieceStart.length && bytes <= arena.capacity() - arenaUsed;
    }

    /**
     * Queues one datagram, or a run of them in which all but the last have {@code segment} bytes.
     * The caller has asked {@link #hasRoom}.
     */
    void add(
            int fd,
            long high,
            long low,
            int port,
            int trafficClass,
            ByteBuffer payload,
            int offset,
            int length,
            int segment) {
        arena.put(arenaUsed, payload, offset, length);
        int group = group(fd);
        int message = joinable(group, high, low, port, trafficClass, length, segment);
        if (message == NONE) {
            message = messages++;
            this.high[message] = high;
            this.low[message] = low;
            this.port[message] = port;
            this.trafficClass[message] = trafficClass;
            this.segmentSize[message] = segment;
            this.length[message] = length;
            firstPiece[message] = lastPiece[message] = piece(length);
            append(group, message);
        } else {
            this.length[message] += length;
            int last = lastPiece[message];
            if (pieceStart[last] + pieceLength[last] == arenaUsed) {
                pieceLength[last] += length;
            } else {
                lastPiece[message] = pieceNext[last] = piece(length);
            }
        }
        arenaUsed += length;
    }

    void clear() {
        arenaUsed = 0;
        pieces = 0;
        messages = 0;
        groups = 0;
        Arrays.fill(groupOfHash, NONE);
    }

    /** How many sockets have something to send; groups are numbered from 0. */
    int groups() {
        return groups;
    }

    int fd(int group) {
        return fd[group];
    }

    /** A group's first message, never negative. */
    int first(int group) {
        return firstMessage[group];
    }

    /** The message of the same group to send next, negative after the last. */
    int next(int message) {
        return next[message];
    }

    long high(int message) {
        return high[message];
    }

    long low(int message) {
        return low[message];
    }

    int port(int message) {
        return port[message];
    }

    int trafficClass(int message) {
        return trafficClass[message];
    }

    int segmentSize(int message) {
        return segmentSize[message];
    }

    /** Bytes of payload of all its datagrams. */
    int length(int message) {
        return length[message];
    }

    /** How many datagrams a message is. */
    int datagrams(int message) {
        return datagrams(length[message], segmentSize[message]);
    }

    /** A message's first piece, never negative; a piece is a run of whole datagrams. */
    int firstPiece(int message) {
        return firstPiece[message];
    }

    /** The message's piece behind this one, negative after the last. */
    int nextPiece(int piece) {
        return pieceNext[piece];
    }

    long pieceAddress(int piece) {
        return arenaAddress + pieceStart[piece];
    }

    int pieceLength(int piece) {
        return pieceLength[piece];
    }

    /** An empty payload is a datagram too (RFC 768). */
    private static int datagrams(int length, int segment) {
        return length <= segment ? 1 : (length + segment - 1) / segment;
    }

    private int joinable(
            int group, long high, long low, int port, int trafficClass, int length, int segment) {
        int message = lastMessage[group];
        for (int i = 0; i < WINDOW && message != NONE; i++) {
            if (this.high[message] == high
                    && this.low[message] == low
                    && this.port[message] == port) {
                // Only the latest to this destination: joining an earlier one would overtake it.
                boolean joins =
                        this.trafficClass[message] == trafficClass
                                && takes(message, length, segment);
                return joins ? message : NONE;
            }
            message = previous[message];
        }
        return NONE;
    }

    private boolean takes(int message, int length, int segment) {
        int size = segmentSize[message];
        int total = this.length[message];
        return joins
                && length > 0
                && size > 0
                && total % size == 0
                && (segment == size || (length < size && length <= segment))
                && total + length <= MAXIMUM_LENGTH
                && datagrams(total + length, size) <= MAXIMUM_SEGMENTS;
    }

    private int piece(int length) {
        pieceStart[pieces] = arenaUsed;
        pieceLength[pieces] = length;
        pieceNext[pieces] = NONE;
        return pieces++;
    }

    private void append(int group, int message) {
        int last = lastMessage[group];
        previous[message] = last;
        next[message] = NONE;
        if (last == NONE) {
            firstMessage[group] = message;
        } else {
            next[last] = message;
        }
        lastMessage[group] = message;
    }

    private int group(int fd) {
        int mask = groupOfHash.length - 1;
        int slot = fd & mask; // descriptors are small and dense
        while (groupOfHash[slot] != NONE) {
            if (this.fd[groupOfHash[slot]] == fd) {
                return groupOfHash[slot];
            }
            slot = slot + 1 & mask;
        }
        groupOfHash[slot] = groups;
        this.fd[groups] = fd;
        lastMessage[groups] = NONE;
        return groups++;
    }
}
