package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jdk.net.ExtendedSocketOptions;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;

import java.io.IOException;
import java.net.ConnectException;
import java.net.DatagramPacket;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.PortUnreachableException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What a host does with ordinary sockets, over any on-ramp: one suite, for each {@link Journey} of
 * a subclass in a gateway of its own.
 */
abstract class Scenarios {
    private static final int MIB = 1024 * 1024;
    private static final int CLOSED_PORT = 7;
    private static final int UDP_HEADER = 8;
    private static final int PATIENCE_MILLIS = 10_000;

    private static Scene scene;

    private final Family family;

    Scenarios(Journey journey) {
        family = journey.family();
    }

    @BeforeParameterizedClassInvocation
    static void open(Journey journey) throws Exception {
        scene = Scene.open(journey);
    }

    @AfterParameterizedClassInvocation
    static void close() throws Exception {
        // Where opening has failed there is none, or the one before.
        try (Scene over = scene) {
            scene = null;
            over.leave();
        }
    }

    @AfterEach
    void everythingIsSettled() throws Exception {
        scene.isSettled();
    }

    private TcpServer server(TcpServer.Service service) throws IOException {
        return TcpServer.on(scene.target(), family, scene.targetAddress(), 0, service);
    }

    private SocketChannel connect(TcpServer server) throws IOException {
        return scene.client().connect(family, server.address());
    }

    private DatagramChannel udp(InetSocketAddress to) throws IOException {
        DatagramChannel channel = scene.client().udp(family, null, 0);
        channel.socket().setSoTimeout(PATIENCE_MILLIS);
        return channel.connect(to);
    }

    private static byte[] ask(DatagramChannel channel, byte[] question) throws IOException {
        channel.write(ByteBuffer.wrap(question));
        DatagramPacket answer = new DatagramPacket(new byte[65_535], 65_535);
        channel.socket().receive(answer);
        return Arrays.copyOf(answer.getData(), answer.getLength());
    }

    @Test
    void carriesADownload() throws Exception {
        Content content = new Content(1);
        try (TcpServer server = server(c -> content.send(c, 16 * MIB));
                SocketChannel client = connect(server)) {
            content.receiveAll(client, 16 * MIB);

            assertEquals(List.of(), server.failures());
        }
    }

    @Test
    void carriesAnUpload() throws Exception {
        Content content = new Content(2);
        try (TcpServer server =
                        server(
                                c -> {
                                    content.receiveAll(c, 16 * MIB);
                                    c.write(ByteBuffer.wrap(new byte[1]));
                                });
                SocketChannel client = connect(server)) {
            content.send(client, 16 * MIB);
            client.shutdownOutput();

            assertEquals(1, client.read(ByteBuffer.allocate(2)), () -> "" + server.failures());
            assertEquals(-1, client.read(ByteBuffer.allocate(2)));
        }
    }

    @Test
    void carriesTwentyConnectionsBothWaysAtOnce() throws Exception {
        Exchange exchange = new Exchange(MIB);
        try (TcpServer server = server(exchange::serve)) {
            exchange.run(20, scene.client(), family, server);

            assertEquals(List.of(), server.failures());
            assertEquals(20, server.accepted());
        }
    }

    @Test
    void deliversTheAnswerAfterTheClientHasEndedItsHalf() throws Exception {
        Content content = new Content(3);
        try (TcpServer server =
                        server(
                                c -> {
                                    content.receiveAll(c, 1000);
                                    content.send(c, MIB);
                                });
                SocketChannel client = connect(server)) {
            content.send(client, 1000);
            client.shutdownOutput();

            content.receiveAll(client, MIB);
        }
    }

    @Test
    void deliversTheRequestAfterTheServerHasEndedItsHalf() throws Exception {
        Content content = new Content(4);
        AtomicLong received = new AtomicLong();
        try (TcpServer server =
                        server(
                                c -> {
                                    content.send(c, 1000);
                                    c.shutdownOutput();
                                    content.receiveAll(c, MIB);
                                    received.set(MIB);
                                });
                SocketChannel client = connect(server)) {
            content.receiveAll(client, 1000);
            content.send(client, MIB);
            client.shutdownOutput();

            Eventually.equal((long) MIB, "received", received::get);
        }
    }

    @Test
    void bringsTheRefusalOfAClosedPort() {
        InetSocketAddress closed = new InetSocketAddress(scene.targetAddress(), CLOSED_PORT);

        assertThrows(ConnectException.class, () -> scene.client().connect(family, closed));
    }

    @Test
    void bringsTheErrorOfAPortWhereNoDatagramIsExpected() throws Exception {
        InetSocketAddress closed = new InetSocketAddress(scene.targetAddress(), CLOSED_PORT);
        try (DatagramChannel client = udp(closed)) {
            assertThrows(PortUnreachableException.class, () -> ask(client, new byte[10]));
        }
    }

