package io.culvert.tun;

import io.culvert.linux.DatagramError;
import io.culvert.linux.DatagramReader;
import io.culvert.linux.DatagramWriter;
import io.culvert.linux.Errno;
import io.culvert.linux.Fd;
import io.culvert.linux.SyscallException;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;

/**
 * Our end of any number of GUE tunnels (see {@link GueHeader}): UDP sockets that all peers share.
 * What comes from an address that is nobody's is dropped, counted and not answered, and so is
 * everything that is no packet; see {@link GueOutcome}. Packets that belong together are handed
 * over as super-packets ({@link Coalescer}).
 *
 * <p>Each worker has an endpoint of its own on the same addresses. The kernel gives all datagrams
 * of one outer address and port to the same one, so that a flow stays with a worker where the
 * sender makes the source port of the flow, as it should.
 *
 * <p>Allocates where a peer is new and nowhere else. Confined to one worker.
 *
 * @param <T> what a peer is to its user
 */
public final class GueEndpoint<T> implements AutoCloseable {
    /** Messages a call, each of 64 KiB at most: one alone may be 44 full packets. */
    private static final int MESSAGES = 16;

    private static final int MESSAGE_LENGTH = 1 << 16;

    /** What may wait for {@link #flush}: a few super-packets, or many small packets. */
    private static final int WRITES = 512;

    private static final int WRITE_BYTES = 1 << 20;

    /** No descriptor. */
    private static final int ALL = -1;

    /** Errors read from a socket at a time, so that a flood of ICMP holds nothing up. */
    private static final int MOST_ERRORS = 64;

    private final GueAdmission<T> admission;
    private final boolean privateData;
    private final GueSockets[] sockets;
    private final GuePeers<T> peers;
    private final long seed = RandomGenerator.getDefault().nextLong();
    private final long[] outcomes = new long[GueOutcome.values().length];
    private final DatagramReader reader = new DatagramReader(MESSAGES, MESSAGE_LENGTH);
    private final DatagramWriter writer = new DatagramWriter(WRITES, WRITE_BYTES, this::failed);
    private final DatagramError error = new DatagramError();
    private final Segmenter segmenter = new Segmenter();
    private final Packet packet = new Packet();
    private GueHeader header = new GueHeader();

    // What belongs together of the datagrams of one call to receive, as long as they are of one
    // peer and have the same private data, since two of one peer's tenants may have equal flows.
    private final Coalescer coalescer = new Coalescer();
    private final PacketDevice.PacketHandler joinedHandler = this::handOver;
    private GueHeader joinedHeader = new GueHeader();
    private GuePeer<T> joinedPeer;
    private GueHandler<T> handler;

    // What was received and not yet looked at: messages of `origin` and datagrams of one message.
    private GueSockets origin;
    private int turn;
    private int received;
    private int message;
    private int at;
    private int end;
    private int segment;
    private int trafficClass;
    private GuePeer<T> source;
    private GueOutcome admitted = GueOutcome.PACKET;

    private int refreshed;
    private boolean closed;

    private GueEndpoint(GueSettings settings, List<GueSockets> sockets, GueAdmission<T> admission) {
        this.admission = admission;
        this.privateData = settings.privateData();
        this.sockets = sockets.toArray(GueSockets[]::new);
        this.peers = new GuePeers<>(settings.peers(), RandomGenerator.getDefault().nextLong());
    }

    /**
     * Makes sure that nobody else has the addresses: endpoints of several workers share them, and
     * would share them with another process's just as well.
     *
     * @throws IOException with a sentence for the operator
     */
    public static void ensureFree(NetworkNamespace namespace, GueSettings settings)
            throws IOException {
        for (InetSocketAddress listen : settings.listen()) {
            try {
                namespace.call(
                        () -> {
                            GueSockets.ensureFree(listen);
                            return null;
                        });
            } catch (SyscallException e) {
                throw new IOException(
                        "cannot listen on UDP %s port %d: %s"
                                .formatted(
                                        listen.getAddress().getHostAddress(),
                                        listen.getPort(),
                                        e.getMessage()),
                        e);
            }
        }
    }

