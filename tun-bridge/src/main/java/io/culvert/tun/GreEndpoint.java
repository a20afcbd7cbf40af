package io.culvert.tun;

import io.culvert.linux.DatagramError;
import io.culvert.linux.DatagramReader;
import io.culvert.linux.Errno;

import java.io.IOException;
import java.util.List;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;

/**
 * Our end of any number of GRE tunnels (see {@link GreHeader}) at one address, over IPv4 (RFC 2784)
 * or IPv6 (RFC 7676): what comes to that address as IP protocol 47. Whose a packet is, is said by
 * the outer source and the key; one that is nobody's is dropped, counted and not answered, and so
 * is everything that is no packet; see {@link GreOutcome}.
 *
 * <p>Segments and datagrams of one flow that follow one another are handed over as super-packets.
 *
 * <p>Allocates where a peer's address changes and nowhere else. Threading: confined to the worker
 * that receives, but for {@link #sender} and the tunnels' ends, of which each worker has its own;
 * {@link #close} once none is used any more.
 */
public final class GreEndpoint implements AutoCloseable {
    /** Messages a call, each of 64 KiB at most. */
    private static final int MESSAGES = 16;

    private static final int MESSAGE_LENGTH = 1 << 16;

    /** What may wait for a flush: a few super-packets, or many small packets. */
    private static final int WRITES = 512;

    private static final int WRITE_BYTES = 1 << 20;

    /** The same of answers, which are few and short. */
    private static final int ANSWERS = 16;

    private static final int ANSWER_BYTES = 1 << 16;

    /** Errors read from the socket at a time, so that a flood of ICMP holds nothing up. */
    private static final int MOST_ERRORS = 64;

    /** RFC 791 section 3.1. */
    private static final int IPV4_HEADER = 20;

    private final GreSockets sockets;
    private final long hereHigh;
    private final long hereLow;
    private final long seed = RandomGenerator.getDefault().nextLong();
    private GrePeers peers;

    /** By number. */
    private volatile List<GreTunnel> tunnels = List.of();

    private final LongSupplier nanoTime;
    private final long[] outcomes = new long[GreOutcome.values().length];
    private final DatagramReader reader = new DatagramReader(MESSAGES, MESSAGE_LENGTH);
    private final DatagramError error = new DatagramError();
    private final GreSender answers;
    private final GreHeader header = new GreHeader();
    private final Packet packet = new Packet();
    private final Coalescer coalescer = new Coalescer();

    private int message;
    private int received;
    private int refreshed;

    /** The tunnel whose packets the coalescer holds. */
    private GreTunnel held;

    private GreHandler handler;
    private final PacketDevice.PacketHandler joined = whole -> handler.packet(held, whole);

    /** Whose the packet at hand is. */
    private GreTunnel source;

    private GreEndpoint(GreSettings settings, GreSockets sockets, LongSupplier nanoTime) {
        this.sockets = sockets;
        this.nanoTime = nanoTime;
        hereHigh = OuterAddress.high(settings.listen());
        hereLow = OuterAddress.low(settings.listen());
        have(settings.peers().stream().map(this::make).toList());
        answers = new GreSender(sockets, ANSWERS, ANSWER_BYTES, this::pathShrank);
    }

    /**
     * Opens the sockets in a namespace.
     *
     * @param nanoTime a clock, for how often keepalives are answered
     * @throws IOException with a sentence for the operator
     */
    public static GreEndpoint open(
            NetworkNamespace namespace, GreSettings settings, LongSupplier nanoTime)
            throws IOException {
        GreSockets sockets = namespace.call(() -> new GreSockets(settings.listen()));
        try {
            return new GreEndpoint(settings, sockets, nanoTime);
        } catch (RuntimeException e) {
            sockets.close();
            throw e;
        }
    }

    /** A tunnel to a peer, which nothing comes from until the endpoint {@link #have has} it. */
    public GreTunnel make(GreSettings.Peer peer) {
        return new GreTunnel(peer, sockets, hereHigh, hereLow);
    }

    /**
     * From now on these are its tunnels, numbered in that order; on its worker's thread, or before
     * there is one.
     *
     * @throws IllegalArgumentException where two are of the same address and key
     */
    public final void have(List<GreTunnel> all) {
        peers = new GrePeers(all.stream().map(GreTunnel::settings).toList(), seed);
        for (int i = 0; i < all.size(); i++) {
            all.get(i).number(i);
        }
        tunnels = List.copyOf(all);
        // Its packets were handed over at the end of the last batch.
        held = null;
    }

    /** The tunnel to the peer in that place of the settings. */
    public GreTunnel tunnel(int number) {
        return tunnels.get(number);
    }

    /** What one worker sends through. */
    public GreSender sender() {
        return new GreSender(sockets, WRITES, WRITE_BYTES, this::pathShrank);
    }

    /** The descriptor that packets come by; wait for it to be readable. */
    public int descriptor() {
        return sockets.socket();
    }

    /**
     * Hands over packets that wait, and takes what the kernel says of paths.
     *
     * @param budget packets to look at, whatever becomes of them; a few more are where they came
     *     with the last of these
     * @return those looked at; fewer than {@code budget} means that none waits any more
     */
    public int receive(GreHandler to, int budget) {
        handler = to;
        int count = 0;
        try {
            while (!sockets.isClosed()) {
                while (message < received) {
                    take(message++);
                    count++;
                }
                if (count >= budget || !nextBatch()) {
                    break;
                }
            }
            if (count == 0 && !sockets.isClosed()) {
                // It was not for a packet that we were woken.
                readErrors();
            }
            coalescer.flush(joined);
        } finally {
            // Nothing is left, or the handler has failed.
            coalescer.clear();
            answers.flush();
        }
        return count;
    }

