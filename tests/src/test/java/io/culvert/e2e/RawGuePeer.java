package io.culvert.e2e;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.Arrays;
import java.util.HexFormat;

/**
 * A GUE peer that sends what a test writes, from any port as Linux does, and hears what the gateway
 * sends to its GUE port.
 */
final class RawGuePeer implements AutoCloseable {
    private static final int PORT = 6_080;
    private static final int LARGEST = 65_535;

    private final InetSocketAddress gateway;
    private final DatagramChannel listening;
    private final DatagramChannel sending;

    private RawGuePeer(
            InetSocketAddress gateway, DatagramChannel listening, DatagramChannel sending) {
        this.gateway = gateway;
        this.listening = listening;
        this.sending = sending;
    }

    static RawGuePeer on(Host host, Family outer, InetAddress address, InetAddress gateway)
            throws IOException {
        return on(host, outer, address, gateway, PORT);
    }

    /**
     * @param port that it hears on
     */
    static RawGuePeer on(
            Host host, Family outer, InetAddress address, InetAddress gateway, int port)
            throws IOException {
        DatagramChannel listening = host.udp(outer, address, port);
        DatagramChannel sending = host.udp(outer, address, 0);
        listening.configureBlocking(false);
        sending.configureBlocking(false);
        return new RawGuePeer(new InetSocketAddress(gateway, PORT), listening, sending);
    }

    /**
     * Sends a datagram.
     *
     * @param header in hexadecimal, spaces do not count
     * @param packet behind it
     */
    void send(String header, byte[] packet) throws IOException {
        byte[] before = HexFormat.of().parseHex(header.replace(" ", ""));
        ByteBuffer datagram = ByteBuffer.allocate(before.length + packet.length);
        sending.send(datagram.put(before).put(packet).flip(), gateway);
    }

    /** The same with a plain header of variant 0. */
    void send(byte[] packet) throws IOException {
        send(packet[0] >> 4 == 4 ? "00 04 0000" : "00 29 0000", packet);
    }

    /** Waits for the next datagram at the GUE port. */
    byte[] receive() throws Exception {
        byte[][] received = new byte[1][];
        Eventually.holds(
                "a datagram",
                () -> {
                    received[0] = read(listening);
                    return received[0] != null;
                });
        return received[0];
    }

    /** The packet in the next datagram, whose header is that one. */
    byte[] receive(String header) throws Exception {
        byte[] before = HexFormat.of().parseHex(header.replace(" ", ""));
        byte[] datagram = receive();
        byte[] actual = Arrays.copyOf(datagram, Math.min(before.length, datagram.length));
        if (!Arrays.equals(before, actual)) {
            throw new AssertionError(
                    "header: expected " + header + " but was " + HexFormat.of().formatHex(actual));
        }
        return Arrays.copyOfRange(datagram, before.length, datagram.length);
    }

    /** Whether nothing waits at the GUE port. */
    boolean hasHeardNothing() throws IOException {
        return read(listening) == null;
    }

    /** Whether nothing waits at the port that it sends from. */
    boolean hasNoReplyToItsSourcePort() throws IOException {
        return read(sending) == null;
    }

    private static byte[] read(DatagramChannel from) throws IOException {
        ByteBuffer datagram = ByteBuffer.allocate(LARGEST);
        if (from.receive(datagram) == null) {
            return null;
        }
        return Arrays.copyOf(datagram.array(), datagram.position());
    }

    @Override
    public void close() throws IOException {
        listening.close();
        sending.close();
    }
}
