package io.culvert.e2e;

import io.culvert.flow.FlowListener;
import io.culvert.hook.Reason;

import java.io.IOException;

/**
 * Tunnels that lead to networks of their own. Three have the same address behind them, and only one
 * of these is where the first client's packets for it belong.
 *
 * <pre>
 *   tenant    on-ramp   addresses                 routes
 *   acme      branch    10.1.0.2  fd00:1::2       10.1.0.0/24 fd00:1::/64     strict-source
 *   acme      near      10.6.0.2  fd00:6::2       10.6.0.0/24 fd00:6::/64     MTU 1400
 *   acme      wide      10.6.0.2  fd00:6::2       10.4.0.0/14 fd00:4::/30
 *   umbrella  foreign   10.6.0.2  fd00:6::2       10.6.0.2/32 fd00:6::2/128
 * </pre>
 */
final class Branches implements AutoCloseable {
    /** Of the tunnel to the near branch. */
    static final int NEAR_MTU = 1400;

    private final Topology topology;
    private final int mtu;
    private final Host near;
    private final Host wide;
    private final Host foreign;

    private Branches(Topology topology, int mtu) throws IOException {
        this.topology = topology;
        this.mtu = mtu;
        near = topology.addClient("near");
        wide = topology.addClient("wide");
        foreign = topology.addClient("foreign");
    }

    static Branches open() throws IOException {
        return open(1500, "", Topology.FORWARD_ALL);
    }

    /**
     * @param mtu of the first client's tunnel
     * @param offRamps their YAML, or nothing
     * @param settings the rest of the configuration
     */
    static Branches open(int mtu, String offRamps, String settings) throws IOException {
        return open(mtu, offRamps, settings, FlowListener.NONE);
    }

    static Branches open(int mtu, String offRamps, String settings, FlowListener listener)
            throws IOException {
        Topology topology = Topology.withoutGateway();
        try {
            Branches branches = new Branches(topology, mtu);
            topology.routeOffRamp();
            topology.start(branches.onRamps() + offRamps + settings, listener);
            topology.routeClients();
            return branches;
        } catch (IOException | RuntimeException e) {
            topology.close();
            throw e;
        }
    }

    private String onRamps() {
        String there = "10.6.0.2/24, \"fd00:6::2/64\"";
        return "onramps:\n"
                + onRamp("branch", "acme", topology.client(), mtu, "10.1.0.2/24, \"fd00:1::2/64\"")
                + "    routes: [10.1.0.0/24, \"fd00:1::/64\"]\n    strict-source: true\n"
                + onRamp("near", "acme", near, NEAR_MTU, there)
                + "    routes: [10.6.0.0/24, \"fd00:6::/64\"]\n"
                + onRamp("wide", "acme", wide, 1500, there)
                + "    routes: [10.4.0.0/14, \"fd00:4::/30\"]\n"
                + onRamp("foreign", "umbrella", foreign, 1500, there)
                + "    routes: [10.6.0.2/32, \"fd00:6::2/128\"]\n";
    }

    /** The YAML of one. */
    static String onRamp(String name, String tenant, Host host, int mtu, String addresses) {
        return """
          - name: %s
            type: tun
            tenant: %s
            device: %s
            netns: %s
            mtu: %d
            addresses: [%s]
        """
                .formatted(name, tenant, Topology.DEVICE, host.path(), mtu, addresses);
    }

    Topology topology() {
        return topology;
    }

    /** Changes the running gateway's configuration; the parameters are those of {@link #open}. */
    void apply(String offRamps, String settings) throws IOException {
        int unused =
                topology.gateway()
                        .apply(Topology.configuration(onRamps() + offRamps + settings), false);
    }

    Host client() {
        return topology.client();
    }

    /** Where the first client's packets for {@link Family#branch} belong. */
    Host near() {
        return near;
    }

    /** Reached by a shorter prefix. */
    Host wide() {
        return wide;
    }

    /** Reached by the longest prefix, of another tenant. */
    Host foreign() {
        return foreign;
    }

    long dropped(Reason reason) throws IOException {
        return topology.dropped(reason);
    }

    @Override
    public void close() throws IOException {
        topology.close();
    }
}
