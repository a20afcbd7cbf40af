package io.culvert.tun;

/**
 * The other end of a GUE tunnel, to send to: each packet in a variant 0 header, super-packets cut
 * up. Packets from it come out of its {@link GueEndpoint}, since many peers share a socket.
 *
 * <p>TCP segments that are longer than the MTU are cut to it, which is no harm to TCP: where the
 * path has shrunk, whoever sends them may be where no ICMP error reaches (who routes packets
 * answers those that are too long before they come here). Packets in GUE in GUE, more than {@value
 * #DEEPEST} times, are refused: the way to the peer leads back in here.
 *
 * <p>The MTU is that of the path outside, as far as the kernel knows it, less the headers around a
 * packet. It changes when ICMP says so and at {@link GueEndpoint#refreshMtus}. It is never less
 * than IPv6's 1,280 (RFC 8200 section 5); a path too small for that gets fragments (RFC 2473
 * section 7.1).
 *
 * <p>Confined to its endpoint's worker.
 *
 * @param <T> what it is to its user
 */
public final class GuePeer<T> implements PacketDevice {
    /** RFC 8200 section 5. */
    static final int SMALLEST_MTU = 1_280;

    /** RFC 791, RFC 768: the longest datagram over IPv4, less the GUE header. */
    static final int LARGEST_MTU = 65_507 - GueHeader.LENGTH;

    private static final int IPV4_OVERHEAD = 20 + 8 + GueHeader.LENGTH;
    private static final int IPV6_OVERHEAD = 40 + 8 + GueHeader.LENGTH;

    /** RFC 2473 section 6.7, the default limit. */
    static final int DEEPEST = 4;

    private static final byte[] NO_PRIVATE_DATA = {};

    /** Where the kernel knows no way to the peer: Ethernet's. */
    private static final int UNKNOWN_PATH = 1_500;

    private final GueEndpoint<T> endpoint;
    private final GueSockets sockets;
    private final T owner;
    private final long high;
    private final long low;
    private final int port;
    private final PacketHandler segmentWriter = this::write;

    /** Bytes of the longest packet and its private data that go through the path unfragmented. */
    private int room;

    private boolean used = true;
    private boolean closed;

    // Of the packet at hand.
    private int hash;
    private boolean fragments;
    private byte[] privateData = NO_PRIVATE_DATA;

    private long sent;
    private long tooLong;
    private long malformed;
    private long nested;
    private long lost;
    private long unreachable;

    GuePeer(GueEndpoint<T> endpoint, GueSockets sockets, T owner, long high, long low, int port) {
        this.endpoint = endpoint;
        this.sockets = sockets;
        this.owner = owner;
        this.high = high;
        this.low = low;
        this.port = port;
        refreshMtu();
    }

    /** What its user made of it when it was admitted. */
    public T owner() {
        return owner;
    }

    /** The outer address, first half. */
    public long high() {
        return high;
    }

    /** The outer address, second half; in mapped form for IPv4. */
    public long low() {
        return low;
    }

    /** The UDP port that is sent to. */
    public int port() {
        return port;
    }

    /** The index of the listening address that it was first heard on. */
    int listener() {
        return sockets.index();
    }

    /** Something came from it, or goes to it. */
    void noteUsed() {
        used = true;
    }

    /** Whether it was used since the last call. */
    boolean takeUsed() {
        boolean before = used;
        used = false;
        return before;
    }

    boolean is(long high, long low) {
        return this.high == high && this.low == low;
    }

    /** Nothing: packets come out of {@link GueEndpoint#receive}. */
    @Override
    public int receive(PacketHandler handler, int budget) {
        return 0;
    }

    /** Takes every packet that is whole and not too long; it may be lost at {@link #flush}. */
    @Override
    public Sent send(Packet packet) {
        return send(packet, NO_PRIVATE_DATA);
    }

