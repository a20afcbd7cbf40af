package io.culvert.e2e;

import io.culvert.flow.FlowListener;
import io.culvert.gateway.tunnel.GueClient;
import io.culvert.linux.LinkAddress;
import io.culvert.tun.GueHeader;
import io.culvert.tun.Offload;
import io.culvert.tun.TunDevice;
import io.culvert.tun.TunSettings;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * A gateway with an on-ramp of type {@code gue}, and hosts that reach it through a router. A host's
 * default route may be a device that a {@link GueClient} joins to the on-ramp.
 *
 * <pre>
 *   host 0 wan 10.7.1.2 fd00:a:1::2 ─┐
 *                                    ├─ router ── wan 10.7.0.1 fd00:a::1 gateway ── server
 *   host 1 wan 10.7.2.2 fd00:a:2::2 ─┘
 * </pre>
 */
final class GueTunnels implements AutoCloseable {
    /** The device of each host to the router, and of the gateway. */
    static final String WAN = "wan";

    private static final int ETHERNET = 1500;

    private final Topology topology;
    private final Host router;

    /** A host's end of a tunnel. */
    record End(GueClient client, TunDevice device) implements AutoCloseable {
        @Override
        public void close() {
            client.close();
            device.close();
        }
    }

    private GueTunnels(Topology topology) throws IOException {
        this.topology = topology;
        router = Host.named("router");
    }

    /**
     * @param hosts how many
     * @param onRamp further settings of the on-ramp, with its peers
     * @param settings the rest of the configuration
     */
    static GueTunnels open(int hosts, String onRamp, String settings) throws IOException {
        GueTunnels tunnels = new GueTunnels(Topology.withoutGateway());
        try {
            tunnels.lay(hosts);
            tunnels.topology.start(yaml(onRamp, settings), FlowListener.NONE);
            return tunnels;
        } catch (IOException | RuntimeException e) {
            tunnels.close();
            throw e;
        }
    }

    private static String yaml(String onRamp, String settings) {
        return "onramps: [{ name: magic, type: gue, listen: [0.0.0.0:6080, \"[::]:6080\"], "
                + onRamp
                + " }]\n"
                + settings;
    }

    /** Changes the running gateway's configuration; the parameters are those of {@link #open}. */
    void apply(String onRamp, String settings) throws IOException {
        int unused =
                topology.gateway().apply(Topology.configuration(yaml(onRamp, settings)), false);
    }

    private void lay(int hosts) throws IOException {
        Host.cable(topology.gatewayHost(), WAN, router, "gateway");
        router.forwards();
        router.namespace().sysctl("net.ipv4.icmp_ratelimit", "0");
        router.namespace().sysctl("net.ipv6.icmp.ratelimit", "0");
        for (Family family : Family.values()) {
            topology.gatewayHost().address(WAN, gateway(family), family.prefixLength());
            router.address("gateway", address(family, 0, 254), family.prefixLength());
        }
        for (int i = 0; i < hosts; i++) {
            Host host = i == 0 ? topology.client() : topology.addClient("host" + i);
            Host.cable(host, WAN, router, "host" + i);
            for (Family family : Family.values()) {
                host.address(WAN, outside(family, i), family.prefixLength());
                router.address("host" + i, address(family, i + 1, 1), family.prefixLength());
                host.route(network(family), bits(family), WAN, address(family, i + 1, 1));
            }
        }
        for (Family family : Family.values()) {
            topology.gatewayHost()
                    .route(network(family), bits(family), WAN, address(family, 0, 254));
        }
    }

    private static InetAddress network(Family outer) {
        return Family.parse(outer.isIpv6() ? "fd00:a::" : "10.7.0.0");
    }

    private static int bits(Family outer) {
        return outer.isIpv6() ? 32 : 16;
    }

    private static InetAddress address(Family outer, int network, int host) {
        return Family.parse(
                outer.isIpv6()
                        ? "fd00:a:%d::%x".formatted(network, host)
                        : "10.7.%d.%d".formatted(network, host));
    }

    /** The gateway's outer address. */
    static InetAddress gateway(Family outer) {
        return address(outer, 0, 1);
    }

    /** The outer address of a host. */
    static InetAddress outside(Family outer, int host) {
        return address(outer, host + 1, 2);
    }

    /**
     * The YAML of an entry of the on-ramp's peers.
     *
     * @param more further settings, each behind a comma
     */
    static String peer(Family outer, int host, String more) {
        return "{ from: \"%s\"%s }".formatted(outside(outer, host).getHostAddress(), more);
    }

    Topology topology() {
        return topology;
    }

    /** The host of that index, from 0. */
    Host host(int index) {
        return topology.client(index);
    }

    /** From now on the cable between router and host carries no longer packets than that. */
    void shrinkPath(int host, int mtu) throws IOException {
        router.mtu("host" + host, mtu);
        host(host).mtu(WAN, mtu);
    }

    /** A host without a client, whose datagrams a test writes itself. */
    RawGuePeer raw(Family outer, int host) throws IOException {
        return RawGuePeer.on(host(host), outer, outside(outer, host), gateway(outer));
    }

    /**
     * Joins a host to the on-ramp by a device that becomes its default route.
     *
     * @param branch whether the device has a branch's addresses instead of the client's
     * @param context for the packets' private data, or nothing
     */
    End join(Family outer, int host, boolean branch, String context) throws IOException {
        GueClient client =
                GueClient.open(
                        host(host).namespace(),
                        new InetSocketAddress(outside(outer, host), GueHeader.PORT),
                        new InetSocketAddress(gateway(outer), GueHeader.PORT),
                        context);
        TunDevice device = null;
        try {
            device = device(host(host), branch, client.mtu());
            client.join(device.queues().getFirst());
            for (Family family : Family.values()) {
                host(host).defaultRoute(family, Topology.DEVICE);
            }
            return new End(client, device);
        } catch (IOException | RuntimeException e) {
            client.close();
            if (device != null) {
                device.close();
            }
            throw e;
        }
    }

    private static TunDevice device(Host host, boolean branch, int mtu) throws IOException {
        List<LinkAddress> addresses = new ArrayList<>();
        for (Family family : Family.values()) {
            addresses.add(
                    new LinkAddress(
                            branch ? family.branch() : family.client(), family.prefixLength()));
        }
        return TunDevice.open(
                host.namespace(),
                TunSettings.named(Topology.DEVICE)
                        .withMtu(Math.min(mtu, ETHERNET))
                        .withOffloads(Set.of(Offload.values()))
                        .withAddresses(addresses.toArray(LinkAddress[]::new)));
    }

    @Override
    public void close() throws IOException {
        router.close();
        topology.close();
    }
}
