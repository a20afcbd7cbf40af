package io.culvert.tun;

import java.util.concurrent.locks.ReentrantLock;

/**
 * One peer of a {@link GreEndpoint}, to send to; packets from it come out of the endpoint, since
 * all share a socket.
 *
 * <p>Packets go to the peer's address, and where it may have several, to the one that was last
 * heard of. The MTU is that of the path outside, as far as the kernel knows it, less the headers
 * around a packet, and no more than the settings say. It is never less than IPv6's 1,280 (RFC 8200
 * section 5) on account of the path. What has to be longer than the path allows leaves in fragments
 * of the outer packet (RFC 2473 section 7.1), so that nothing vanishes without a word; RFC 7676
 * section 3.2 wants no less.
 *
 * <p>Threading: any, but for {@link #heard}, {@link #number} and the receiving half, which are the
 * endpoint's.
 */
public final class GreTunnel {
    /** RFC 8200 section 5. */
    static final int SMALLEST_MTU = 1_280;

    /** RFC 791: the longest IPv4 packet, less its header and the longest of ours. */
    static final int LARGEST_MTU = 65_535 - 20 - GreHeader.LONGEST;

    private static final int IPV4_HEADER = 20;
    private static final int IPV6_HEADER = 40;

    /** Where the kernel knows no way to the peer: Ethernet's. */
    private static final int UNKNOWN_PATH = 1_500;

    private int number;
    private final GreSettings.Peer settings;
    private final GreSockets sockets;
    private final long hereHigh;
    private final long hereLow;
    private final GreSequence received = new GreSequence();
    private final GreKeepalive keepalive = new GreKeepalive();

    /** Held from the number of a packet until the kernel has it, so that they leave in order. */
    private final ReentrantLock numbering = new ReentrantLock();

    private int nextNumber;

    private volatile Path path;
    private volatile boolean heard;
    private volatile boolean ended;

    /**
     * The way to the peer.
     *
     * @param room for a packet inside
     * @param narrow whether even the smallest MTU takes fragments
     */
    private record Path(long high, long low, int room, boolean narrow) {
        boolean leadsTo(long toHigh, long toLow) {
            return low == toLow && high == toHigh;
        }
    }

    GreTunnel(GreSettings.Peer settings, GreSockets sockets, long hereHigh, long hereLow) {
        this.settings = settings;
        this.sockets = sockets;
        this.hereHigh = hereHigh;
        this.hereLow = hereLow;
        if (settings.isFixed()) {
            long high = OuterAddress.high(settings.from());
            long low = OuterAddress.low(settings.from());
            path = measured(high, low);
        }
    }

    /** Its place among the endpoint's peers; the endpoint's worker's to ask. */
    public int number() {
        return number;
    }

    void number(int place) {
        number = place;
    }

    GreSettings.Peer settings() {
        return settings;
    }

    /** Whether a packet has ever come from the peer. */
    public boolean isHeard() {
        return heard;
    }

    /** Bytes of the longest packet inside. */
    public int mtu() {
        int room = room();
        return settings.mtu() == GreSettings.Peer.OF_THE_PATH
                ? room
                : Math.min(room, settings.mtu());
    }

    /** Bytes of the longest packet inside that the path has room for. */
    int room() {
        Path now = path;
        return now == null ? inside(UNKNOWN_PATH) : now.room();
    }

    /** From now on no end takes a packet. */
    public void end() {
        ended = true;
    }

    /** A sound packet has come from there. */
    void heard(long high, long low) {
        if (!heard) {
            heard = true;
        }
        Path now = path;
        if (now != null && now.leadsTo(high, low)) {
            return;
        }
        if (now != null) {
            // Another sender counts for itself.
            received.restart();
        }
        synchronized (this) {
            path = measured(high, low);
        }
    }

    GreSequence received() {
        return received;
    }

    GreKeepalive keepalive() {
        return keepalive;
    }

