package io.culvert.gateway;

import io.culvert.gateway.forward.Port;
import io.culvert.tun.Packet;

import org.jctools.queues.atomic.MpmcAtomicArrayQueue;
import org.jctools.queues.atomic.MpscAtomicArrayQueue;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BiConsumer;

/**
 * Packets that arrived on one worker and belong to a flow of another: ICMP errors mostly, whose
 * addresses say nothing about the flow they are about. They are copied into one of a few packets
 * kept for that; with none left the packet is lost.
 *
 * <p>Threading: any worker offers, the owner drains.
 */
final class Inbox {
    private static final int CAPACITY = 256;

    private record Handed(Packet packet, Cell cell) {}

    /** Where the packet came from; set again with each use. */
    private static final class Cell {
        private Port port;
    }

    private final MpscAtomicArrayQueue<Handed> waiting = new MpscAtomicArrayQueue<>(CAPACITY);
    private final MpmcAtomicArrayQueue<Handed> free = new MpmcAtomicArrayQueue<>(CAPACITY);
    private final AtomicBoolean scheduled = new AtomicBoolean();
    private final Runnable wake;
    private int made;

    /**
     * @param wake has the owner call {@link #drain} soon
     */
    Inbox(Runnable wake) {
        this.wake = wake;
    }

    /** Copies a packet in; false where there is no room. */
    boolean offer(Port port, Packet packet) {
        Handed handed = free.poll();
        if (handed == null) {
            handed = make();
        }
        if (handed == null) {
            return false;
        }
        handed.packet.copyOf(packet);
        handed.cell.port = port;
        waiting.add(handed);
        if (scheduled.compareAndSet(false, true)) {
            wake.run();
        }
        return true;
    }

    private synchronized Handed make() {
        if (made == CAPACITY) {
            return null;
        }
        made++;
        return new Handed(new Packet(), new Cell());
    }

    /** Takes out everything that waits. */
    void drain(BiConsumer<Port, Packet> taker) {
        scheduled.set(false);
        for (Handed handed = waiting.poll(); handed != null; handed = waiting.poll()) {
            try {
                taker.accept(handed.cell.port, handed.packet);
            } finally {
                free.add(handed);
            }
        }
    }
}
