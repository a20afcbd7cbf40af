package io.culvert.tun;

import java.util.concurrent.atomic.AtomicLong;

/**
 * One end of a cable in memory: what is sent into one end is received from the other, super-packets
 * and unfinished checksums as they are. The twin of a {@link TunQueue} where no kernel is wanted.
 *
 * <p>Each end is confined to one worker; the two may be different ones.
 */
public final class MemoryDevice implements PacketDevice {
    private final Queue incoming;
    private final Queue outgoing;
    private final int mtu;

    private MemoryDevice(Queue incoming, Queue outgoing, int mtu) {
        this.incoming = incoming;
        this.outgoing = outgoing;
        this.mtu = mtu;
    }

    /** Both ends. */
    public record Pair(MemoryDevice left, MemoryDevice right) {}

    /**
     * Makes a cable.
     *
     * @param mtu what both ends say of themselves; not enforced, as on a TUN device
     * @param capacity packets under way in each direction before an end is full; each packet takes
     *     64 KiB once it was needed
     */
    public static Pair pair(int mtu, int capacity) {
        Queue toRight = new Queue(capacity);
        Queue toLeft = new Queue(capacity);
        return new Pair(
                new MemoryDevice(toLeft, toRight, mtu), new MemoryDevice(toRight, toLeft, mtu));
    }

    @Override
    public int receive(PacketHandler handler, int budget) {
        int count = 0;
        while (count < budget && !incoming.closed && incoming.poll(handler)) {
            count++;
        }
        return count;
    }

    @Override
    public Sent send(Packet packet) {
        if (outgoing.closed) {
            return Sent.DOWN;
        }
        return outgoing.offer(packet) ? Sent.TAKEN : Sent.FULL;
    }

    @Override
    public int mtu() {
        return mtu;
    }

    /** Always -1: there is nothing to wait on. */
    @Override
    public int descriptor() {
        return -1;
    }

    /** Pulls the cable: both ends receive nothing and fail to send. */
    @Override
    public void close() {
        incoming.closed = true;
        outgoing.closed = true;
    }

    /** A ring with one writer and one reader, whose packets are made when first needed. */
    private static final class Queue {
        private final Packet[] ring;
        private final AtomicLong written = new AtomicLong();
        private final AtomicLong read = new AtomicLong();
        private volatile boolean closed;

        private Queue(int capacity) {
            ring = new Packet[capacity];
        }

        private boolean offer(Packet packet) {
            long at = written.get();
            if (at - read.get() == ring.length) {
                return false;
            }
            int slot = slot(at);
            if (ring[slot] == null) {
                ring[slot] = new Packet();
            }
            ring[slot].copyOf(packet);
            written.setRelease(at + 1);
            return true;
        }

        private boolean poll(PacketHandler handler) {
            long at = read.get();
            if (at == written.getAcquire()) {
                return false;
            }
            handler.handle(ring[slot(at)]);
            read.setRelease(at + 1);
            return true;
        }

        private int slot(long at) {
            return (int) (at % ring.length);
        }
    }
}
