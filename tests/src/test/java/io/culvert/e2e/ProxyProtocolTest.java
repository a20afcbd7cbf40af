package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowKey;
import io.culvert.hook.Reason;
import io.culvert.wire.IpAddress;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Connections that a proxy brings, which says whose they are. */
@Timeout(60)
class ProxyProtocolTest {
    /** HAProxy's own, on the client's host. */
    private static final int PROXY = 9_000;

    private static final String RELAY = "policy: { rules: [ { name: all, do: upgrade } ] }\n";
    private static final String HTTP =
            """
            policy:
              rules: [ { name: web, protocol: tcp, do: upgrade, handler: http, upstream: pages } ]
            upstreams: [ { name: pages, servers: ["10.2.0.2:8080"] } ]
            """;

    @TempDir private Path directory;

    private static String onRamp(String more) {
        return "onramps:\n"
                + FrontDoor.onRamp(
                        "proxy-protocol: required\n"
                                + "    trusted: [10.1.0.0/24, \"fd00:1::/64\"]\n"
                                + "    "
                                + more);
    }

    private static String to(Family family) {
        return "target: \"" + FrontDoor.at(family.server(), FrontDoor.ECHO) + "\"";
    }

    private static String line(Family family, String source, int port, String destination) {
        return "PROXY TCP%d %s %s %d %d\r\n"
                .formatted(family.isIpv6() ? 6 : 4, source, destination, port, FrontDoor.ECHO);
    }

    private static String somebody(Family family) {
        return family.isIpv6() ? "2001:db8::7" : "198.51.100.7";
    }

    private CulvertProcess haproxy(FrontDoor door, Family family, String option) throws Exception {
        Path configuration = directory.resolve("haproxy.cfg");
        Files.writeString(
                configuration,
                """
                defaults
                  mode tcp
                  timeout connect 10s
                  timeout client 30s
                  timeout server 30s
                listen front
                  bind %s
                  option httpchk
                  http-check send meth GET uri /small ver HTTP/1.1 hdr Host gateway
                  server gateway %s %s check inter 100ms fall 1 rise 1
                """
                        .formatted(
                                FrontDoor.at(family.client(), PROXY),
                                FrontDoor.at(family.gatewayInside(), FrontDoor.PORT),
                                option));
        CulvertProcess process =
                Tool.HAPROXY.start(door.topology.client(), "-db", "-f", configuration.toString());
        Eventually.holds("HAProxy listens", () -> listens(door, family));
        return process;
    }

    private static boolean listens(FrontDoor door, Family family) {
        try (SocketChannel _ =
                door.topology
                        .client()
                        .connect(family, new InetSocketAddress(family.client(), PROXY))) {
            return true;
        } catch (IOException notYet) {
            return false;
        }
    }

