package io.culvert.tun;

/**
 * One end through which IP packets come and go: a queue of a TUN device, a tunnel, or an in-memory
 * twin of either.
 *
 * <p>Threading: confined to the worker that polls it.
 */
public interface PacketDevice extends AutoCloseable {
    /** What {@link #send} did with a packet, from the best to the worst. */
    enum Sent {
        /** The device has it. */
        TAKEN,
        /** No room now; the packet is lost, as on any full link. */
        FULL,
        /** The device refuses this packet. */
        FAILED,
        /** The device refuses every packet: it is down, or nobody is at its other end. */
        DOWN;

        /** The worse of the two, for packets that share a fate. */
        public Sent worse(Sent other) {
            return compareTo(other) < 0 ? other : this;
        }
    }

    /**
     * Hands every waiting packet to {@code handler}, at most {@code budget} of them. The packet is
     * the device's own and is overwritten by the next one; the handler may rewrite it in place and
     * send it on.
     *
     * @return the packets handed over; fewer than {@code budget} means that none waits any more
     */
    int receive(PacketHandler handler, int budget);

    /**
     * Sends one packet, which the caller may re-use when this returns. May be held until {@link
     * #flush}.
     */
    Sent send(Packet packet);

    /** Sends what is held; called once at the end of a worker's cycle. */
    default void flush() {}

    /**
     * The largest IP packet, in bytes, that a peer behind this device takes; super-packets are cut
     * to it.
     */
    int mtu();

    /** The descriptor to wait on for packets, or -1 where there is none. */
    int descriptor();

    /** The device itself where this one only changes what passes. */
    default PacketDevice underlying() {
        return this;
    }

    @Override
    void close();

    /** Takes packets from a device. */
    @FunctionalInterface
    interface PacketHandler {
        void handle(Packet packet);
    }
}