    /**
     * Opens the sockets in a namespace.
     *
     * @param admission who is a peer
     */
    public static <T> GueEndpoint<T> open(
            NetworkNamespace namespace, GueSettings settings, GueAdmission<T> admission)
            throws IOException {
        List<GueSockets> opened = new ArrayList<>();
        try {
            for (InetSocketAddress listen : settings.listen()) {
                int index = opened.size();
                opened.add(
                        namespace.call(
                                () ->
                                        new GueSockets(
                                                index,
                                                listen,
                                                settings.sourcePorts(),
                                                settings.zeroChecksums())));
            }
            return new GueEndpoint<>(settings, opened, admission);
        } catch (IOException | RuntimeException e) {
            opened.forEach(GueSockets::close);
            throw e;
        }
    }

    /**
     * Hands over packets that wait on the listening sockets.
     *
     * @param budget most datagrams to look at, whatever becomes of them
     * @return those looked at; fewer than {@code budget} means that none waits any more
     */
    public int receive(GueHandler<T> handler, int budget) {
        this.handler = handler;
        int count = 0;
        try {
            while (count < budget && !closed && (at < end || nextMessage() || nextBatch())) {
                next();
                count++;
            }
            handOverJoined();
        } finally {
            forgetJoined();
        }
        return count;
    }

    /**
     * Call it when a descriptor of {@link #senders} is ready: takes the errors that the kernel
     * keeps there, and packets, since a peer may reply to the port it was sent from.
     *
     * @return as {@link #receive}
     */
    public int receiveOnSender(int descriptor, GueHandler<T> handler, int budget) {
        this.handler = handler;
        try {
            return receiveOnSenders(descriptor, budget);
        } finally {
            forgetJoined();
        }
    }

    /** The same of all senders, ready or not. */
    public int receiveOnSenders(GueHandler<T> handler, int budget) {
        return receiveOnSender(ALL, handler, budget);
    }

    private int receiveOnSenders(int descriptor, int budget) {
        // What the listeners brought comes first: the memory is the same.
        int count = 0;
        while (count < budget && !closed && (at < end || nextMessage())) {
            next();
            count++;
        }
        for (GueSockets each : sockets) {
            List<Fd> senders = each.senders();
            for (int i = 0; i < senders.size() && !closed; i++) {
                int fd = senders.get(i).number();
                if (descriptor != fd && descriptor != ALL) {
                    continue;
                }
                readErrors(fd);
                while (count < budget
                        && !closed
                        && (at < end || nextMessage() || batch(each, fd))) {
                    next();
                    count++;
                }
            }
        }
        handOverJoined();
        return count;
    }

    /** Sends what the peers were given; call it at the end of a worker's cycle. */
    public void flush() {
        if (!closed) {
            writer.flush();
        }
    }

    /**
     * Asks the kernel again for path MTUs, which may have grown; the next call goes on with the
     * peers after these. Every peer once a minute is plenty: the kernel itself forgets a small MTU
     * after ten.
     *
     * @param most peers to ask about, two system calls each
     */
    public void refreshMtus(int most) {
        int asked = 0;
        for (int i = 0; i < peers.slots() && asked < most && !closed; i++) {
            refreshed = (refreshed + 1) % peers.slots();
            GuePeer<T> peer = peers.slot(refreshed);
            if (peer != null) {
                peer.refreshMtu();
                asked++;
            }
        }
    }

    /**
     * Forgets the peers that nothing came from and nothing went to since the last call, so that
     * there is room for others; they are admitted again when they are back. Once a minute is
     * plenty. Allocates where there is one.
     */
    public void forgetUnused() {
        List<GuePeer<T>> unused = new ArrayList<>();
        for (int i = 0; i < peers.slots(); i++) {
            GuePeer<T> peer = peers.slot(i);
            if (peer != null && !peer.takeUsed()) {
                unused.add(peer);
            }
        }
        unused.forEach(GuePeer::close);
    }

