package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowKey;
import io.culvert.hook.Reason;
import io.culvert.wire.IpAddress;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/** Clients that ask the gateway for a tunnel (RFC 9110 section 9.3.6), and where it leads. */
@Timeout(60)
class ConnectMethodTest {
    private static final int MIB = 1024 * 1024;

    /** curl(1), EXIT CODES: failure in receiving network data, since a proxy answered otherwise. */
    private static final int NO_TUNNEL = 56;

    private static final String PORTS = "http: { connect-ports: [6000, 8080] }\n";

    /** Whoever comes to the gateway itself is served as by a proxy; all else is relayed. */
    private static final String PROXY =
            """
            policy:
              rules:
                - { name: proxy, protocol: tcp, ports: 7000, do: upgrade, handler: http }
                - { name: rest, do: upgrade }
            """;

    @TempDir private Path directory;

    private static FrontDoor open(String policy) throws IOException {
        return FrontDoor.open(FrontDoor.plain() + PORTS + policy);
    }

    private static Tool.Result curl(FrontDoor door, Family family, String... arguments)
            throws Exception {
        String[] all = new String[arguments.length + 3];
        all[0] = "--proxytunnel";
        all[1] = "--proxy";
        all[2] = FrontDoor.url(family, "");
        System.arraycopy(arguments, 0, all, 3, arguments.length);
        return door.curl(all);
    }

    private static String server(Family family, String path) {
        return "http://" + FrontDoor.at(family.server(), Nginx.PORT) + path;
    }

    @ParameterizedTest
    @EnumSource
    void aTunnelIsAFlowOfItsOwnFromTheSameClient(Family family) throws Exception {
        try (FrontDoor door = open(PROXY);
                Nginx _ = Nginx.on(door.topology.server(), directory)) {
            Tool.Result result =
                    curl(door, family, server(family, "/small"), server(family, "/address"));

            assertEquals("hello", result.output().getFirst(), result::toString);
            FlowLog.Ended inner = door.log.ended(Nginx.PORT);
            FlowLog.Ended outer = door.log.ended(FrontDoor.PORT);
            assertEquals("rest", inner.flow().decision().decidedBy());
            assertEquals("proxy", outer.flow().decision().decidedBy());
            assertEquals(Reason.FINISHED, inner.reason());
            assertEquals(Reason.FINISHED, outer.reason());
            FlowKey key = inner.flow().key();
            assertEquals(
                    IpAddress.of(family.client()),
                    new IpAddress(key.sourceHigh(), key.sourceLow()));
            assertEquals(outer.flow().key().sourcePort(), key.sourcePort());
            assertEquals(
                    IpAddress.of(family.server()),
                    new IpAddress(key.destinationHigh(), key.destinationLow()));
            assertEquals(2, door.log.openedFlows().size());
            door.leavesNothing();
        }
    }

