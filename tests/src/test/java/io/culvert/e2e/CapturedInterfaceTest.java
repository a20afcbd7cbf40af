package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.linux.Route;
import io.culvert.linux.Rule;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.List;
import java.util.Set;

/** What arrives on an interface that an on-ramp captures enters the gateway, and replies return. */
@Timeout(60)
class CapturedInterfaceTest {
    private static final int MIB = 1024 * 1024;
    private static final int PORT = 6_000;
    private static final byte[] PAYLOAD = new Content(9).bytes(400);

    /** Two devices of one tenant, whose sites reach each other. */
    private static final String TWO_SITES =
            Cables.onRamp("acme", "culv0", "one", ", routes: [10.1.0.0/24, 'fd00:1::/64']")
                    + Cables.onRamp(
                            "acme", "culv1", "two", ", routes: [10.6.0.0/24, 'fd00:6::/64']");

    private static DatagramChannel udp(Host client, Family family) throws IOException {
        DatagramChannel channel = client.udp(family, null, 0);
        channel.configureBlocking(false);
        return channel;
    }

    /** Whether a datagram comes back; to be called again and again. */
    private static boolean echoes(DatagramChannel client, InetSocketAddress server)
            throws IOException {
        ByteBuffer answer = ByteBuffer.allocate(1_000);
        if (client.receive(answer) != null) {
            assertArrayEquals(PAYLOAD, Arrays.copyOf(answer.array(), answer.position()));
            return true;
        }
        try {
            client.send(ByteBuffer.wrap(PAYLOAD), server);
        } catch (IOException noRoute) {
            // Where the interface has just gone; the next one will do.
        }
        return false;
    }

    private static void awaitEcho(DatagramChannel client, InetSocketAddress server)
            throws Exception {
        drain(client);
        Eventually.holds("a datagram's echo", () -> echoes(client, server));
    }

    /** Takes what has come in answer to those that were sent besides the one that was awaited. */
    private static void drain(DatagramChannel client) throws IOException {
        ByteBuffer any = ByteBuffer.allocate(1_000);
        while (client.receive(any.clear()) != null) {
            // one less
        }
    }