    /**
     * Forgets the peers that the admission, which has changed, would not give to the same owner any
     * more. Allocates where there is one.
     */
    public void readmit() {
        List<GuePeer<T>> others = new ArrayList<>();
        for (int i = 0; i < peers.slots(); i++) {
            GuePeer<T> peer = peers.slot(i);
            if (peer != null && admission.owner(peer.high(), peer.low()) != peer.owner()) {
                others.add(peer);
            }
        }
        others.forEach(GuePeer::close);
    }

    /**
     * What is here the peer of another worker's endpoint, which listens on the same addresses;
     * admitted now if it was not yet. Null where it may not be one, or there is no room.
     */
    public GuePeer<T> twin(GuePeer<T> other) {
        GuePeer<T> peer = peers.find(other.high(), other.low());
        return peer != null || closed
                ? peer
                : admit(sockets[other.listener()], other.high(), other.low());
    }

    /**
     * The peer of that address, admitted now if it was not yet; null where it may not be one, or
     * there is no room, or no listening address of its family.
     */
    public GuePeer<T> peer(long high, long low) {
        GuePeer<T> peer = peers.find(high, low);
        if (peer != null || closed) {
            return peer;
        }
        boolean ipv6 = high != 0 || low >>> Integer.SIZE != 0xffff;
        for (GueSockets candidate : sockets) {
            if (candidate.isIpv6() == ipv6) {
                return admit(candidate, high, low);
            }
        }
        return null;
    }

    /** Datagrams that ended so. */
    public long count(GueOutcome outcome) {
        return outcomes[outcome.ordinal()];
    }

    /** How many peers there are. */
    public int peers() {
        return peers.size();
    }