    /**
     * The same with private data in the header, which is filled up with zeros to whole words.
     *
     * @param privateData at most {@link GueHeader#MOST_PRIVATE_DATA} bytes; not changed, and kept
     */
    public Sent send(Packet packet, byte[] privateData) {
        if (endpoint.isClosed()) {
            return Sent.DOWN;
        }
        used = true;
        if (NestedGue.depth(packet, port) > DEEPEST) {
            nested++;
            return Sent.FAILED;
        }
        this.privateData = privateData;
        hash = endpoint.hash(packet);
        int mtu = mtu(privateData.length);
        fragments = room - padded(privateData.length) < SMALLEST_MTU;
        if (packet.segmentation() != Packet.Segmentation.NONE) {
            return sendSuperPacket(packet, mtu);
        }
        int version = UpperLayer.version(packet);
        if (version != 4 && version != 6) {
            malformed++;
            return Sent.FAILED;
        }
        if (packet.length() > mtu) {
            return sendTooLong(packet, mtu);
        }
        if (!PartialChecksum.complete(packet)) {
            malformed++;
            return Sent.FAILED;
        }
        write(packet);
        return Sent.TAKEN;
    }

    @Override
    public void flush() {
        endpoint.flush();
    }

    @Override
    public int mtu() {
        return mtu(0);
    }

    /**
     * The same with so much private data around each packet.
     *
     * @param privateData bytes
     */
    public int mtu(int privateData) {
        int padded = padded(privateData);
        return Math.clamp(room - padded, SMALLEST_MTU, LARGEST_MTU - padded);
    }

    private static int padded(int privateData) {
        return GueHeader.length(privateData) - GueHeader.LENGTH;
    }

    /** Always -1: wait on the endpoint's. */
    @Override
    public int descriptor() {
        return -1;
    }

    /** Packets handed to the kernel's socket, one for each that a super-packet stands for. */
    public long sent() {
        return sent - lost;
    }

    /** Packets longer than {@link #mtu}, which whoever routes should have answered. */
    public long tooLong() {
        return tooLong;
    }

    /** Packets that are no IP or contradict their headers. */
    public long malformed() {
        return malformed;
    }

    /** Packets that were in GUE too many times already. */
    public long nested() {
        return nested;
    }

    /** Packets that the kernel did not take: no room, no way, or too long for a way that shrank. */
    public long lost() {
        return lost;
    }

    /** ICMP messages that told of datagrams that did not reach the peer. */
    public long unreachable() {
        return unreachable;
    }

    /** Forgets the peer; its packets are those of an unknown address until they are admitted. */
    @Override
    public void close() {
        closed = true;
        endpoint.remove(this);
    }

    /** Whether it was forgotten: its endpoint has another for the address, or none. */
    public boolean isClosed() {
        return closed;
    }

    /** Asks the kernel for the path's MTU. */
    void refreshMtu() {
        int path = sockets.pathMtu(high, low, port);
        int known = path > 0 ? path : UNKNOWN_PATH;
        room = known - (sockets.isIpv6() ? IPV6_OVERHEAD : IPV4_OVERHEAD);
    }

    void lose(int datagrams) {
        lost += datagrams;
    }

    void noteUnreachable() {
        unreachable++;
    }

    private Sent sendSuperPacket(Packet packet, int mtu) {
        if (packet.headerLength() + packet.segmentSize() > mtu) {
            return sendTooLong(packet, mtu);
        }
        return cut(packet);
    }

    private Sent cut(Packet packet) {
        if (endpoint.segmenter().cut(packet, segmentWriter) == 0) {
            malformed++;
            return Sent.FAILED;
        }
        return Sent.TAKEN;
    }

    /** The packet is afterwards as it was. */
    private Sent sendTooLong(Packet packet, int mtu) {
        int headers = CuttableTcp.headerLength(packet);
        if (headers == UpperLayer.NONE || headers >= mtu) {
            tooLong++;
            return Sent.FAILED;
        }
        Packet.Segmentation segmentation = packet.segmentation();
        int segmentSize = packet.segmentSize();
        int headerLength = packet.headerLength();
        Sent sent = cut(packet.segments(Packet.Segmentation.TCP, mtu - headers, headers));
        packet.segments(segmentation, segmentSize, headerLength);
        return sent;
    }

    private void write(Packet packet) {
        int socket = fragments ? sockets.fragmenting() : sockets.sender(hash);
        int header = GueHeader.length(privateData.length);
        int at = Packet.OFFSET - header;
        int unused =
                GueHeader.write(packet.bytes(), at, UpperLayer.version(packet) == 6, privateData);
        endpoint.writer()
                .add(
                        socket,
                        high,
                        low,
                        port,
                        EcnField.of(packet),
                        packet.bytes(),
                        at,
                        packet.length() + header,
                        0);
        sent++;
    }
}
