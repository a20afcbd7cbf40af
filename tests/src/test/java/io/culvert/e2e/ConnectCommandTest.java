package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
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

    /** An on-ramp of type gue, which knows the client by its address or by what it says. */
    @ParameterizedTest(name = "outside {0}, {1}")
    @CsvSource({
        "IPV4, peer, '--tenant acme', 1468",
        "IPV6, peer, '', 1448",
        "IPV4, text, '--context --tenant acme --id laptop-7', 1444",
        "IPV6, text, '--context --tenant acme', 1436",
    })
    void joinsAnOnRampInUdp(Family outer, String context, String options, int mtu)
            throws Exception {
        String peer = GueTunnels.peer(outer, 0, ", tenant: acme");
        String onRamp = "context: " + context + ", peers: [" + peer + "]";
        String gateway = GueTunnels.gateway(outer).getHostAddress();
        List<String> arguments =
                new ArrayList<>(
                        List.of(
                                "connect",
                                "--gue",
                                outer.isIpv6() ? "[" + gateway + "]:6080" : gateway,
                                "--device",
                                Topology.DEVICE,
                                "--address",
                                "10.1.0.2/24,fd00:1::2/64"));
        if (!options.isEmpty()) {
            arguments.addAll(List.of(options.split(" ", -1)));
        }
        try (GueTunnels tunnels = GueTunnels.open(1, onRamp, Topology.UPGRADE_ALL);
                TcpServer server =
                        TcpServer.on(tunnels.topology().server(), outer, TcpServer.ECHO);
                CulvertProcess process =
                        CulvertProcess.start(tunnels.host(0), arguments.toArray(String[]::new))) {
            awaitConnected(process, 1);
            assertEquals(mtu, tunnels.host(0).link(Topology.DEVICE).orElseThrow().mtu());
            tunnels.host(0).defaultRoute(outer, Topology.DEVICE);
            try (SocketChannel client = tunnels.host(0).connect(outer, server.address())) {
                new Content(1).send(client, 100_000);
                new Content(1).receive(client, 100_000);
            }
            assertEquals(1, tunnels.topology().gateway().tunnels());
            process.terminate();
            assertEquals(0, process.exitStatus());
            assertEquals(List.of(), process.errors());
        }
    }

    @ParameterizedTest
    @CsvSource({
        "'', either SOCKET or --gue says where the gateway is",
        "'--gue 192.0.2.1 /run/none.sock', either SOCKET or --gue says where the gateway is",
        "'--context --tenant acme /run/none.sock', --listen and --context are for --gue",
        "'--gue 192.0.2.1 --id x', '--id, --route and --attribute reach the gateway with --context"
                + " only'",
        "'--gue 192.0.2.1 --context', Missing required option: '--tenant=NAME'",
        "'/run/none.sock', Missing required option: '--tenant=NAME'",
        "'--gue 192.0.2.1:x', '--gue: no address and port: 192.0.2.1:x'",
    })
    void saysWhichOptionsDoNotGoTogether(String options, String why) throws Exception {
        List<String> arguments = new ArrayList<>(List.of("connect"));
        if (!options.isEmpty()) {
            arguments.addAll(List.of(options.split(" ", -1)));
        }
        try (Host host = Host.named("client");
                CulvertProcess process =
                        CulvertProcess.start(host, arguments.toArray(String[]::new))) {
            assertEquals(2, process.exitStatus());
            assertEquals("culvert: " + why, process.errors().getFirst());
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