    @ParameterizedTest
    @EnumSource
    void httpInATunnelIsHttpAgain(Family family) throws Exception {
        String policy =
                "policy: { rules: [ { name: all, protocol: tcp, do: upgrade, handler: http } ] }\n";
        try (FrontDoor door = open(policy);
                Nginx _ = Nginx.on(door.topology.server(), directory)) {
            Tool.Result page = curl(door, family, server(family, "/small"));
            assertEquals(List.of("hello"), page.output(), page::toString);
            // The tunnel stands, and who answers for a server that does not is the gateway.
            Tool.Result none =
                    curl(
                            door,
                            family,
                            "-i",
                            "http://" + FrontDoor.at(family.server(), FrontDoor.ECHO) + "/");
            assertEquals("HTTP/1.1 200 Connection established", none.output().getFirst());
            assertTrue(none.says("HTTP/1.1 502 Bad Gateway"), none::toString);
            assertTrue(none.says("culvert-reason: DIAL_REFUSED"), none::toString);
            door.leavesNothing();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aTunnelInATunnelLeadsOn(Family family) throws Exception {
        String policy =
                """
                policy:
                  rules:
                    - { name: all, protocol: tcp, do: upgrade, handler: http }
                """;
        try (FrontDoor door = open(policy);
                Nginx _ = Nginx.on(door.topology.server(), directory);
                SocketChannel client = door.connect(family)) {
            String ask =
                    "CONNECT %1$s HTTP/1.1\r\nHost: %1$s\r\n\r\n"
                            .formatted(FrontDoor.at(family.server(), Nginx.PORT));
            for (int depth = 0; depth < 3; depth++) {
                FrontDoor.write(client, ask);
                assertEquals("HTTP/1.1 200 Connection established\r\n", FrontDoor.readLine(client));
                skipHead(client);
            }
            FrontDoor.write(client, "GET /small HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
            assertEquals("HTTP/1.1 200 OK\r\n", FrontDoor.readLine(client));
            skipHead(client);
            assertEquals("hello\n", FrontDoor.read(client, 100));
        }
    }

    private static void skipHead(SocketChannel from) throws IOException {
        while (!FrontDoor.readLine(from).equals("\r\n")) {
            // A field.
        }
    }

    @ParameterizedTest
    @EnumSource
    void whatTheRulesRefuseIsForbidden(Family family) throws Exception {
        String policy =
                """
                policy:
                  default: deny
                  rules: [ { name: proxy, protocol: tcp, ports: 7000, do: upgrade, handler: http } ]
                """;
        try (FrontDoor door = open(policy)) {
            Tool.Result result = curl(door, family, "-i", server(family, "/small"));

            assertEquals(NO_TUNNEL, result.status(), result::toString);
            assertTrue(result.says("403"), result::toString);
            assertTrue(result.says("culvert-reason: POLICY_DEFAULT"), result::toString);
            FlowLog.Refused refused = door.log.refused(1).getFirst();
            assertEquals(Reason.POLICY_DEFAULT, refused.reason());
            assertEquals(Nginx.PORT, refused.key().destinationPort());
            door.leavesNothing();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aTargetThatRefusesIsABadGateway(Family family) throws Exception {
        try (FrontDoor door = open(PROXY)) {
            Tool.Result result = curl(door, family, "-i", server(family, "/small"));

            assertTrue(result.says("502"), result::toString);
            assertTrue(result.says("culvert-reason: DIAL_REFUSED"), result::toString);
            assertEquals(Reason.DIAL_REFUSED, door.log.ended(Nginx.PORT).reason());
            door.leavesNothing();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aPortThatIsNotListedIsForbidden(Family family) throws Exception {
        try (FrontDoor door = open(PROXY)) {
            Tool.Result result =
                    curl(door, family, "-i", "http://" + FrontDoor.at(family.server(), 22) + "/");

            assertTrue(result.says("culvert-reason: HTTP_CONNECT"), result::toString);
            assertEquals(1, door.log.openedFlows().size());
            door.leavesNothing();
        }
    }

    private static String ask(Family family) {
        return "CONNECT %1$s HTTP/1.1\r\nHost: %1$s\r\n\r\n"
                .formatted(FrontDoor.at(family.server(), FrontDoor.ECHO));
    }

    private static SocketChannel tunnel(FrontDoor door, Family family) throws IOException {
        SocketChannel client = door.connect(family);
        FrontDoor.write(client, ask(family));
        assertEquals("HTTP/1.1 200 Connection established\r\n", FrontDoor.readLine(client));
        skipHead(client);
        return client;
    }

    @ParameterizedTest
    @EnumSource
    void allBytesPassAndHalfClosesToo(Family family) throws Exception {
        try (FrontDoor door = open(PROXY)) {
            door.carriesAllAndHalfCloses(
                    family, 5 * MIB + 1, 20 * MIB + 3, () -> tunnel(door, family));
        }
    }

    @ParameterizedTest
    @EnumSource
    void aResetOfTheTargetIsAReset(Family family) throws Exception {
        try (FrontDoor door = open(PROXY);
                TcpServer _ =
                        TcpServer.on(
                                door.topology.server(),
                                family,
                                family.server(),
                                FrontDoor.ECHO,
                                c -> {
                                    new Content(1).send(c, MIB);
                                    assertEquals("a", FrontDoor.read(c, 1));
                                    c.setOption(StandardSocketOptions.SO_LINGER, 0);
                                });
                SocketChannel client = tunnel(door, family)) {
            new Content(1).receive(client, MIB);
            FrontDoor.write(client, "a");
            assertThrows(IOException.class, () -> FrontDoor.read(client, 1));
            assertEquals(Reason.RESET_BY_TARGET, door.log.ended(FrontDoor.ECHO).reason());
            door.leavesNothing();
        }
    }

    @ParameterizedTest
    @EnumSource
    void aResetOfTheClientIsAReset(Family family) throws Exception {
        try (FrontDoor door = open(PROXY);
                TcpServer server = door.echo(family);
                SocketChannel client = tunnel(door, family)) {
            FrontDoor.echoes(client, "hello");
            door.passesAResetOn(server, client);
        }
    }

    @ParameterizedTest
    @EnumSource
    void tunnelsLeaveNoDescriptor(Family family) throws Exception {
        try (FrontDoor door = open(PROXY);
                TcpServer _ = door.echo(family)) {
            echoOnce(door, family);
            door.leavesNothing();
            Set<String> before = sockets();
            for (int i = 0; i < 20; i++) {
                echoOnce(door, family);
            }
            door.leavesNothing();
            Eventually.holds("no more sockets", () -> sockets().size() <= before.size());
        }
    }

    private static void echoOnce(FrontDoor door, Family family) throws IOException {
        try (SocketChannel client = tunnel(door, family)) {
            FrontDoor.echoes(client, "a");
            client.shutdownOutput();
            assertEquals("", FrontDoor.read(client, 1));
        }
    }

    /** Descriptors of this process that are Unix sockets. */
    private static Set<String> sockets() throws IOException {
        Set<String> unix =
                Files.readAllLines(Path.of("/proc/self/net/unix")).stream()
                        .map(line -> line.split(" +", -1)[6])
                        .collect(Collectors.toSet());
        Set<String> own = new HashSet<>();
        try (var all = Files.newDirectoryStream(Path.of("/proc/self/fd"))) {
            for (Path each : all) {
                try {
                    String to = Files.readSymbolicLink(each).toString();
                    if (to.startsWith("socket:[")
                            && unix.contains(to.substring(8, to.length() - 1))) {
                        own.add(to);
                    }
                } catch (NoSuchFileException gone) {
                    // Closed since.
                }
            }
        }
        return own;
    }
}
