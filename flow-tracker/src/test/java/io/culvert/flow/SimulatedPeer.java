package io.culvert.flow;

import static io.culvert.wire.TcpHeader.ACK;
import static io.culvert.wire.TcpHeader.FIN;
import static io.culvert.wire.TcpHeader.SYN;

import io.culvert.wire.TcpHeader;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.Random;
import java.util.function.Consumer;

/**
 * One end of a TCP connection that sends so many bytes and closes, honest but in no hurry: it reads
 * when it likes, so that its window closes now and then, sends segments of any length, and repeats
 * what is not acknowledged in time. Positions count from the SYN, which is 0.
 */
final class SimulatedPeer {
    private static final int TIME_OUT = 14;
    private static final int MOST_PER_TICK = 8;

    private final Random random;
    private final Consumer<TcpHeader> out;
    private final boolean opens;
    private final int initialNumber;
    private final int longest;
    private final int capacity;
    private final int offeredScale;
    private final boolean sackOffered;

    /** The position of its FIN. */
    private final int last;

    private int acknowledged;
    private int next;
    private int allowed = 1;
    private int ticksWithoutProgress = TIME_OUT;

    private boolean synchronised;
    private int peersInitialNumber;
    private int shift;
    private int peersShift;
    private boolean sackPermitted;
    private final BitSet received = new BitSet();
    private int expected;
    private int read;
    private int offered;
    private boolean owesAck;

    SimulatedPeer(Random random, boolean opens, Consumer<TcpHeader> out) {
        this.random = random;
        this.opens = opens;
        this.out = out;
        // Half of them pass the largest number soon.
        initialNumber = random.nextBoolean() ? random.nextInt() : -random.nextInt(20_000);
        longest = 100 + random.nextInt(random.nextBoolean() ? 1_400 : 65_000);
        int bits = 9 + random.nextInt(12);
        capacity = 1 << bits;
        offeredScale = random.nextInt(4) == 0 ? -1 : random.nextInt(Math.min(15, bits - 3));
        sackOffered = random.nextInt(4) != 0;
        last = 1 + random.nextInt(random.nextInt(8) == 0 ? 2_000_000 : 100_000);
    }

    boolean hasSentFin() {
        return next > last;
    }

    /** Whether all that it sends is acknowledged, and all that it is sent is there. */
    boolean isDone(SimulatedPeer peer) {
        return acknowledged == last + 1 && expected == peer.last + 1;
    }

    /** A moment passes. */
    void tick() {
        read += random.nextInt(3) == 0 ? random.nextInt(expected - read + 1) : 0;
        boolean late = ++ticksWithoutProgress >= TIME_OUT;
        if (late) ticksWithoutProgress = 0;
        if (!synchronised) {
            if (opens && late) sendSyn();
            return;
        }
        if (acknowledged == 0) {
            if (late) sendSyn();
            return;
        }
        sendNew();
        if (late && acknowledged <= last) repeat();
        if (late && random.nextInt(8) == 0) send(next - 1, 0, false); // keep-alive
        if (owesAck || late) send(next, 0, false);
    }

    private void sendNew() {
        for (int i = random.nextInt(MOST_PER_TICK); i > 0 && next <= last; i--) {
            int length = Math.min(Math.min(longest, allowed - next), last - next);
            if (length < 0 || (length == 0 && next < last)) return;
            boolean fin = next + length == last && random.nextBoolean();
            if (length == 0 && !fin) return;
            send(next, length, fin);
            next += length + (fin ? 1 : 0);
        }
    }

    private void repeat() {
        // RFC 9293 section 3.8.6.1: a closed window is probed with a byte.
        next = Math.max(next, acknowledged + 1);
        int from = acknowledged;
        for (int i = 1 + random.nextInt(MOST_PER_TICK); i > 0 && from < next; i--) {
            int end = Math.min(next, from + longest);
            boolean fin = end > last;
            send(from, end - from - (fin ? 1 : 0), fin);
            from = end;
        }
    }

    private void sendSyn() {
        next = Math.max(next, 1);
        ByteBuffer options = ByteBuffer.allocate(8);
        options.putInt(offeredScale < 0 ? 0x01010101 : 0x01030300 | offeredScale);
        options.putInt(sackOffered ? 0x01010402 : 0x01010101);
        int window = Math.min(0xffff, capacity);
        offered = Math.max(offered, 1 + window);
        int flags = synchronised ? SYN | ACK : SYN;
        int number = synchronised ? peersInitialNumber + expected : 0;
        out.accept(Segment.of(flags, initialNumber, number, window, options.array(), 0));
    }

    private void send(int position, int length, boolean fin) {
        owesAck = false;
        int free = Math.max(0, capacity - (expected - read));
        int window = Math.min(0xffff, Math.max(offered - expected, free) >> shift);
        offered = Math.max(offered, expected + (window << shift));
        int flags = ACK | (fin ? FIN : 0);
        int number = initialNumber + position;
        int acknowledgment = peersInitialNumber + expected;
        out.accept(Segment.of(flags, number, acknowledgment, window, sackBlocks(), length));
    }

    private byte[] sackBlocks() {
        ByteBuffer options = ByteBuffer.allocate(40);
        int start = received.nextSetBit(expected);
        for (int count = 0; sackPermitted && start >= 0 && count < 3; count++) {
            int end = received.nextClearBit(start);
            if (count == 0) options.putInt(0x01010502);
            options.putInt(peersInitialNumber + start).putInt(peersInitialNumber + end);
            options.put(3, (byte) (options.position() - 2));
            start = received.nextSetBit(end);
        }
        return Arrays.copyOf(options.array(), options.position());
    }

    void receive(TcpHeader tcp) {
        if (tcp.syn()) {
            synchronise(tcp);
        } else if (synchronised) {
            data(tcp);
        }
        if (synchronised && tcp.ack()) acknowledgment(tcp);
    }

    private void synchronise(TcpHeader tcp) {
        owesAck = acknowledged > 0 || tcp.ack();
        if (synchronised) return;
        synchronised = true;
        peersInitialNumber = tcp.sequenceNumber();
        expected = 1;
        read = 1;
        boolean scaled = offeredScale >= 0 && tcp.windowScale() >= 0;
        shift = scaled ? offeredScale : 0;
        peersShift = scaled ? tcp.windowScale() : 0;
        sackPermitted = tcp.sackPermitted();
        allowed = 1 + tcp.window();
        ticksWithoutProgress = TIME_OUT;
    }

    private void acknowledgment(TcpHeader tcp) {
        int position = tcp.acknowledgmentNumber() - initialNumber;
        if (position > next) return;
        if (position > acknowledged) {
            acknowledged = position;
            ticksWithoutProgress = 0;
        }
        int window = tcp.syn() ? tcp.window() : tcp.window() << peersShift;
        allowed = Math.max(allowed, position + window);
    }

    private void data(TcpHeader tcp) {
        int from = tcp.sequenceNumber() - peersInitialNumber;
        int to = from + tcp.payloadLength() + (tcp.fin() ? 1 : 0);
        owesAck |= to != from || from != expected;
        int kept = Math.min(to, Math.max(offered, expected));
        // A FIN takes no room.
        if (tcp.fin() && kept == to - 1) kept = to;
        if (from <= kept) received.set(Math.max(0, from), Math.max(0, kept));
        expected = Math.max(expected, received.nextClearBit(expected));
    }
}
