package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** A process that may open no more files keeps what it has and serves again when it may. */
@Timeout(60)
class ScarceDescriptorsTest {
    static final List<String> FEW_FILES = List.of("sh", "-c", "ulimit -n 200 && exec \"$@\"", "sh");

    @TempDir private Path directory;

    @ParameterizedTest
    @EnumSource
    void keepsLiveConnectionsAndServesNewOnesLater(Family family) throws Exception {
        Path control = directory.resolve("control.sock");
        try (Topology topology = Topology.withoutGateway();
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO)) {
            Path configuration = directory.resolve("edge.yaml");
            Files.writeString(configuration, topology.onRamps(1500, "acme") + Topology.UPGRADE_ALL);
            try (CulvertProcess culvert =
                    CulvertProcess.startBehind(
                            topology.gatewayHost(),
                            FEW_FILES,
                            "run",
                            "--control",
                            control.toString(),
                            configuration.toString())) {
                culvert.awaitReady();
                topology.routeClients();
                List<SocketChannel> clients = openUntilRefused(topology, family, server);
                assertTrue(clients.size() > 20, "only " + clients.size());

                for (SocketChannel client : clients) {
                    exchange(client);
                }
                for (SocketChannel client : clients) {
                    client.close();
                }
                Eventually.holds(
                        "a new connection is served",
                        () -> {
                            try (SocketChannel client = topology.client().tcp(family)) {
                                client.socket().connect(server.address(), 500);
                                exchange(client);
                                return true;
                            } catch (IOException refused) {
                                return false;
                            }
                        });
                Eventually.holds("idle while nothing happens", () -> isIdle(culvert));
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void connectionsThatItAcceptsItselfWaitUntilThereAreDescriptors(Family family)
            throws Exception {
        Path control = directory.resolve("control.sock");
        try (Topology topology = Topology.withoutGateway();
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO)) {
            Path configuration = directory.resolve("web.yaml");
            String target = FrontDoor.at(family.server(), server.address().getPort());
            Files.writeString(
                    configuration,
                    "onramps:\n"
                            + FrontDoor.onRamp("target: \"" + target + "\"")
                            + Topology.UPGRADE_ALL);
            try (CulvertProcess culvert =
                    CulvertProcess.startBehind(
                            topology.gatewayHost(),
                            FEW_FILES,
                            "run",
                            "--control",
                            control.toString(),
                            configuration.toString())) {
                culvert.awaitReady();
                InetSocketAddress door = new InetSocketAddress(family.gateway(), FrontDoor.PORT);
                List<SocketChannel> clients = new ArrayList<>();
                // The kernel lets all of them in; some are reset where the dial finds no
                // descriptor.
                while (clients.size() < 200) {
                    clients.add(topology.server().connect(family, door));
                }
                Eventually.holds("idle while nobody can be accepted", () -> isIdle(culvert));
                for (SocketChannel client : clients) {
                    client.close();
                }
                Eventually.holds(
                        "a new connection is served",
                        () -> {
                            try (SocketChannel client = topology.server().tcp(family)) {
                                client.socket().connect(door, 500);
                                exchange(client);
                                return true;
                            } catch (IOException refused) {
                                return false;
                            }
                        });
            }
        }
    }

    /** Whether it hardly ran for half a second: what spins never does, what compiles soon does. */
    static boolean isIdle(CulvertProcess culvert) throws Exception {
        Duration before = cpu(culvert);
        long start = System.nanoTime();
        Eventually.holds("time passes", () -> System.nanoTime() - start > 500_000_000L);
        return cpu(culvert).minus(before).toMillis() < 100;
    }

    private static Duration cpu(CulvertProcess culvert) {
        return culvert.handle().info().totalCpuDuration().orElseThrow();
    }

    private static List<SocketChannel> openUntilRefused(
            Topology topology, Family family, TcpServer server) throws IOException {
        List<SocketChannel> clients = new ArrayList<>();
        while (clients.size() < 200) {
            SocketChannel client = topology.client().tcp(family);
            try {
                client.socket().connect(server.address(), 300);
                exchange(client);
                clients.add(client);
            } catch (IOException refused) {
                client.close();
                return clients;
            }
        }
        throw new AssertionError("200 connections with 200 files");
    }

    private static void exchange(SocketChannel client) throws IOException {
        client.socket().setSoTimeout(5_000);
        client.write(ByteBuffer.wrap(new byte[] {1, 2, 3}));
        assertEquals(3, client.socket().getInputStream().readNBytes(3).length);
    }
}