    /**
     * Has both hosts learn what the path takes, where a tunnel is smaller than their devices: the
     * first that is too long is lost, and its sender told (RFC 1191 section 3, RFC 8201 section 4).
     */
    private void learnThePath() throws Exception {
        byte[] full = new Content(8).bytes(Site.MTU - family.headerLength() - UDP_HEADER);
        try (UdpEcho echo = UdpEcho.on(scene.target(), family, scene.targetAddress());
                DatagramChannel client = udp(echo.address())) {
            client.configureBlocking(false);
            Eventually.holds("a full datagram comes back", () -> comesBack(client, full));
        }
    }

    private static boolean comesBack(DatagramChannel client, byte[] datagram) {
        try {
            client.write(ByteBuffer.wrap(datagram));
            return client.read(ByteBuffer.allocate(datagram.length)) == datagram.length;
        } catch (IOException e) {
            assertEquals("Message too long", e.getMessage());
            return false;
        }
    }

    @Test
    void carriesPingsOfEverySize() throws Exception {
        learnThePath();
        try (PingSocket ping = PingSocket.on(scene.client(), family, scene.targetAddress())) {
            for (int size : new int[] {0, 1, 56, 1_400, 1_500, 20_000}) {
                byte[] payload = new Content(size).bytes(size);
                assertArrayEquals(payload, ping.ask(payload), "of " + size);
            }
        }
    }

    @Test
    void echoesDatagramsOfEverySize() throws Exception {
        learnThePath();
        try (UdpEcho echo = UdpEcho.on(scene.target(), family, scene.targetAddress());
                DatagramChannel client = udp(echo.address())) {
            for (int size : new int[] {1, 2, 100, 1_452, 1_472, 1_473, 4_000, 20_000, 60_000}) {
                byte[] datagram = new Content(size).bytes(size);
                assertArrayEquals(datagram, ask(client, datagram), "of " + size);
            }
        }
    }

    @Test
    void echoesManyDatagramsInTheirOrder() throws Exception {
        try (UdpEcho echo = UdpEcho.on(scene.target(), family, scene.targetAddress());
                DatagramChannel client = udp(echo.address())) {
            for (int round = 0; round < 20; round++) {
                for (int i = 0; i < 20; i++) {
                    client.write(datagram(round, i));
                }
                for (int i = 0; i < 20; i++) {
                    ByteBuffer back = ByteBuffer.allocate(2_000);
                    client.read(back);
                    assertEquals(datagram(round, i), back.flip(), "round " + round + ", " + i);
                }
            }
        }
    }

    private static ByteBuffer datagram(int round, int number) {
        int size = 200 + 60 * (round % 10);
        return ByteBuffer.wrap(new Content(round * 20 + number).bytes(size)).putInt(0, number);
    }

    /** RFC 1191, RFC 8201: no end knows how small the link is, and each is told. */
    @Test
    void carriesConnectionsOverASmallerLinkFurtherOn() throws Exception {
        Content down = new Content(5);
        Content up = new Content(6);
        try (TcpServer server =
                        TcpServer.on(
                                scene.beyond(),
                                family,
                                scene.beyondAddress(),
                                0,
                                c -> {
                                    down.send(c, 2 * MIB);
                                    up.receiveAll(c, 2 * MIB);
                                });
                SocketChannel client = connect(server)) {
            down.receive(client, 2 * MIB);
            up.send(client, 2 * MIB);
            client.shutdownOutput();

            assertEquals(-1, client.read(ByteBuffer.allocate(1)), () -> "" + server.failures());
            assertEquals(List.of(), server.failures());
        }
    }

    /**
     * The same for datagrams that nobody may cut, ip(7), IP_PMTUDISC_DO. Of an upgraded flow only
     * where the gateway's host does not know the path itself: once it does, it cuts them.
     */
    @Test
    void tellsASenderOfDatagramsWhatASmallerLinkFurtherOnTakes() throws Exception {
        InetAddress beyond = scene.secondBeyondAddress();
        int fits = Scene.SMALL_MTU - family.headerLength() - UDP_HEADER;
        try (UdpEcho echo = UdpEcho.on(scene.beyond(), family, beyond)) {
            try (DatagramChannel client = uncut(echo.address())) {
                Eventually.holds("told", () -> isTooLong(client, fits + 1));
            }
            // The first hears the errors of all that it sent.
            try (DatagramChannel client = uncut(echo.address())) {
                assertTrue(isTooLong(client, fits + 1), "the host has not understood");
                byte[] datagram = new Content(7).bytes(fits);
                assertArrayEquals(datagram, ask(client, datagram));
            }
        }
    }

    private DatagramChannel uncut(InetSocketAddress to) throws IOException {
        DatagramChannel channel = udp(to);
        channel.setOption(ExtendedSocketOptions.IP_DONTFRAGMENT, true);
        return channel;
    }

    /** Whether the kernel refuses to send a datagram of that length: EMSGSIZE of ip(7). */
    private static boolean isTooLong(DatagramChannel channel, int length) {
        try {
            channel.write(ByteBuffer.allocate(length));
            return false;
        } catch (IOException e) {
            assertEquals("Message too long", e.getMessage());
            return true;
        }
    }
}