    @ParameterizedTest
    @CsvSource({
        "IPV4, send-proxy",
        "IPV6, send-proxy",
        "IPV4, send-proxy-v2",
        "IPV6, send-proxy-v2",
        "IPV4, send-proxy-v2 proxy-v2-options crc32c"
    })
    void haproxySaysWhoItsClientsAreAndItsChecksAreItsOwn(Family family, String option)
            throws Exception {
        try (FrontDoor door = FrontDoor.open(onRamp("") + HTTP);
                Nginx _ = Nginx.on(door.topology.server(), directory);
                CulvertProcess proxy = haproxy(door, family, option)) {
            Tool.Result result =
                    door.curl(
                            "-w",
                            "%{local_port}\n",
                            "http://" + FrontDoor.at(family.client(), PROXY) + "/small");

            assertEquals("hello", result.output().getFirst(), () -> result + "" + proxy.errors());
            int port = Integer.parseInt(result.output().getLast());
            FlowKey key = door.log.ended(PROXY).flow().key();
            assertEquals(
                    IpAddress.of(family.client()),
                    new IpAddress(key.sourceHigh(), key.sourceLow()));
            assertTrue(
                    door.log.openedFlows().stream()
                            .anyMatch(flow -> flow.key().sourcePort() == port),
                    () -> "" + door.log.openedFlows());
            // A check that says LOCAL, or where it comes from itself, is between the two of them.
            FlowKey check = door.log.ended(FrontDoor.PORT).flow().key();
            assertEquals(
                    IpAddress.of(family.client()),
                    new IpAddress(check.sourceHigh(), check.sourceLow()));
            assertTrue(proxy.isAlive());
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatStandsBehindTheHeaderIsTheConnectionsOwn(Family family) throws Exception {
        try (FrontDoor door = FrontDoor.open(onRamp("") + RELAY);
                TcpServer _ = door.echo(family);
                SocketChannel client = door.connect(family)) {
            String server = family.server().getHostAddress();
            FrontDoor.write(client, line(family, somebody(family), 5_555, server) + "hello");
            assertEquals("hello", FrontDoor.read(client, 5));
            FlowKey key = door.topology.flows().getFirst().key();
            assertEquals(
                    IpAddress.parse(somebody(family)),
                    new IpAddress(key.sourceHigh(), key.sourceLow()));
            assertEquals(5_555, key.sourcePort());
            assertEquals(
                    IpAddress.of(family.server()),
                    new IpAddress(key.destinationHigh(), key.destinationLow()));
            assertEquals(FrontDoor.ECHO, key.destinationPort());
        }
    }

    @ParameterizedTest
    @EnumSource
    void aHeaderMayComeByteByByteAndTheTargetIsTheOnRamps(Family family) throws Exception {
        try (FrontDoor door = FrontDoor.open(onRamp(to(family)) + RELAY);
                TcpServer _ = door.echo(family);
                SocketChannel client = door.connect(family)) {
            client.socket().setTcpNoDelay(true);
            for (char c : line(family, somebody(family), 1, somebody(family)).toCharArray()) {
                FrontDoor.write(client, "" + c);
            }
            FrontDoor.write(client, "hello");
            assertEquals("hello", FrontDoor.read(client, 5));
        }
    }

    /** As proxies do that ask several things at once for a client. */
    @ParameterizedTest
    @EnumSource
    void severalConnectionsOfOneClientAreFlowsOfTheirOwn(Family family) throws Exception {
        List<SocketChannel> clients = new ArrayList<>();
        try (FrontDoor door = FrontDoor.open(onRamp(to(family)) + RELAY);
                TcpServer _ = door.echo(family)) {
            for (int i = 0; i < 3; i++) {
                SocketChannel client = door.connect(family);
                clients.add(client);
                FrontDoor.write(client, line(family, somebody(family), 9, somebody(family)) + i);
                assertEquals("" + i, FrontDoor.read(client, 1));
            }
            assertEquals(3, door.topology.gateway().flows());
            clients.getFirst().close();
            Eventually.equal(2, "flows", () -> door.topology.gateway().flows());
            FrontDoor.write(clients.getLast(), "z");
            assertEquals("z", FrontDoor.read(clients.getLast(), 1));
        } finally {
            for (SocketChannel client : clients) {
                client.close();
            }
        }
    }

    /** The tunnel's packets and the connection are between the same two ends, of one tenant. */
    @ParameterizedTest
    @EnumSource
    void aTunnelsFlowBetweenTheSameEndsIsAnother(Family family) throws Exception {
        FlowLog log = new FlowLog();
        try (Topology topology = Topology.withoutGateway()) {
            String door =
                    FrontDoor.onRamp(
                            "proxy-protocol: required\n"
                                    + "    trusted: [10.2.0.0/24, \"fd00:2::/64\"]");
            topology.start(topology.onRamps(1500, "acme") + door + RELAY, log);
            topology.routeClients();
            InetSocketAddress gateway = new InetSocketAddress(family.gateway(), FrontDoor.PORT);
            try (TcpServer server =
                            TcpServer.on(
                                    topology.server(),
                                    family,
                                    family.server(),
                                    FrontDoor.ECHO,
                                    TcpServer.ECHO);
                    SocketChannel tunnelled = topology.client().connect(family, server.address());
                    SocketChannel accepted = topology.server().connect(family, gateway)) {
                FrontDoor.write(
                        accepted,
                        line(
                                family,
                                family.client().getHostAddress(),
                                tunnelled.socket().getLocalPort(),
                                family.server().getHostAddress()));
                for (int i = 0; i < 3; i++) {
                    FrontDoor.write(tunnelled, "packets");
                    FrontDoor.write(accepted, "connection");
                    assertEquals("packets", FrontDoor.read(tunnelled, 7));
                    assertEquals("connection", FrontDoor.read(accepted, 10));
                }
                List<String> ends =
                        topology.flows().stream().map(flow -> flow.key().toString()).toList();
                assertEquals(2, ends.size());
                assertEquals(ends.getFirst(), ends.getLast());
            }
            Eventually.equal(Topology.Held.NOTHING, "held", topology::held);
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void whoeverSendsNoHeaderOrABrokenOneIsReset(Family family) throws Exception {
        List<String> wrong =
                List.of(
                        "GET / HTTP/1.1\r\n\r\n",
                        "PROXY TCP4 1.2.3.4 5.6.7.8 1 99999\r\n",
                        "PROXY TCP4 1.2.3.4\n",
                        "P".repeat(200),
                        "\r\n\r\n\0\r\nQUIT\n1\u0011\0\0");
        try (FrontDoor door = FrontDoor.open(onRamp(to(family)) + RELAY)) {
            for (String each : wrong) {
                assertThrows(
                        IOException.class,
                        () -> {
                            try (SocketChannel client = door.connect(family)) {
                                FrontDoor.write(client, each);
                                FrontDoor.read(client, 1);
                            }
                        },
                        each);
            }
            List<FlowLog.Refused> refused = door.log.refused(wrong.size());
            for (FlowLog.Refused each : refused) {
                assertEquals(Reason.PROXY_HEADER, each.reason());
                assertEquals("web", each.decidedBy());
                assertEquals(FrontDoor.ECHO, each.key().destinationPort());
            }
            assertEquals(0, door.log.openedFlows().size());
        }
    }

    @ParameterizedTest
    @EnumSource
    void whoeverIsNotTrustedIsResetWhateverItSays(Family family) throws Exception {
        try (FrontDoor door = FrontDoor.open(onRamp(to(family)) + RELAY)) {
            door.resets(
                    door.topology.server(),
                    family,
                    new InetSocketAddress(family.gateway(), FrontDoor.PORT));
            assertEquals(Reason.PROXY_UNTRUSTED, door.log.refused(1).getFirst().reason());
        }
    }

    @Test
    void whoeverSendsTooSlowlyIsReset() throws Exception {
        try (FrontDoor door = FrontDoor.open(onRamp(to(Family.IPV4)) + RELAY);
                SocketChannel four = door.connect(Family.IPV4);
                SocketChannel six = door.connect(Family.IPV6)) {
            FrontDoor.write(four, "PROXY TCP4 ");
            assertThrows(IOException.class, () -> FrontDoor.read(four, 1));
            assertThrows(IOException.class, () -> FrontDoor.read(six, 1));
            for (FlowLog.Refused each : door.log.refused(2)) {
                assertEquals(Reason.PROXY_TIMEOUT, each.reason());
            }
        }
    }
}
