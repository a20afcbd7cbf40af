package io.culvert.e2e;

import io.culvert.flow.FlowListener;
import io.culvert.linux.LinkAddress;
import io.culvert.tun.GreFields;

import java.io.IOException;
import java.net.InetAddress;

/**
 * A gateway with an on-ramp of type {@code gre}, and hosts behind a router that reach it by that.
 *
 * <pre>
 *   host 0                         router                            gateway              server
 *   culv0 10.1.0.2 ......................................... (this process)
 *   wan 10.71.0.2 -- leg0 10.71.0.1   uplink 10.70.0.2 -- wan 10.70.0.1   outside 10.2.0.1 -- 10.2.0.2
 *   host 1
 *   wan 10.71.1.2 -- leg1 10.71.1.1
 * </pre>
 *
 * IPv6 outside is fd00:70:: and fd00:71:N::. Host 0 is the topology's client.
 */
final class GreTunnels implements AutoCloseable {
    /** Of a host, and of the gateway's host. */
    static final String WAN = "wan";

    private static final String UPLINK = "uplink";
    private static final String LEG = "leg";

    private final Topology topology;
    private final Family outer;
    private final Host router;

    private GreTunnels(Topology topology, Family outer) throws IOException {
        this.topology = topology;
        this.outer = outer;
        router = Host.named("router");
    }

    /**
     * @param outer the family outside
     * @param hosts how many there are
     * @param peers the YAML of the on-ramp's peers
     * @param settings the rest of the configuration
     */
    static GreTunnels open(Family outer, int hosts, String peers, String settings)
            throws IOException {
        GreTunnels tunnels = new GreTunnels(Topology.withoutGateway(), outer);
        try {
            tunnels.lay(hosts);
            tunnels.topology.start(tunnels.yaml(peers, settings), FlowListener.NONE);
            return tunnels;
        } catch (IOException | RuntimeException e) {
            tunnels.close();
            throw e;
        }
    }

    private String yaml(String peers, String settings) {
        // More workers than one, for the kernel gives a packet to every raw socket.
        return "workers: 3\nonramps: [{ name: gre, type: gre, listen: \"%s\", peers: [%s] }]\n"
                        .formatted(gateway().getHostAddress(), peers)
                + settings;
    }

    /** Changes the running gateway's configuration; the parameters are those of {@link #open}. */
    void apply(String peers, String settings) throws IOException {
        int unused = topology.gateway().apply(Topology.configuration(yaml(peers, settings)), false);
    }

    private void lay(int hosts) throws IOException {
        Host gatewayHost = topology.gatewayHost();
        Host.cable(gatewayHost, WAN, router, UPLINK);
        router.forwards();
        // A router says each error as often as there is one.
        router.namespace().sysctl("net.ipv4.icmp_ratelimit", "0");
        router.namespace().sysctl("net.ipv6.icmp.ratelimit", "0");
        int length = outer.prefixLength();
        gatewayHost.address(WAN, gateway(), length);
        router.address(UPLINK, at("70", "2"), length);
        for (int i = 0; i < hosts; i++) {
            Host host = i == 0 ? topology.client() : topology.addClient("host" + i);
            Host.cable(host, WAN, router, LEG + i);
            host.address(WAN, outer(i), length);
            router.address(LEG + i, leg(i, "1"), length);
            host.route(network("70", "0"), length, WAN, leg(i, "1"));
            gatewayHost.route(network("71", "" + i), length, WAN, at("70", "2"));
        }
    }

    private InetAddress network(String network, String number) {
        return Family.parse(
                outer.isIpv6()
                        ? "fd00:%s:%s::".formatted(network, number)
                        : "10.%s.%s.0".formatted(network, number));
    }

    private InetAddress at(String network, String host) {
        return Family.parse(
                outer.isIpv6()
                        ? "fd00:%s:0::%s".formatted(network, host)
                        : "10.%s.0.%s".formatted(network, host));
    }

    private InetAddress leg(int number, String host) {
        return Family.parse(
                outer.isIpv6()
                        ? "fd00:71:%d::%s".formatted(number, host)
                        : "10.71.%d.%s".formatted(number, host));
    }

    Topology topology() {
        return topology;
    }

    /** The on-ramp's address. */
    InetAddress gateway() {
        return at("70", "1");
    }

    /** A host's outer address. */
    InetAddress outer(int host) {
        return leg(host, "2");
    }

    /** The YAML of a peer: its outer address, and what else is to be said. */
    static String peer(Family outer, int host, String more) {
        String address = outer.isIpv6() ? "fd00:71:%d::2" : "10.71.%d.2";
        return "{ from: \"%s\", %s }".formatted(address.formatted(host), more);
    }

    /** Joins a host to the on-ramp, under the client's inner addresses or a branch's. */
    GreClient join(int host, boolean branch, GreFields fields) throws IOException {
        LinkAddress[] addresses = new LinkAddress[2];
        for (Family family : Family.values()) {
            addresses[family.ordinal()] =
                    new LinkAddress(
                            branch ? family.branch() : family.client(), family.prefixLength());
        }
        return GreClient.join(topology.client(host), outer(host), gateway(), fields, addresses);
    }

    /** From now on the way from the router to a host, and back, takes no longer packets. */
    void narrow(int host, int mtu) throws IOException {
        router.mtu(LEG + host, mtu);
        topology.client(host).mtu(WAN, mtu);
    }

    /** From now on the gateway's host joins segments that come from the router (GRO). */
    void joinSegments() throws Exception {
        Tool.ETHTOOL.succeeds(topology.gatewayHost(), "-K", WAN, "gro", "on");
        // A cable brings packets one by one, so they have to wait a little for each other.
        String device = "/sys/class/net/" + WAN;
        Tool.UNSHARE.succeeds(
                topology.gatewayHost(),
                "--mount",
                "sh",
                "-c",
                "mount -t sysfs sysfs /sys && echo 500000 > "
                        + device
                        + "/gro_flush_timeout && echo 5 > "
                        + device
                        + "/napi_defer_hard_irqs");
        // A veth device joins nothing where its other end would have left it joined.
        Tool.ETHTOOL.succeeds(router, "-K", UPLINK, "tso", "off");
    }

    @Override
    public void close() throws IOException {
        topology.close();
        router.close();
    }
}
