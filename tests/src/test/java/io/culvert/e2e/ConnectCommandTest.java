package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** {@code culvert connect} as a process in a client's namespace. */
@Timeout(120)
class ConnectCommandTest {
    @TempDir private Path directory;

    private CulvertProcess connect(SeqpacketTunnels tunnels, String... options) throws Exception {
        List<String> arguments =
                new ArrayList<>(
                        List.of(
                                "connect",
                                "--device",
                                Topology.DEVICE,
                                "--address",
                                "10.1.0.2/24,fd00:1::2/64"));
        arguments.addAll(List.of(options));
        arguments.add(tunnels.path().toString());
        return CulvertProcess.start(tunnels.topology().client(), arguments.toArray(String[]::new));
    }

    private static void awaitConnected(CulvertProcess process, int times) throws Exception {
        Eventually.holds(
                "connected",
                () -> {
                    assertTrue(process.isAlive(), () -> "" + process.errors());
                    return process.output().size() >= times;
                });
        assertEquals("connected", process.output().get(times - 1));
    }

    private static void exchange(SeqpacketTunnels tunnels, Family family, TcpServer server)
            throws Exception {
        try (SocketChannel client = tunnels.topology().client().connect(family, server.address())) {
            new Content(1).send(client, 100_000);
            new Content(1).receive(client, 100_000);
        }
    }

    @ParameterizedTest
    @EnumSource
    void carriesWhatIsRoutedIntoItsDeviceAndEndsWhenItIsTold(Family family) throws Exception {
        try (SeqpacketTunnels tunnels = SeqpacketTunnels.open(directory, "", Topology.UPGRADE_ALL);
                TcpServer server =
                        TcpServer.on(tunnels.topology().server(), family, TcpServer.ECHO);
                CulvertProcess process = connect(tunnels, "--tenant", "acme")) {
            awaitConnected(process, 1);
            tunnels.topology().client().defaultRoute(family, Topology.DEVICE);

            exchange(tunnels, family, server);

            process.terminate();
            assertEquals(0, process.exitStatus());
            assertEquals(List.of(), process.errors());
        }
    }

    @Test
    void comesBackWhenTheGatewayWasAway() throws Exception {
        Family family = Family.IPV4;
        try (SeqpacketTunnels tunnels = SeqpacketTunnels.open(directory, "", Topology.UPGRADE_ALL);
                TcpServer server =
                        TcpServer.on(tunnels.topology().server(), family, TcpServer.ECHO);
                CulvertProcess process = connect(tunnels, "--tenant", "acme", "--id", "laptop-7")) {
            awaitConnected(process, 1);
            tunnels.topology().client().defaultRoute(family, Topology.DEVICE);
            exchange(tunnels, family, server);

            tunnels.restart();

            awaitConnected(process, 2);
            exchange(tunnels, family, server);
        }
    }

    @Test
    void saysWhyItWasRefused() throws Exception {
        try (SeqpacketTunnels tunnels = SeqpacketTunnels.open(directory, "", Topology.UPGRADE_ALL);
                CulvertProcess first =
                        connect(tunnels, "--tenant", "acme", "--route", "10.1.0.0/24")) {
            awaitConnected(first, 1);
            Eventually.equal(1, "connected", tunnels.topology().gateway()::tunnels);
            try (CulvertProcess second =
                    CulvertProcess.start(
                            tunnels.topology().server(),
                            "connect",
                            "--tenant=acme",
                            "--route=10.1.0.0/24",
                            tunnels.path().toString())) {
                assertEquals(1, second.exitStatus());
                assertEquals(
                        List.of(
                                "culvert: refused: 10.1.0.0/24 leads into another tunnel"
                                        + " already"),
                        second.errors());
            }
        }
    }

    @Test
    void saysThatNobodyListens() throws Exception {
        try (Host host = Host.named("client");
                CulvertProcess process =
                        CulvertProcess.start(
                                host,
                                "connect",
                                "--tenant=acme",
                                directory.resolve("none.sock").toString())) {
            assertEquals(1, process.exitStatus());
            assertEquals(1, process.errors().size(), () -> "" + process.errors());
            assertTrue(process.errors().getFirst().startsWith("culvert: cannot connect to "));
        }
    }

    @Test
    void saysWhatIsWrongWithItsOptions() throws Exception {
        try (Host host = Host.named("client");
                CulvertProcess process =
                        CulvertProcess.start(
                                host,
                                "connect",
                                "--tenant=acme",
                                "--route=10.1.0.1/24",
                                "/run/none.sock")) {
            assertEquals(2, process.exitStatus());
            assertTrue(
                    process.errors().getFirst().contains("routes: "), process.errors()::toString);
        }
    }
}