    private boolean nextBatch() {
        int result = reader.receive(sockets.socket());
        if (result < 0 && !Errno.EAGAIN.is(result)) {
            // raw(7): an error of an earlier packet, which this call has cleared.
            readErrors();
            result = reader.receive(sockets.socket());
        }
        message = 0;
        received = Math.max(result, 0);
        return received > 0;
    }

    private void take(int i) {
        GreOutcome outcome = unwrap(i);
        outcomes[outcome.ordinal()]++;
        if (outcome != GreOutcome.PACKET) {
            handler.other(outcome);
            return;
        }
        if (source != held) {
            // Two tenants may have the same addresses, and then flows that look the same.
            coalescer.flush(joined);
            held = source;
        }
        coalescer.take(packet, joined);
    }

    /** Looks at a message; if it holds a packet, that is {@code packet}, from {@code source}. */
    private GreOutcome unwrap(int i) {
        long high = reader.sourceHigh(i);
        long low = reader.sourceLow(i);
        GreOutcome outcome = wrap(i);
        int number =
                outcome == GreOutcome.PACKET ? peers.find(high, low, header.key()) : GrePeers.NONE;
        if (number == GrePeers.NONE) {
            if (!peers.knows(high, low)) {
                return GreOutcome.UNKNOWN_PEER;
            }
            return outcome == GreOutcome.PACKET ? GreOutcome.UNKNOWN_KEY : outcome;
        }
        source = tunnels.get(number);
        header.unwrap(packet);
        if (!UnfinishedPacket.restore(packet, source.room())) {
            return GreOutcome.JOINED_DATAGRAMS;
        }
        // What is unfinished was joined by the kernel after it had looked, or has never been on a
        // wire: the sum is over what would have been sent.
        if (header.hasChecksum() && !packet.checksumPartial() && !header.checksumRight()) {
            return GreOutcome.WRONG_CHECKSUM;
        }
        source.heard(high, low);
        if (header.hasSequenceNumber() && !source.received().takes(header.sequenceNumber())) {
            return GreOutcome.OUT_OF_SEQUENCE;
        }
        if (GreKeepalive.is(packet, hereHigh, hereLow, high, low)) {
            return answer(high, low);
        }
        if (OuterAddress.isDestination(packet, high, low)) {
            return GreOutcome.TO_THE_PEER;
        }
        return EcnField.receive(packet, trafficClass(i))
                ? GreOutcome.PACKET
                : GreOutcome.CONGESTION_UNMARKABLE;
    }

    private GreOutcome wrap(int i) {
        if (reader.truncated(i)) {
            return GreOutcome.TRUNCATED;
        }
        int at = reader.offset(i);
        int length = reader.length(i);
        int before = 0;
        if (!sockets.isIpv6()) {
            // raw(7): the header comes along, and the kernel has looked at it.
            before = length == 0 ? 0 : (reader.bytes().get(at) & 0xf) * Integer.BYTES;
            if (before < IPV4_HEADER || before > length) {
                return GreOutcome.TOO_SHORT;
            }
        }
        return header.wrap(reader.bytes(), at + before, length - before);
    }

    private int trafficClass(int i) {
        return sockets.isIpv6()
                ? reader.trafficClass(i)
                : reader.bytes().get(reader.offset(i) + 1) & 0xff;
    }

    private GreOutcome answer(long high, long low) {
        if (!source.keepalive().allows(nanoTime.getAsLong())) {
            return GreOutcome.KEEPALIVE_TOO_OFTEN;
        }
        int from = GreKeepalive.header(packet);
        answers.add(
                sockets.socket(),
                high,
                low,
                GreKeepalive.trafficClass(packet),
                packet.bytes(),
                Packet.OFFSET + from,
                packet.length() - from);
        return GreOutcome.KEEPALIVE;
    }

    /**
     * Asks the kernel again for path MTUs, which may have grown; the next call goes on with the
     * tunnels after these. Every tunnel once a minute is plenty: the kernel itself forgets a small
     * MTU after ten.
     *
     * @param most tunnels to ask about, two system calls each
     */
    public void refreshMtus(int most) {
        List<GreTunnel> all = tunnels;
        for (int i = 0; i < Math.min(most, all.size()); i++) {
            refreshed = (refreshed + 1) % all.size();
            all.get(refreshed).refreshMtu();
        }
    }

    /** Tunnels that a packet has come by. */
    public int heard() {
        return Math.toIntExact(tunnels.stream().filter(GreTunnel::isHeard).count());
    }

    /** Packets that ended so. */
    public long count(GreOutcome outcome) {
        return outcomes[outcome.ordinal()];
    }

    @Override
    public void close() {
        sockets.close();
    }

    private void pathShrank(long high, long low) {
        List<GreTunnel> all = tunnels;
        for (int i = 0; i < all.size(); i++) {
            all.get(i).refreshMtu(high, low);
        }
    }

    /** What the kernel keeps of packets that failed: the path's MTU, or that nobody is there. */
    private void readErrors() {
        for (int i = 0; i < MOST_ERRORS && error.receive(sockets.socket()) >= 0; i++) {
            if (error.errno() == Errno.EMSGSIZE.number()) {
                pathShrank(error.destinationHigh(), error.destinationLow());
            }
        }
    }
}
