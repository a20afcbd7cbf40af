package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.culvert.gateway.WorkerStatus;
import io.culvert.hook.Reason;
import io.culvert.wire.IpAddress;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * A gateway that accepts connections itself, between a client and a server that have no other way
 * to each other.
 *
 * <pre>
 *   client 10.1.0.2 fd00:1::2 -- 10.1.0.1 fd00:1::1 gateway 10.2.0.1 fd00:2::1 -- 10.2.0.2 fd00:2::2 server
 * </pre>
 */
final class FrontDoor implements AutoCloseable {
    /** What the first on-ramp listens on. */
    static final int PORT = 7_000;

    /** Where the server's echo is. */
    static final int ECHO = 6_000;

    /** A policy with which everything is carried to a socket. */
    static final String RELAY = "policy: { rules: [ { name: all, do: upgrade } ] }\n";

    final Topology topology;
    final FlowLog log = new FlowLog();

    private FrontDoor(Topology topology) {
        this.topology = topology;
    }

    /**
     * Starts a gateway.
     *
     * @param configuration all of it
     */
    static FrontDoor open(String configuration) throws IOException {
        FrontDoor door = new FrontDoor(Topology.withoutGateway());
        try {
            Topology topology = door.topology;
            Host.cable(topology.client(), "gateway", topology.gatewayHost(), "inside");
            for (Family family : Family.values()) {
                topology.client().address("gateway", family.client(), family.prefixLength());
                topology.gatewayHost()
                        .address("inside", family.gatewayInside(), family.prefixLength());
            }
            topology.start(configuration, door.log);
            return door;
        } catch (IOException | RuntimeException e) {
            door.close();
            throw e;
        }
    }

    /** The YAML of one on-ramp on every address of the gateway's, with further settings. */
    static String onRamp(String settings) {
        return onRamp("web", PORT, settings);
    }

    static String onRamp(String name, int port, String settings) {
        return """
          - name: %s
            type: tcp
            tenant: acme
            listen: ["0.0.0.0:%2$d", "[::]:%2$d"]
            %3$s
        """
                .formatted(name, port, settings);
    }

    /** The on-ramps: that one alone, for connections that say where they lead. */
    static String plain() {
        return "onramps:\n" + onRamp("");
    }

    /** The on-ramps: that one alone, whose connections lead to the server's echo. */
    static String to(Family family) {
        return "onramps:\n" + onRamp("target: \"" + at(family.server(), ECHO) + "\"");
    }

    /** A literal of an address and port. */
    static String at(InetAddress address, int port) {
        String text = IpAddress.of(address).toString();
        return (text.contains(":") ? "[" + text + "]" : text) + ":" + port;
    }

    static InetSocketAddress address(Family family, int port) {
        return new InetSocketAddress(family.gatewayInside(), port);
    }

    static String url(Family family, String path) {
        return "http://" + at(family.gatewayInside(), PORT) + path;
    }

    SocketChannel connect(Family family) throws IOException {
        return topology.client().connect(family, address(family, PORT));
    }

    /** Whoever connects there is reset, at once or as soon as it waits for something. */
    void resets(Host from, Family family, InetSocketAddress address) {
        assertThrows(
                IOException.class,
                () -> {
                    try (SocketChannel connection = from.connect(family, address)) {
                        read(connection, 1);
                    }
                });
    }

    void resets(Family family) {
        resets(topology.client(), family, address(family, PORT));
    }

    Tool.Result curl(String... arguments) throws Exception {
        String[] all = new String[arguments.length + 3];
        all[0] = "-sSg";
        all[1] = "--max-time";
        all[2] = "60";
        System.arraycopy(arguments, 0, all, 3, arguments.length);
        return Tool.CURL.run(topology.client(), all);
    }

    TcpServer echo(Family family) throws IOException {
        return TcpServer.on(topology.server(), family, family.server(), ECHO, TcpServer.ECHO);
    }

    static void write(SocketChannel to, String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.ISO_8859_1));
        while (bytes.hasRemaining()) {
            to.write(bytes);
        }
    }

    /** That many characters, or fewer where it ends. */
    static String read(SocketChannel from, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining() && from.read(bytes) >= 0) {
            // Until the end.
        }
        return new String(bytes.array(), 0, bytes.position(), StandardCharsets.ISO_8859_1);
    }

    /** A line with its end. */
    static String readLine(SocketChannel from) throws IOException {
        StringBuilder line = new StringBuilder();
        while (line.isEmpty() || line.charAt(line.length() - 1) != '\n') {
            String next = read(from, 1);
            if (next.isEmpty()) {
                return line.toString();
            }
            line.append(next);
        }
        return line.toString();
    }

    /** How a test comes to be connected with the echo's port of the server. */
    interface Way {
        SocketChannel open() throws IOException;
    }

    /** An echo answers. */
    static void echoes(SocketChannel through, String text) throws IOException {
        write(through, text);
        assertEquals(text, read(through, text.length()));
    }

    /**
     * What is sent one way, the end of it, and then what is sent the other way comes, and is
     * counted.
     */
    void carriesAllAndHalfCloses(Family family, int upload, int download, Way way)
            throws Exception {
        try (TcpServer server =
                TcpServer.on(
                        topology.server(),
                        family,
                        family.server(),
                        ECHO,
                        c -> {
                            new Content(1).receive(c, upload);
                            assertEquals("", read(c, 1));
                            new Content(2).send(c, download);
                        })) {
            try (SocketChannel client = way.open()) {
                new Content(1).send(client, upload);
                client.shutdownOutput();
                new Content(2).receiveAll(client, download);
            }
            FlowLog.Ended ended = log.ended(ECHO);
            assertEquals(Reason.FINISHED, ended.reason());
            assertEquals(upload, ended.flow().initiatorBytes());
            assertEquals(download, ended.flow().targetBytes());
            assertEquals(List.of(), server.failures());
            leavesNothing();
        }
    }

    /** The client's reset is one for the server. */
    void passesAResetOn(TcpServer server, SocketChannel client) throws Exception {
        client.setOption(StandardSocketOptions.SO_LINGER, 0);
        client.close();
        assertEquals(Reason.RESET_BY_INITIATOR, log.ended(ECHO).reason());
        Eventually.holds("the server is told", () -> !server.failures().isEmpty());
        leavesNothing();
    }

    /** Neither flows nor what they hold are left. */
    void leavesNothing() throws Exception {
        Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
        assertEquals(0, topology.sum(WorkerStatus::accepted));
    }

    @Override
    public void close() throws IOException {
        topology.close();
    }
}
