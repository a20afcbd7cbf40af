package io.culvert.gateway.demo;

import io.culvert.gateway.Gateway;
import io.culvert.gateway.config.Configuration;
import io.culvert.gateway.config.InterfaceAddress;
import io.culvert.gateway.config.Limits;
import io.culvert.gateway.config.OffRamp;
import io.culvert.gateway.config.OnRamp;
import io.culvert.gateway.config.Timers;
import io.culvert.gateway.policy.Action;
import io.culvert.gateway.policy.Policy;
import io.culvert.gateway.policy.Protocol;
import io.culvert.gateway.policy.Rule;
import io.culvert.linux.Route;
import io.culvert.linux.Rtnetlink;
import io.culvert.nat.PortRange;
import io.culvert.tun.NetworkNamespace;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * What the scenes are played on.
 *
 * <pre>
 *   acme    10.0.0.2  fd00:10::2 --- TUN ---.
 *                                           gateway --- veth --- server 198.51.100.10  2001:db8:100::10
 *   globex  10.0.0.2  fd00:10::2 --- TUN ---'
 * </pre>
 *
 * Each of the four is a network namespace. Nothing leads out of them, and they are gone when this
 * is closed or the process ends.
 *
 * <p>Threading: made and closed by one thread; what it gives out may be used by any.
 */
final class Stage implements AutoCloseable {
    static final String ACME = "acme";
    static final String GLOBEX = "globex";

    /** Where nobody listens. */
    static final int CLOSED_PORT = 4;

    /** A port that the policy denies, in silence. */
    static final int DENIED_PORT = 23;

    /** One that it rejects. */
    static final int REJECTED_PORT = 25;

    /**
     * Shorter than any configuration may have it, so that the end of UDP flows and of pings can be
     * seen.
     */
    private static final Duration DATAGRAM_TIMEOUT = Duration.ofSeconds(2);

    /** The one group that a user namespace made for this surely has. */
    private static final String ROOT_GROUP = "0 0";

    private final FlowBoard board = new FlowBoard();
    private final List<AutoCloseable> open = new ArrayList<>();
    private final NetworkNamespace gatewaySide;
    private final NetworkNamespace serverSide;
    private final Map<String, NetworkNamespace> clients;
    private final Gateway gateway;

    private Stage() throws IOException {
        try {
            gatewaySide = add(NetworkNamespace.anonymous("demo-gateway"));
            serverSide = add(NetworkNamespace.anonymous("demo-server"));
            clients =
                    Map.of(
                            ACME, add(NetworkNamespace.anonymous("demo-" + ACME)),
                            GLOBEX, add(NetworkNamespace.anonymous("demo-" + GLOBEX)));
            allowPing(gatewaySide);
            cable();
            for (Family family : Family.values()) {
                serve(family);
            }
            Gateway.Surroundings surroundings = new Gateway.Surroundings(clients, Optional.empty());
            // The workers, and with them the sockets they dial with, are born where start is
            // called.
            gateway =
                    add(
                            gatewaySide.call(
                                    () -> Gateway.start(configuration(), surroundings, board)));
            for (Map.Entry<String, NetworkNamespace> client : clients.entrySet()) {
                allowPing(client.getValue());
                lead(client.getValue(), gateway.device(client.getKey()).index());
            }
        } catch (IOException | RuntimeException e) {
            close();
            throw e;
        }
    }

    static Stage open() throws IOException {
        return new Stage();
    }

    private <T extends AutoCloseable> T add(T resource) {
        open.add(resource);
        return resource;
    }

    private static Configuration configuration() {
        Function<String, OnRamp> tun =
                tenant ->
                        new OnRamp.Tun(
                                tenant,
                                tenant,
                                "culvert0",
                                OnRamp.Tun.DEFAULT_MTU,
                                Optional.empty(),
                                List.of(Family.IPV4.client(), Family.IPV6.client()),
                                List.of(),
                                List.of(),
                                false);
        return new Configuration(
                List.of(tun.apply(ACME), tun.apply(GLOBEX)),
                List.of(
                        new OffRamp.Socket(OffRamp.SOCKET, Optional.empty(), Optional.empty()),
                        new OffRamp.Tunnels(OffRamp.TUNNELS)),
                new Policy(
                        Action.UPGRADE,
                        List.of(
                                tcp("no-telnet", DENIED_PORT, Action.DENY),
                                tcp("no-mail", REJECTED_PORT, Action.REJECT))),
                Limits.DEFAULT,
                new Timers(
                        Timers.DEFAULT.tcpEstablished(),
                        Timers.DEFAULT.tcpTransitory(),
                        DATAGRAM_TIMEOUT,
                        DATAGRAM_TIMEOUT),
                true,
                Runtime.getRuntime().availableProcessors());
    }

    private static Rule tcp(String name, int port, Action action) {
        return new Rule(
                name,
                List.of(),
                List.of(),
                List.of(),
                List.of(Protocol.TCP.number()),
                List.of(new PortRange(port, port)),
                action,
                "",
                "");
    }

    private void cable() throws IOException {
        gatewaySide.call(
                () -> {
                    try (Rtnetlink rtnetlink = new Rtnetlink()) {
                        rtnetlink.addVeth("to-server", "to-gateway");
                        rtnetlink.move(rtnetlink.index("to-gateway"), serverSide.handle());
                    }
                    return null;
                });
        bringUp(gatewaySide, "to-server", Family::gateway);
        bringUp(serverSide, "to-gateway", Family::server);
    }

    private static void bringUp(
            NetworkNamespace where, String device, Function<Family, InterfaceAddress> addresses)
            throws IOException {
        where.call(
                () -> {
                    try (Rtnetlink rtnetlink = new Rtnetlink()) {
                        int index = rtnetlink.index(device);
                        rtnetlink.noAutomaticIpv6Address(index);
                        rtnetlink.up(index);
                        for (Family family : Family.values()) {
                            InterfaceAddress address = addresses.apply(family);
                            rtnetlink.addAddress(
                                    index, address.address().toInetAddress(), address.length());
                        }
                    }
                    return null;
                });
    }

    private void serve(Family family) throws IOException {
        add(
                TcpServer.open(
                        serverSide, family.server().address(), WebService.PORT, new WebService()));
        add(
                TcpServer.open(
                        serverSide,
                        family.server().address(),
                        LateService.PORT,
                        new LateService()));
        add(UdpEchoServer.open(serverSide, family.server().address()));
    }

    private static void lead(NetworkNamespace client, int device) throws IOException {
        client.call(
                () -> {
                    try (Rtnetlink rtnetlink = new Rtnetlink()) {
                        for (Family family : Family.values()) {
                            rtnetlink.addRoute(
                                    Route.through(family.any().toInetAddress(), 0, device));
                        }
                    }
                    return null;
                });
    }

    /** As any host's distribution does; where it is forbidden, pings need a raw socket. */
    private static void allowPing(NetworkNamespace where) {
        try {
            where.sysctl("net.ipv4.ping_group_range", ROOT_GROUP);
        } catch (IOException ignored) {
            // A read-only /proc/sys.
        }
    }

    /** Where a tenant's clients run. */
    NetworkNamespace client(String tenant) {
        return clients.get(tenant);
    }

    /** Where the server runs. */
    NetworkNamespace server() {
        return serverSide;
    }

    Gateway gateway() {
        return gateway;
    }

    FlowBoard board() {
        return board;
    }

    @Override
    public void close() {
        for (AutoCloseable each : open.reversed()) {
            try {
                each.close();
            } catch (Exception e) {
                throw new IllegalStateException("what the stage is made of closes quietly", e);
            }
        }
        open.clear();
    }
}
