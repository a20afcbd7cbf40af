package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.nio.charset.StandardCharsets.US_ASCII;

import io.culvert.flow.FlowListener;
import io.culvert.linux.Route;
import io.culvert.linux.Rule;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;

/**
 * A client and a server of cables and kernels alone, and a gateway between that translates, which
 * is one of two.
 *
 * <pre>
 *   client                  gateway                        router                   server
 *   10.1.0.2  -- 10.1.0.1 =========== 10.2.0.1 -- 10.2.0.2          10.3.0.1 -- 10.3.0.2  10.3.0.3
 *   fd00:1::2    fd00:1::1  translates  fd00:2::1   fd00:2::2       fd00:3::1   fd00:3::2  fd00:3::3
 * </pre>
 *
 * What masquerading sends on is from the gateway's address, what Culvert sends on from its
 * off-ramp's.
 */
final class Crossing implements AutoCloseable {
    private static final String CLIENTS_DEVICE = "inside";
    private static final String INSIDE = "clients";

    /** On the router, to the server. */
    static final String FAR = "far";

    private static final String SERVERS_DEVICE = "router";
    private static final int TABLE = 100;
    private static final int ETHERNET = 1500;

    private static final String MASQUERADE =
            "add table inet nat;"
                    + " add chain inet nat out { type nat hook postrouting priority 100; };"
                    + " add rule inet nat out oifname "
                    + Topology.OUTSIDE
                    + " masquerade";

    private final Topology topology;
    private final Host server;
    private final Translator translator;

    private Crossing(Topology topology, Translator translator) throws IOException {
        this.topology = topology;
        this.translator = translator;
        server = Host.named("far server");
    }

    /** Ethernet all the way, and Culvert's defaults. */
    static Crossing of(Translator translator) throws Exception {
        return of(translator, ETHERNET, "");
    }

    /**
     * @param bottleneck the MTU between router and server
     * @param offRamp further settings of Culvert's off-ramp
     */
    static Crossing of(Translator translator, int bottleneck, String offRamp) throws Exception {
        Crossing crossing = new Crossing(Topology.withoutGateway(), translator);
        try {
            crossing.lay(bottleneck);
            switch (translator) {
                case MASQUERADE -> crossing.masquerade();
                case CULVERT -> crossing.startCulvert(offRamp);
            }
            return crossing;
        } catch (Exception | AssertionError e) {
            crossing.close();
            throw e;
        }
    }

    private void lay(int bottleneck) throws IOException {
        Host gateway = topology.gatewayHost();
        Host.cable(client(), CLIENTS_DEVICE, gateway, INSIDE);
        Host.cable(router(), FAR, server, SERVERS_DEVICE);
        router().mtu(FAR, bottleneck);
        server.mtu(SERVERS_DEVICE, bottleneck);
        for (Family family : Family.values()) {
            int length = family.prefixLength();
            client().address(CLIENTS_DEVICE, family.client(), length);
            client().defaultRoute(family, CLIENTS_DEVICE, family.gatewayInside());
            gateway.address(INSIDE, family.gatewayInside(), length);
            gateway.defaultRoute(family, Topology.OUTSIDE, router(family));
            router().address(FAR, far(family, 1), length);
            server.address(SERVERS_DEVICE, server(family), length);
            server.address(SERVERS_DEVICE, secondServer(family), length);
            server.defaultRoute(family, SERVERS_DEVICE, far(family, 1));
        }
        topology.routeOffRamp();
        router().forwards();
        for (Host host : new Host[] {gateway, router(), server}) {
            // A host says each error as often as there is one, so that programs see every hop.
            host.namespace().sysctl("net.ipv4.icmp_ratelimit", "0");
            host.namespace().sysctl("net.ipv6.icmp.ratelimit", "0");
        }
    }

    private void masquerade() throws Exception {
        Tool.NFT.succeeds(topology.gatewayHost(), MASQUERADE);
    }

    private void startCulvert(String offRamp) throws IOException {
        topology.start(
                "onramps: [ { name: branch, type: tun, tenant: acme, device: culv0 } ]\n"
                        + Topology.offRamp(offRamp)
                        + Topology.FORWARD_ALL,
                FlowListener.NONE);
        topology.gatewayHost()
                .call(
                        rtnetlink -> {
                            for (Family family : Family.values()) {
                                rtnetlink.addRule(new Rule(family.isIpv6(), 50, INSIDE, TABLE));
                                rtnetlink.addRoute(
                                        Route.through(
                                                        family.any(),
                                                        0,
                                                        rtnetlink.index(Topology.DEVICE))
                                                .in(TABLE));
                            }
                        });
    }

    static InetAddress server(Family family) {
        return far(family, 2);
    }

    static InetAddress secondServer(Family family) {
        return far(family, 3);
    }

    /** The router's on the gateway's side. */
    static InetAddress router(Family family) {
        return family.server();
    }

    private static InetAddress far(Family family, int host) {
        return Family.parse((family.isIpv6() ? "fd00:3::" : "10.3.0.") + host);
    }

    /** Whose address that is, or the text itself where it is nobody's. */
    static String nameOf(String address) {
        if (address.equals("*")) {
            return address;
        }
        InetAddress parsed = Family.parse(address);
        for (Family family : Family.values()) {
            InetAddress culvert = Family.parse(family.isIpv6() ? "fd00:c0:1::1" : "192.0.0.8");
            if (Set.of(family.gatewayInside(), family.gateway(), culvert).contains(parsed)) {
                return "gateway";
            }
            if (Set.of(family.server(), family.secondServer(), far(family, 1)).contains(parsed)) {
                return "router";
            }
            if (Set.of(server(family), secondServer(family)).contains(parsed)) {
                return "server";
            }
        }
        return address;
    }

    Translator translator() {
        return translator;
    }

    Topology topology() {
        return topology;
    }

    Host client() {
        return topology.client();
    }

    Host router() {
        return topology.server();
    }

    Host server() {
        return server;
    }

    /** A number of the gateway's host's connection tracking: {@code nf_conntrack_} and the name. */
    int conntrack(String name) throws IOException {
        Path path = Path.of("/proc/sys/net/netfilter", "nf_conntrack_" + name);
        return topology.gatewayHost().namespace().call(() -> number(path));
    }

    /** In one read, as the kernel has nothing more for a second one. */
    private static int number(Path path) throws IOException {
        try (InputStream in = Files.newInputStream(path)) {
            return Integer.parseInt(new String(in.readNBytes(32), US_ASCII).strip());
        }
    }

    /** Of Culvert's packets; the kernel's nobody counts. */
    void everyPacketIsAccountedFor() throws Exception {
        if (translator == Translator.CULVERT) {
            assertTrue(topology.status().carried() > 0, "nothing came its way");
            topology.everyPacketIsAccountedFor();
        }
    }

    @Override
    public void close() throws IOException {
        server.close();
        topology.close();
    }
}
