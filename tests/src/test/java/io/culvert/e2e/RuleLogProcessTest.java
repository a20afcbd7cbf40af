package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** What an operator reads of rules that log and of rules in audit mode, with no option given. */
@Timeout(90)
class RuleLogProcessTest {
    private static final String POLICY =
            """
            policy:
              default: deny
              rules:
                - { name: trial, protocol: tcp, do: reject, audit: true }
                - { name: all, do: upgrade, log: true }
                - { name: never, protocol: tcp, do: deny }
            """;

    @TempDir private Path directory;

    @ParameterizedTest
    @EnumSource
    void saysWhichRuleDecidedAndWhichOneWouldHaveRefused(Family family) throws Exception {
        Path configuration = directory.resolve("edge.yaml");
        try (Topology topology = Topology.withoutGateway();
                TcpServer server = TcpServer.on(topology.server(), family, TcpServer.ECHO)) {
            Files.writeString(configuration, topology.onRamps(1500, "acme") + POLICY);
            try (CulvertProcess culvert =
                    CulvertProcess.start(
                                    topology.gatewayHost(),
                                    "run",
                                    "--control",
                                    directory.resolve("control.sock").toString(),
                                    configuration.toString())
                            .awaitReady()) {
                topology.routeClients();
                InetSocketAddress client;
                try (SocketChannel channel = topology.client().connect(family, server.address())) {
                    client = (InetSocketAddress) channel.getLocalAddress();
                }
                String port = ":" + client.getPort() + " -> ";

                says(
                        culvert,
                        "rule \"all\" (" + configuration + ":13) upgrades via socket: tcp ",
                        port);
                says(culvert, "rule \"trial\" (" + configuration + ":12) would refuse tcp ", port);
                says(culvert, configuration + ":14:7: warning: rule \"never\" can never match", "");
                culvert.terminate();
                assertEquals(0, culvert.exitStatus());
                assertEquals(List.of("ready"), culvert.output());
            }
        }
    }

    private static void says(CulvertProcess culvert, String what, String port) throws Exception {
        Eventually.holds(
                what + " in " + culvert.errors(),
                () ->
                        culvert.errors().stream()
                                .anyMatch(line -> line.contains(what) && line.contains(port)));
    }
}
