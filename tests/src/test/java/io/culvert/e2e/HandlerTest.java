package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.culvert.flow.Flow;
import io.culvert.gateway.plugin.HookTimes;
import io.culvert.hook.Endpoint;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;

/** Connections that plugins' handlers get. */
@Timeout(120)
class HandlerTest {
    private static final int MIB = 1024 * 1024;
    private static final int PORT = 6_000;

    @TempDir private Path directory;

    private final FlowLog log = new FlowLog();

    @BeforeEach
    void forget() {
        for (String name : List.of("up", "down", "page", "hanging", "broken")) {
            HandlersPlugin.counter(name).set(0);
        }
    }

    private String settings(String handler, String via) throws IOException {
        return """
        plugins: [ { jar: %s } ]
        policy: { rules: [ { do: upgrade, handler: %s, protocol: tcp, via: %s } ] }
        """
                .formatted(PluginJars.write(directory, HandlersPlugin.class), handler, via);
    }

    private Topology open(String handler) throws IOException {
        return Topology.open(settings(handler, "socket"), log);
    }

    private static TcpServer server(Topology topology, Family family, TcpServer.Service service)
            throws IOException {
        return TcpServer.on(topology.server(), family, family.server(), PORT, service);
    }

    private static void leavesNothing(Topology topology) throws Exception {
        Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
        topology.everyPacketIsAccountedFor();
    }

    @ParameterizedTest
    @CsvSource({
        "IPV4, observe",
        "IPV6, observe",
        "IPV4, copy",
        "IPV6, copy",
        "IPV4, splice",
        "IPV6, splice"
    })
    void aHandlerInTheMiddleSeesExactlyWhatBothSend(Family family, String handler)
            throws Exception {
        int upload = 5 * MIB + 3;
        int download = 20 * MIB + 1;
        try (Topology topology = open(handler);
                TcpServer server =
                        server(
                                topology,
                                family,
                                c -> {
                                    new Content(1).receive(c, upload);
                                    new Content(2).send(c, download);
                                })) {
            try (SocketChannel client = topology.client().connect(family, server.address())) {
                new Content(1).send(client, upload);
                new Content(2).receiveAll(client, download);
            }
            FlowLog.Ended ended = log.ended(PORT);
            assertEquals(Reason.FINISHED, ended.reason());
            assertEquals(upload, ended.flow().relayFigures().bytesUp());
            assertEquals(download, ended.flow().relayFigures().bytesDown());
            boolean sees = !handler.equals("splice");
            assertEquals(sees ? upload : 0, HandlersPlugin.counter("up").get());
            assertEquals(sees ? download : 0, HandlersPlugin.counter("down").get());
            assertEquals(List.of(), server.failures());
            leavesNothing(topology);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aHandlerCountsWhatGoesIntoAnotherTunnel(Family family) throws Exception {
        int upload = 12_345;
        int download = 10 * MIB + 1;
        try (Branches branches = Branches.open(1500, "", settings("observe", "tunnels"), log);
                TcpServer near =
                        TcpServer.on(
                                branches.near(),
                                family,
                                family.branch(),
                                PORT,
                                c -> {
                                    new Content(1).receive(c, upload);
                                    new Content(2).send(c, download);
                                })) {
            try (SocketChannel client = branches.client().connect(family, near.address())) {
                new Content(1).send(client, upload);
                new Content(2).receiveAll(client, download);
            }
            Flow flow = log.ended(PORT).flow();
            assertEquals(upload, HandlersPlugin.counter("up").get());
            assertEquals(download, HandlersPlugin.counter("down").get());
            assertEquals(upload, flow.relayFigures().bytesUp());
            assertEquals(download, flow.relayFigures().bytesDown());
            leavesNothing(branches.topology());
        }
    }

    private static String read(SocketChannel from, int length) throws IOException {
        ByteBuffer bytes = ByteBuffer.allocate(length);
        while (bytes.hasRemaining() && from.read(bytes) >= 0) {
            // Until the end.
        }
        return new String(bytes.array(), 0, bytes.position(), StandardCharsets.UTF_8);
    }

    private static void write(SocketChannel to, String text) throws IOException {
        to.write(ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8)));
    }

    @ParameterizedTest
    @EnumSource
    void aHandlerMayAnswerBeforeAnybodyIsDialed(Family family) throws Exception {
        try (Topology topology = open("greet");
                TcpServer server = server(topology, family, TcpServer.ECHO);
                SocketChannel client = topology.client().connect(family, server.address())) {
            String greeting = greeting(family, client);
            assertEquals(greeting, read(client, greeting.length()));
            assertEquals(0, server.accepted());

            write(client, "x");
            assertEquals("x", read(client, 1));
            write(client, "yz");
            assertEquals("yz", read(client, 2));
            client.shutdownOutput();

            assertEquals("", read(client, 1));
            assertEquals(1, server.accepted());
            assertEquals(Reason.FINISHED, log.ended(PORT).reason());
            leavesNothing(topology);
        }
    }

    private static String greeting(Family family, SocketChannel client) throws IOException {
        int port = ((InetSocketAddress) client.getLocalAddress()).getPort();
        return "acme " + new Endpoint(family.client(), port) + "\n";
    }