    /** Asks the kernel again for the path's MTU, if it is known where the peer is. */
    synchronized void refreshMtu() {
        Path now = path;
        if (now != null) {
            path = measured(now.high(), now.low());
        }
    }

    void refreshMtu(long high, long low) {
        Path now = path;
        if (now != null && now.leadsTo(high, low)) {
            refreshMtu();
        }
    }

    private Path measured(long high, long low) {
        int known = sockets.pathMtu(high, low);
        int outside = known > 0 ? known : UNKNOWN_PATH;
        return new Path(high, low, inside(outside), outside - overhead() < SMALLEST_MTU);
    }

    private int inside(int outside) {
        return Math.clamp(outside - overhead(), SMALLEST_MTU, LARGEST_MTU);
    }

    private int overhead() {
        return (sockets.isIpv6() ? IPV6_HEADER : IPV4_HEADER) + settings.fields().length();
    }

    /**
     * An end for one worker to send by.
     *
     * @param sender the worker's
     */
    public PacketDevice end(GreSender sender) {
        return new End(sender);
    }

    private final class End implements PacketDevice {
        private final GreSender sender;
        private final PacketHandler segmentWriter = this::write;
        private Path to;

        End(GreSender sender) {
            this.sender = sender;
        }

        /** Nothing: packets come out of {@link GreEndpoint#receive}. */
        @Override
        public int receive(PacketHandler handler, int budget) {
            return 0;
        }

        /** Takes every packet that is whole; it may be lost at {@link #flush}. */
        @Override
        public Sent send(Packet packet) {
            to = path;
            if (to == null || ended || sockets.isClosed()) {
                return Sent.DOWN;
            }
            if (!settings.fields().sequence()) {
                return put(packet) ? Sent.TAKEN : Sent.FAILED;
            }
            numbering.lock();
            try {
                boolean whole = put(packet);
                sender.flush();
                return whole ? Sent.TAKEN : Sent.FAILED;
            } finally {
                numbering.unlock();
            }
        }

        private boolean put(Packet packet) {
            if (packet.segmentation() != Packet.Segmentation.NONE) {
                return sender.segmenter().cut(packet, segmentWriter) > 0;
            }
            int version = UpperLayer.version(packet);
            if ((version != 4 && version != 6)
                    || packet.length() > LARGEST_MTU
                    || isOurOwn(packet)
                    || !PartialChecksum.complete(packet)) {
                return false;
            }
            write(packet);
            return true;
        }

        /**
         * What was sent into this tunnel already must have come back by a route that leads here,
         * and would again, each time longer by a header.
         */
        private boolean isOurOwn(Packet packet) {
            return GreKeepalive.goesBetween(packet, hereHigh, hereLow, to.high(), to.low());
        }

        private void write(Packet packet) {
            GreFields fields = settings.fields();
            int at = Packet.OFFSET - fields.length();
            int length = fields.length() + packet.length();
            boolean ipv6 = UpperLayer.version(packet) == 6;
            GreHeader.write(packet.bytes(), at, ipv6, fields, nextNumber);
            if (fields.sequence()) {
                nextNumber++;
            }
            if (fields.checksum()) {
                GreHeader.seal(packet.bytes(), at, length);
            }
            // Longer than the path allows is what a connection has that began when it allowed more.
            boolean cut = to.narrow() || packet.length() > to.room();
            sender.add(
                    cut ? sockets.fragmenting() : sockets.socket(),
                    to.high(),
                    to.low(),
                    EcnField.of(packet),
                    packet.bytes(),
                    at,
                    length);
        }

        @Override
        public void flush() {
            sender.flush();
        }

        @Override
        public int mtu() {
            return GreTunnel.this.mtu();
        }

        /** Always -1: wait on the endpoint's. */
        @Override
        public int descriptor() {
            return -1;
        }

        @Override
        public void close() {
            // The sockets are the endpoint's.
        }
    }
}