    /**
     * @param filter rp_filter of every interface of the gateway's host: 1 is strict, 2 loose
     */
    @ParameterizedTest
    @CsvSource({"IPV4, 0", "IPV4, 1", "IPV4, 2", "IPV6, 0"})
    void carriesTransfersDatagramsAndPings(Family family, int filter) throws Exception {
        try (Cables cables = Cables.none()) {
            cables.filter(filter);
            Host client = cables.lay("one", Cables.Site.FIRST);
            cables.start(Cables.onRamp("acme", "culv0", "one", ""), Topology.UPGRADE_ALL);
            try (TcpServer server =
                            TcpServer.on(
                                    cables.server(),
                                    family,
                                    c -> new Content(1).send(c, 20 * MIB));
                    TcpServer sink =
                            TcpServer.on(
                                    cables.server(),
                                    family,
                                    c -> {
                                        new Content(2).receiveAll(c, 20 * MIB);
                                        c.write(ByteBuffer.wrap(new byte[1]));
                                    });
                    UdpEcho echo = UdpEcho.on(cables.server(), family, family.server());
                    SocketChannel download = client.connect(family, server.address());
                    SocketChannel upload = client.connect(family, sink.address());
                    DatagramChannel datagrams = udp(client, family);
                    PingSocket ping = PingSocket.on(client, family, family.server())) {
                new Content(1).receiveAll(download, 20 * MIB);
                new Content(2).send(upload, 20 * MIB);
                upload.shutdownOutput();
                assertEquals(1, upload.read(ByteBuffer.allocate(2)), () -> "" + sink.failures());
                awaitEcho(datagrams, echo.address());
                assertArrayEquals(PAYLOAD, ping.ask(PAYLOAD));

                assertEquals(Set.of(family.gateway()), addresses(echo), "it came by the gateway");
            }
            cables.topology().everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @CsvSource({"IPV4, 0", "IPV4, 1", "IPV4, 2", "IPV6, 0"})
    void forwardsBetweenSitesOfATenant(Family family, int filter) throws Exception {
        try (Cables cables = Cables.none()) {
            cables.filter(filter);
            Host one = cables.lay("one", Cables.Site.FIRST);
            Host two = cables.lay("two", Cables.Site.SECOND);
            cables.start(TWO_SITES, Topology.FORWARD_ALL);
            InetAddress there = Cables.Site.SECOND.client(family);
            try (TcpServer server =
                            TcpServer.on(
                                    two, family, there, 0, c -> new Content(1).send(c, 10 * MIB));
                    UdpEcho echo = UdpEcho.on(two, family, there);
                    SocketChannel client = one.connect(family, server.address());
                    DatagramChannel datagrams = udp(one, family);
                    PingSocket ping = PingSocket.on(one, family, there)) {
                new Content(1).receiveAll(client, 10 * MIB);
                awaitEcho(datagrams, echo.address());
                assertArrayEquals(PAYLOAD, ping.ask(PAYLOAD));

                assertEquals(Set.of(Cables.Site.FIRST.client(family)), addresses(echo));
            }
            cables.topology().everyPacketIsAccountedFor();
        }
    }

    /**
     * Four clients, two sites of two tenants, and each site's addresses twice. The strict filter is
     * not for such interfaces: the host would answer no ARP requests of the second tenant's, as it
     * expects their sender at the first's.
     */
    @ParameterizedTest
    @CsvSource({"IPV4, 0", "IPV4, 2", "IPV6, 0"})
    void keepsTenantsWithTheSameAddressesApart(Family family, int filter) throws Exception {
        try (Cables cables = Cables.none()) {
            cables.filter(filter);
            StringBuilder onRamps = new StringBuilder();
            for (String tenant : new String[] {"acme", "globex"}) {
                cables.lay(tenant + 1, Cables.Site.FIRST);
                cables.lay(tenant + 2, Cables.Site.SECOND);
                onRamps.append(
                        Cables.onRamp(
                                tenant,
                                tenant + "-1",
                                tenant + 1,
                                ", routes: [10.1.0.0/24, 'fd00:1::/64']"));
                onRamps.append(
                        Cables.onRamp(
                                tenant,
                                tenant + "-2",
                                tenant + 2,
                                ", routes: [10.6.0.0/24, 'fd00:6::/64']"));
            }
            cables.start(onRamps.toString(), Topology.FORWARD_ALL);
            InetSocketAddress there =
                    new InetSocketAddress(Cables.Site.SECOND.client(family), PORT);
            try (TcpServer acme = content(cables.client("acme2"), family, 1);
                    TcpServer globex = content(cables.client("globex2"), family, 2)) {
                for (int i = 0; i < 20; i++) {
                    try (SocketChannel one = cables.client("acme1").connect(family, there);
                            SocketChannel two = cables.client("globex1").connect(family, there)) {
                        new Content(2).receiveAll(two, MIB);
                        new Content(1).receiveAll(one, MIB);
                    }
                }
                assertEquals(20, acme.accepted());
                assertEquals(20, globex.accepted());
            }
            try (UdpEcho acme = UdpEcho.on(cables.client("acme2"), family, there.getAddress());
                    DatagramChannel client = udp(cables.client("globex1"), family);
                    DatagramChannel own = udp(cables.client("acme1"), family)) {
                // Only the other tenant has anything at that port; its own datagrams come first
                // through, and by then the foreign one has had its time.
                client.send(ByteBuffer.wrap(PAYLOAD), acme.address());
                awaitEcho(own, acme.address());
                assertEquals(Set.of(own.socket().getLocalPort()), ports(acme));
            }
            cables.topology().everyPacketIsAccountedFor();
        }
    }

    private static Set<Integer> ports(UdpEcho echo) {
        return Set.copyOf(
                echo.sources().stream()
                        .map(source -> ((InetSocketAddress) source).getPort())
                        .toList());
    }

    private static TcpServer content(Host host, Family family, int number) throws IOException {
        return TcpServer.on(
                host,
                family,
                Cables.Site.SECOND.client(family),
                PORT,
                c -> new Content(number).send(c, MIB));
    }

    @ParameterizedTest
    @EnumSource
    void leavesWhatIsForTheHostItselfToTheHost(Family family) throws Exception {
        try (Cables cables = Cables.one("one");
                UdpEcho host =
                        UdpEcho.on(
                                cables.gatewayHost(), family, Cables.Site.FIRST.gateway(family));
                DatagramChannel client = udp(cables.client("one"), family)) {
            cables.start(Cables.onRamp("acme", "culv0", "one", ""), "policy: { default: deny }\n");
            awaitEcho(client, host.address());
            assertEquals(0, cables.topology().gateway().flows());
        }
    }

    /** Each has its own networks, and what comes back finds the one that has the client's. */
    @ParameterizedTest
    @EnumSource
    void capturesSeveralInterfacesForOneOnRamp(Family family) throws Exception {
        try (Cables cables = Cables.none();
                UdpEcho echo = UdpEcho.on(cables.server(), family, family.server())) {
            Host one = cables.lay("one", Cables.Site.FIRST);
            Host two = cables.lay("two", Cables.Site.SECOND);
            cables.start(Cables.onRamp("acme", "culv0", "one, two", ""), Topology.UPGRADE_ALL);
            try (DatagramChannel first = udp(one, family);
                    DatagramChannel second = udp(two, family)) {
                awaitEcho(first, echo.address());
                awaitEcho(second, echo.address());
            }
            cables.topology().everyPacketIsAccountedFor();
        }
    }

    /** Behind a router on the cable, which the host learns of when everything runs. */
    @ParameterizedTest
    @EnumSource
    void followsRoutesThatComeLater(Family family) throws Exception {
        try (Cables cables = Cables.none();
                UdpEcho echo = UdpEcho.on(cables.server(), family, family.server())) {
            Host one = cables.lay("one", Cables.Site.FIRST);
            cables.lay("two", Cables.Site.SECOND);
            InetAddress behind = Family.parse(family.isIpv6() ? "fd00:7::7" : "10.7.0.7");
            int length = behind.getAddress().length * 8;
            one.address("lo", behind, length);
            cables.start(Cables.onRamp("acme", "culv0", "one, two", ""), Topology.UPGRADE_ALL);
            try (DatagramChannel client = one.udp(family, behind, 0)) {
                client.configureBlocking(false);
                client.send(ByteBuffer.wrap(PAYLOAD), echo.address());
                Eventually.holds("it is at the server", () -> echo.received() > 0);

                cables.gatewayHost().route(behind, length, "one", Cables.Site.FIRST.client(family));

                awaitEcho(client, echo.address());
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void waitsForAnInterfaceThatIsNotThereYet(Family family) throws Exception {
        try (Cables cables = Cables.none();
                UdpEcho echo = UdpEcho.on(cables.server(), family, family.server())) {
            cables.start(Cables.onRamp("acme", "culv0", "one", ""), Topology.UPGRADE_ALL);
            Host client = cables.lay("one", Cables.Site.FIRST);
            try (DatagramChannel channel = udp(client, family)) {
                awaitEcho(channel, echo.address());
            }
        }
    }

    /** The flows know nothing of it: both the datagrams' and the connection's go on. */
    @ParameterizedTest
    @CsvSource({"IPV4, 0", "IPV4, 1", "IPV6, 0"})
    void goesOnWhenAnInterfaceIsDeletedAndMadeAgain(Family family, int filter) throws Exception {
        try (Cables cables = Cables.none();
                UdpEcho echo = UdpEcho.on(cables.server(), family, family.server());
                TcpServer server = TcpServer.on(cables.server(), family, TcpServer.ECHO)) {
            cables.filter(filter);
            Host client = cables.lay("one", Cables.Site.FIRST);
            cables.start(Cables.onRamp("acme", "culv0", "one", ""), Topology.UPGRADE_ALL);
            try (DatagramChannel datagrams =
                            client.udp(family, Cables.Site.FIRST.client(family), 0);
                    SocketChannel connection = client.connect(family, server.address())) {
                datagrams.configureBlocking(false);
                for (int i = 0; i < 3; i++) {
                    awaitEcho(datagrams, echo.address());
                    new Content(i).send(connection, MIB / 4);
                    new Content(i).receive(connection, MIB / 4);

                    cables.cut("one");
                    sendIntoNothing(datagrams, echo.address());
                    cables.connect("one", Cables.Site.FIRST);
                }
                awaitEcho(datagrams, echo.address());
                new Content(7).send(connection, MIB / 4);
                new Content(7).receive(connection, MIB / 4);
            }
            assertEquals(1, server.accepted());
            assertEquals(1, echo.sources().size());
        }
    }

    private static void sendIntoNothing(DatagramChannel client, InetSocketAddress server) {
        try {
            client.send(ByteBuffer.wrap(PAYLOAD), server);
        } catch (IOException noRoute) {
            // As it should be, unless the kernel has not noticed yet.
        }
    }

    /** Its routes end with that, and the kernel tells of it in another way for each family. */
    @ParameterizedTest
    @CsvSource({"IPV4, one", "IPV4, culv0", "IPV6, one", "IPV6, culv0"})
    void goesOnWhenADeviceWasDown(Family family, String device) throws Exception {
        try (Cables cables = Cables.one("one");
                UdpEcho echo = UdpEcho.on(cables.server(), family, family.server());
                DatagramChannel client = udp(cables.client("one"), family)) {
            cables.start(Cables.onRamp("acme", "culv0", "one", ""), Topology.UPGRADE_ALL);
            awaitEcho(client, echo.address());
            Tool.IP.succeeds(cables.gatewayHost(), "link", "set", device, "down");
            Tool.IP.succeeds(cables.gatewayHost(), "link", "set", device, "up");
            if (family.isIpv6() && device.equals("one")) {
                // The kernel keeps no address of IPv6 on an interface that is down.
                cables.gatewayHost()
                        .address(device, Cables.Site.FIRST.gateway(family), family.prefixLength());
            }
            awaitEcho(client, echo.address());
        }
    }

    /** As some programs do at their start that think all rules are theirs. */
    @ParameterizedTest
    @EnumSource
    void mendsWhatOthersRemove(Family family) throws Exception {
        try (Cables cables = Cables.one("one");
                UdpEcho echo = UdpEcho.on(cables.server(), family, family.server());
                DatagramChannel client = udp(cables.client("one"), family)) {
            cables.start(Cables.onRamp("acme", "culv0", "one", ""), Topology.UPGRADE_ALL);
            Cables.Traces whole = cables.traces();
            assertEquals(8, cables.gatewaysRules().size(), () -> "" + whole.rules());
            Tool.IP.succeeds(
                    cables.gatewayHost(),
                    family.isIpv6() ? "-6" : "-4",
                    "rule",
                    "flush",
                    "protocol",
                    "199");
            for (Route route : whole.routes()) {
                if (route.table() >= 1_920_000_000) {
                    cables.gatewayHost().call(rtnetlink -> rtnetlink.deleteRoute(route));
                }
            }
            Eventually.equal(whole, "rules and routes", cables::traces);
            awaitEcho(client, echo.address());
        }
    }

    /** Into a namespace that is not the gateway's own. */
    @ParameterizedTest
    @EnumSource
    void capturesInTheNamespaceOfItsDevice(Family family) throws Exception {
        try (Cables cables = Cables.none();
                Host router = Host.withMounts("router");
                Host client = Host.named("client");
                UdpEcho echo = UdpEcho.on(cables.server(), family, family.server())) {
            Cables.connect(client, router, "one", Cables.Site.FIRST);
            cables.start(
                    Cables.onRamp("acme", "culv0", "one", ", netns: " + router.path()),
                    Topology.UPGRADE_ALL);
            try (DatagramChannel channel = udp(client, family)) {
                awaitEcho(channel, echo.address());
            }
            assertEquals(0, cables.gatewaysRules().size());
        }
    }

    @Test
    void givesTheDeviceNoLargerPacketsThanTheInterfaceTakes() throws Exception {
        try (Cables cables = Cables.one("one")) {
            cables.gatewayHost().mtu("one", 1400);
            cables.start(Cables.onRamp("acme", "culv0", "one", ""), Topology.UPGRADE_ALL);
            assertEquals(1400, cables.gatewayHost().link("culv0").orElseThrow().mtu());
            assertEquals(1400, cables.topology().gateway().device("culv0").mtu());
        }
    }

    /** As {@code docs/wireguard.md} says, in its example's words. */
    @Test
    void showsWhatItDoesToThoseWhoAsk() throws Exception {
        String page = Files.readString(CulvertProcess.top().resolve("docs/wireguard.md"));
        try (Cables cables = Cables.one("wg0")) {
            cables.start(Cables.onRamp("acme", "culv-acme", "wg0", ""), Topology.UPGRADE_ALL);
            for (String version : new String[] {"-4", "-6"}) {
                Tool.Result rules = Tool.IP.run(cables.gatewayHost(), version, "rule");
                List<String> ours =
                        rules.output().stream().filter(line -> line.endsWith("proto 199")).toList();
                assertEquals(4, ours.size(), rules::toString);
                for (String line : ours) {
                    String rule =
                            line.replaceAll("\\s+", " ")
                                    .replaceFirst("192\\d*[02468] ", "1920000014 ")
                                    .replaceFirst("192\\d*[13579] ", "1920000015 ")
                                    .replace("514:", "513:");
                    assertTrue(page.contains("\n" + rule), () -> line + " as " + rule);
                }
            }
            int table = cables.gatewaysRules().stream().mapToInt(Rule::table).min().orElseThrow();
            Tool.Result routes =
                    Tool.IP.run(
                            cables.gatewayHost(),
                            "route",
                            "show",
                            "table",
                            Integer.toString(table));
            assertTrue(routes.says("default dev culv-acme"), routes::toString);
        }
    }

    @Test
    void letsRulesThatComeBeforeLeadElsewhere() throws Exception {
        try (Cables cables = Cables.one("one");
                UdpEcho echo = UdpEcho.on(cables.server(), Family.IPV4, Family.IPV4.server());
                UdpEcho second =
                        UdpEcho.on(cables.server(), Family.IPV4, Family.IPV4.secondServer());
                DatagramChannel one = udp(cables.client("one"), Family.IPV4);
                DatagramChannel two = udp(cables.client("one"), Family.IPV4)) {
            cables.gatewayHost().forwards();
            cables.start(Cables.onRamp("acme", "culv0", "one", ""), Topology.UPGRADE_ALL);
            String rule = "rule add priority 100 iif one to 10.2.0.2/32 lookup main";
            Tool.IP.succeeds(cables.gatewayHost(), rule.split(" ", -1));

            awaitEcho(one, echo.address());
            awaitEcho(two, second.address());

            assertEquals(Set.of(Family.IPV4.client()), addresses(echo));
            assertEquals(Set.of(Family.IPV4.gateway()), addresses(second));
        }
    }

    private static Set<InetAddress> addresses(UdpEcho echo) {
        return Set.copyOf(
                echo.sources().stream()
                        .map(source -> ((InetSocketAddress) source).getAddress())
                        .toList());
    }
}
