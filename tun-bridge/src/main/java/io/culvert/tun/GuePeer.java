package io.culvert.tun;

/**
 * The other end of a GUE tunnel, to send to: each packet in a variant 0 header, super-packets cut
 * up. Packets from it come out of its {@link GueEndpoint}, since many peers share a socket.
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

    /** Where the kernel knows no way to the peer: Ethernet's. */
    private static final int UNKNOWN_PATH = 1_500;

    private final GueEndpoint<T> endpoint;
    private final GueSockets sockets;
    private final T owner;
    private final long high;
    private final long low;
    private final int port;
    private final PacketHandler segmentWriter = this::write;

    private int mtu;
    private boolean fragments;
    private int hash;
    private long sent;
    private long tooLong;
    private long malformed;
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
        if (endpoint.isClosed()) {
            return Sent.DOWN;
        }
        hash = endpoint.hash(packet);
        if (packet.segmentation() != Packet.Segmentation.NONE) {
            return sendSuperPacket(packet);
        }
        int version = UpperLayer.version(packet);
        if ((version != 4 && version != 6) || !PartialChecksum.complete(packet)) {
            malformed++;
            return Sent.FAILED;
        }
        if (packet.length() > mtu) {
            tooLong++;
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
        return mtu;
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
        endpoint.remove(this);
    }

    /** Asks the kernel for the path's MTU. */
    void refreshMtu() {
        int path = sockets.pathMtu(high, low, port);
        int known = path > 0 ? path : UNKNOWN_PATH;
        int room = known - (sockets.isIpv6() ? IPV6_OVERHEAD : IPV4_OVERHEAD);
        fragments = room < SMALLEST_MTU;
        mtu = Math.clamp(room, SMALLEST_MTU, LARGEST_MTU);
    }

    void lose(int datagrams) {
        lost += datagrams;
    }

    void noteUnreachable() {
        unreachable++;
    }

    private Sent sendSuperPacket(Packet packet) {
        if (packet.headerLength() + packet.segmentSize() > mtu) {
            tooLong++;
            return Sent.FAILED;
        }
        if (endpoint.segmenter().cut(packet, segmentWriter) == 0) {
            malformed++;
            return Sent.FAILED;
        }
        return Sent.TAKEN;
    }

    private void write(Packet packet) {
        int socket = fragments ? sockets.fragmenting() : sockets.sender(hash);
        GueHeader.write(
                packet.bytes(), Packet.OFFSET - GueHeader.LENGTH, UpperLayer.version(packet) == 6);
        endpoint.writer()
                .add(
                        socket,
                        high,
                        low,
                        port,
                        EcnField.of(packet),
                        packet.bytes(),
                        Packet.OFFSET - GueHeader.LENGTH,
                        packet.length() + GueHeader.LENGTH,
                        0);
        sent++;
    }
}