    /** The descriptors that packets come by; wait for them to be readable. */
    public int[] listeners() {
        int[] numbers = new int[closed ? 0 : sockets.length];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = sockets[i].listener();
        }
        return numbers;
    }

    /** The descriptors that packets leave by, for {@link #receiveOnSenders}. */
    public List<Integer> senders() {
        List<Integer> numbers = new ArrayList<>();
        for (int i = 0; i < sockets.length && !closed; i++) {
            for (Fd sender : sockets[i].senders()) {
                numbers.add(sender.number());
            }
        }
        return numbers;
    }

    /** Closes the sockets; peers fail to send from then on. A second call does nothing. */
    @Override
    public void close() {
        closed = true;
        for (GueSockets each : sockets) {
            each.close();
        }
    }

    boolean isClosed() {
        return closed;
    }

    DatagramWriter writer() {
        return writer;
    }

    Segmenter segmenter() {
        return segmenter;
    }

    int hash(Packet packet) {
        return FlowEntropy.of(packet, seed);
    }

    void remove(GuePeer<T> peer) {
        peers.remove(peer);
    }

    /** Goes on to the next message of the batch that has a byte or is an empty datagram. */
    private boolean nextMessage() {
        if (message >= received) {
            return false;
        }
        at = reader.offset(message);
        int length = reader.length(message);
        end = at + length;
        segment = Math.max(1, reader.segmentSize(message));
        trafficClass = reader.trafficClass(message);
        source = null;
        admitted = admitSource();
        message++;
        return true;
    }

    private GueOutcome admitSource() {
        if (reader.truncated(message)) {
            return GueOutcome.TRUNCATED;
        }
        long high = reader.sourceHigh(message);
        long low = reader.sourceLow(message);
        source = peers.find(high, low);
        if (source != null) {
            source.noteUsed();
        } else {
            boolean full = peers.isFull();
            source = admit(origin, high, low);
            if (source == null && full && admission.owner(high, low) != null) {
                return GueOutcome.TOO_MANY_PEERS;
            }
        }
        return source == null ? GueOutcome.UNKNOWN_PEER : GueOutcome.PACKET;
    }

    private GuePeer<T> admit(GueSockets by, long high, long low) {
        T owner = peers.isFull() ? null : admission.owner(high, low);
        if (owner == null) {
            return null;
        }
        GuePeer<T> peer = new GuePeer<>(this, by, owner, high, low, admission.port(owner));
        peers.add(peer);
        return peer;
    }

    /** Receives from the next listening socket that has something. */
    private boolean nextBatch() {
        for (int i = 0; i < sockets.length; i++) {
            turn = (turn + 1) % sockets.length;
            GueSockets each = sockets[turn];
            if (batch(each, each.listener())) {
                return true;
            }
            if (each.listenerSends()) {
                readErrors(each.listener());
            }
        }
        return false;
    }

    private boolean batch(GueSockets by, int fd) {
        // The memory of their headers is about to be written again.
        handOverJoined();
        int result = reader.receive(fd);
        if (result < 0 && !Errno.EAGAIN.is(result)) {
            // udp(7): an error of an earlier datagram, which this call has cleared.
            readErrors(fd);
            result = reader.receive(fd);
        }
        origin = by;
        message = 0;
        received = Math.max(result, 0);
        return nextMessage();
    }

    /** One datagram of the message. */
    private void next() {
        int from = at;
        int length = Math.min(segment, end - at);
        at += length;
        GueOutcome outcome = admitted == GueOutcome.PACKET ? unwrap(from, length) : admitted;
        outcomes[outcome.ordinal()]++;
        if (outcome != GueOutcome.PACKET) {
            handler.dropped(outcome);
            return;
        }
        if (joinedPeer != source || !joinedHeader.hasSamePrivateData(header)) {
            handOverJoined();
            joinedPeer = source;
            GueHeader spare = joinedHeader;
            joinedHeader = header;
            header = spare;
        }
        coalescer.take(packet, joinedHandler);
    }

    private void handOver(Packet joined) {
        handler.handle(joinedPeer, joined, joinedHeader);
    }

    private void handOverJoined() {
        coalescer.flush(joinedHandler);
        joinedPeer = null;
    }

    /** Nothing is left, or the handler has failed. */
    private void forgetJoined() {
        coalescer.clear();
        joinedPeer = null;
        handler = null;
    }

    private GueOutcome unwrap(int from, int length) {
        GueOutcome outcome = header.wrap(reader.bytes(), from, length);
        if (outcome != GueOutcome.PACKET) {
            return outcome;
        }
        if (header.privateDataLength() > 0 && !privateData) {
            return GueOutcome.UNEXPECTED_PRIVATE_DATA;
        }
        outcome = header.unwrap(packet);
        if (outcome == GueOutcome.PACKET && !EcnField.receive(packet, trafficClass)) {
            return GueOutcome.CONGESTION_UNMARKABLE;
        }
        return outcome;
    }

    private void failed(int fd, long high, long low, int port, int errno, int datagrams) {
        GuePeer<T> peer = peers.find(high, low);
        if (peer != null) {
            peer.lose(datagrams);
            if (errno == Errno.EMSGSIZE.number()) {
                peer.refreshMtu();
            }
        }
        readErrors(fd);
    }

    /** What the kernel keeps of datagrams that failed: the path's MTU, or that nobody is there. */
    private void readErrors(int fd) {
        for (int i = 0; i < MOST_ERRORS && error.receive(fd) >= 0; i++) {
            GuePeer<T> peer = peers.find(error.destinationHigh(), error.destinationLow());
            if (peer == null || error.origin() == DatagramError.LOCAL) {
                continue; // a local one was answered by the call that failed
            }
            if (error.errno() == Errno.EMSGSIZE.number()) {
                peer.refreshMtu();
            } else {
                peer.noteUnreachable();
            }
        }
    }
}