    @ParameterizedTest
    @EnumSource
    void aHandlerThatAnswersFirstHearsWhyItsTargetCannotBeReached(Family family) throws Exception {
        try (Topology topology = open("greet")) {
            try (SocketChannel client = topology.client().connect(family, family.server(PORT))) {
                String greeting = greeting(family, client);
                assertEquals(greeting, read(client, greeting.length()));
                write(client, "x");

                assertEquals(Reason.DIAL_REFUSED.meaning(), read(client, 200));
            }
            assertEquals(Reason.HANDLER_CLOSED, log.ended(PORT).reason());
            leavesNothing(topology);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aHandlerThatAnswersFirstNeedsNoTarget(Family family) throws Exception {
        try (Topology topology = open("greet")) {
            String greeting;
            try (SocketChannel client = topology.client().connect(family, family.server(PORT))) {
                greeting = greeting(family, client);
                assertEquals(greeting, read(client, greeting.length()));
                write(client, "q");

                assertEquals("", read(client, 1));
            }
            FlowLog.Ended ended = log.ended(PORT);
            assertEquals(Reason.HANDLER_CLOSED, ended.reason());
            assertEquals(1, ended.flow().relayFigures().bytesUp());
            assertEquals(greeting.length(), ended.flow().relayFigures().bytesDown());
            leavesNothing(topology);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aClientThatReadsSlowlyGetsAHundredMegabytes(Family family) throws Exception {
        try (Topology topology = open("page");
                TcpServer server = server(topology, family, TcpServer.ECHO)) {
            try (SocketChannel client = topology.client().connect(family, server.address())) {
                Eventually.holds("the handler has the connection", () -> server.accepted() == 1);
                assertEquals(0, HandlersPlugin.counter("page").get(), "it waits for the client");

                assertEquals(HandlersPlugin.PAGE, readSlowly(client));
                assertEquals(HandlersPlugin.PAGE, HandlersPlugin.counter("page").get());
            }
            assertEquals(Reason.HANDLER_CLOSED, log.ended(PORT).reason());
            leavesNothing(topology);
        }
    }

    private static long readSlowly(SocketChannel client) throws IOException {
        ByteBuffer chunk = ByteBuffer.allocateDirect(16 * 1024);
        long received = 0;
        for (int read = client.read(chunk); read >= 0; read = client.read(chunk.clear())) {
            received += read;
            Thread.onSpinWait();
        }
        return received;
    }

    @ParameterizedTest
    @CsvSource({"IPV4, fail", "IPV6, fail", "IPV4, fail-late", "IPV6, fail-late"})
    void aHandlerThatFailsCostsItsOwnConnectionAlone(Family family, String handler)
            throws Exception {
        try (Topology topology = open(handler);
                TcpServer server = server(topology, family, TcpServer.ECHO)) {
            assertThrows(
                    IOException.class,
                    () -> {
                        try (SocketChannel client =
                                topology.client().connect(family, server.address())) {
                            write(client, "x");
                            int unused = client.read(ByteBuffer.allocate(1));
                        }
                    });
            assertEquals(Reason.HANDLER_FAILED, log.ended(PORT).reason());
            leavesNothing(topology);
        }
    }

    @ParameterizedTest
    @EnumSource
    void aRefusalThatIsMeantIsNoFailure(Family family) throws Exception {
        try (Topology topology = open("refuse");
                TcpServer server = server(topology, family, TcpServer.ECHO)) {
            try (SocketChannel client = topology.client().connect(family, server.address())) {
                write(client, "y");
                assertEquals("y", read(client, 1));
                write(client, "x");

                assertThrows(IOException.class, () -> client.read(ByteBuffer.allocate(1)));
            }
            assertEquals(Reason.HANDLER_REFUSED, log.ended(PORT).reason());
            leavesNothing(topology);
            HookTimes.Figures figures =
                    topology.gateway()
                            .plugins()
                            .current()
                            .plugins()
                            .getFirst()
                            .times()
                            .of(HookTimes.Hook.HANDLER);
            Eventually.equal(1L, "calls", () -> Arrays.stream(figures.counts()).sum());
            assertEquals(0, figures.failures());
        }
    }

    @ParameterizedTest
    @EnumSource
    void theGatewayEndsHandlersThatHang(Family family) throws Exception {
        try (Topology topology = open("hang");
                TcpServer server = server(topology, family, TcpServer.ECHO);
                SocketChannel client = topology.client().connect(family, server.address())) {
            Eventually.equal(1L, "hanging", () -> HandlersPlugin.counter("hanging").get());

            topology.gateway().close();

            assertThrows(IOException.class, () -> client.read(ByteBuffer.allocate(1)));
            Eventually.equal(0L, "hanging", () -> HandlersPlugin.counter("hanging").get());
            assertEquals(Reason.SHUTDOWN, log.ended(PORT).reason());
        }
    }

    @ParameterizedTest
    @EnumSource
    void aHundredHandlersAtOnceCountEachByte(Family family) throws Exception {
        int each = 200_003;
        int clients = 100;
        try (Topology topology = open("observe");
                TcpServer server = server(topology, family, TcpServer.ECHO);
                ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<Object>> all =
                    IntStream.range(0, clients)
                            .mapToObj(
                                    i ->
                                            threads.submit(
                                                    () -> echo(topology, family, server, i, each)))
                            .toList();
            for (Future<Object> client : all) {
                Object unused = client.get(60, TimeUnit.SECONDS);
            }
            leavesNothing(topology);
            assertEquals((long) clients * each, HandlersPlugin.counter("up").get());
            assertEquals((long) clients * each, HandlersPlugin.counter("down").get());
        }
    }

    private static Object echo(
            Topology topology, Family family, TcpServer server, int seed, int length)
            throws Exception {
        Content content = new Content(seed);
        try (SocketChannel client = topology.client().connect(family, server.address())) {
            Thread sender =
                    Thread.ofVirtual()
                            .start(
                                    () -> {
                                        try {
                                            content.send(client, length);
                                            client.shutdownOutput();
                                        } catch (IOException shownByTheReader) {
                                            // It lacks bytes.
                                        }
                                    });
            content.receiveAll(client, length);
            sender.join();
            return client;
        }
    }
}
