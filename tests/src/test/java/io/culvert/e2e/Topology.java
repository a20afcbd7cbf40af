package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowListener;
import io.culvert.gateway.Gateway;
import io.culvert.gateway.WorkerStatus;
import io.culvert.gateway.config.Configuration;
import io.culvert.gateway.config.ConfigurationFile;
import io.culvert.gateway.config.Loaded;
import io.culvert.gateway.control.GatewayStatus;
import io.culvert.hook.Reason;
import io.culvert.linux.OpenDescriptors;
import io.culvert.linux.Route;

import java.io.IOException;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToIntFunction;

/**
 * Client, gateway and server.
 *
 * <pre>
 *   client                        gateway                       server
 *   culv0 10.1.0.2 fd00:1::2 ===> (this process)
 *                                 outside 10.2.0.1 fd00:2::1 -- gateway 10.2.0.2 fd00:2::2
 *                                                                       10.2.0.3 fd00:2::3
 * </pre>
 *
 * The device {@value #DEVICE} is the client's default route, and the gateway runs in this process
 * on threads of the gateway's host. Further clients have the same addresses each.
 */
final class Topology implements AutoCloseable {
    static final String DEVICE = "culv0";
    static final String OUTSIDE = "outside";
    static final String SERVERS_DEVICE = "gateway";

    /** The off-ramp's, on the gateway's host. */
    static final String OFF_RAMP = "culv-lan";

    static final int FIRST_PORT = 20_000;
    static final int LAST_PORT = 29_999;

    /** Packets stay packets. */
    static final String FORWARD_ALL = "policy: { default: forward }\n";

    /** One client, everything upgraded. */
    static final String UPGRADE_ALL = "policy: { default: upgrade }\n";

    private final List<Host> clients = new ArrayList<>();
    private final Host gatewayHost;
    private final Host server;
    private Gateway gateway;

    private Topology(Host gatewayHost, Host server) {
        this.gatewayHost = gatewayHost;
        this.server = server;
    }

    /** The hosts, and no gateway yet. */
    static Topology withoutGateway() throws IOException {
        Topology topology = new Topology(Host.withMounts("gateway"), Host.named("server"));
        topology.clients.add(Host.named("client"));
        Host.cable(topology.gatewayHost, OUTSIDE, topology.server, SERVERS_DEVICE);
        for (Family family : Family.values()) {
            topology.gatewayHost.address(OUTSIDE, family.gateway(), family.prefixLength());
            topology.server.address(SERVERS_DEVICE, family.server(), family.prefixLength());
            topology.server.address(SERVERS_DEVICE, family.secondServer(), family.prefixLength());
            topology.gatewayHost.deadRoute(family.unreachable(), Route.Type.UNREACHABLE);
        }
        return topology;
    }

    /** A gateway that upgrades everything. */
    static Topology open() throws IOException {
        return open(UPGRADE_ALL);
    }

    /**
     * @param settings the configuration but for its on-ramps
     */
    static Topology open(String settings) throws IOException {
        return open(settings, FlowListener.NONE);
    }

    static Topology open(String settings, FlowListener listener) throws IOException {
        return open(1500, settings, listener);
    }

    /**
     * @param mtu of the on-ramp's device
     */
    static Topology open(int mtu, String settings, FlowListener listener) throws IOException {
        Topology topology = withoutGateway();
        try {
            topology.start(topology.onRamps(mtu, "acme") + settings, listener);
            topology.routeClients();
            return topology;
        } catch (IOException | RuntimeException e) {
            topology.close();
            throw e;
        }
    }

    /** Two clients with the same addresses, of different tenants. */
    static Topology ofTwoTenants() throws IOException {
        Topology topology = withoutGateway();
        try {
            topology.clients.add(Host.named("client2"));
            topology.start(
                    topology.onRamps(1500, "acme", "umbrella") + UPGRADE_ALL, FlowListener.NONE);
            topology.routeClients();
            return topology;
        } catch (IOException | RuntimeException e) {
            topology.close();
            throw e;
        }
    }

    /**
     * The clients' packets leave by a device, from where the gateway's host routes them to the
     * server, which knows the way back to the off-ramp's addresses alone.
     *
     * @param offRamp further settings of the off-ramp
     * @param settings the rest of the configuration
     */
    static Topology withOffRamp(String offRamp, String settings, String... tenants)
            throws IOException {
        Topology topology = withoutGateway();
        try {
            for (int i = 1; i < tenants.length; i++) {
                topology.addClient("client" + (i + 1));
            }
            topology.routeOffRamp();
            topology.start(
                    topology.onRamps(1500, tenants) + offRamp(offRamp) + settings,
                    FlowListener.NONE);
            topology.routeClients();
            return topology;
        } catch (IOException | RuntimeException e) {
            topology.close();
            throw e;
        }
    }

    /**
     * The same under the addresses that the gateway's host has itself towards the server.
     *
     * @param offRamp further settings of the off-ramp
     */
    static Topology withSharedOffRamp(String offRamp) throws IOException {
        Topology topology = withoutGateway();
        try {
            topology.startSharing(offRamp);
            return topology;
        } catch (IOException | RuntimeException e) {
            topology.close();
            throw e;
        }
    }

    /** Starts a gateway whose off-ramp has addresses of its host. */
    void startSharing(String offRamp) throws IOException {
        gatewayHost.forwards();
        start(onRamps(1500, "acme") + sharedOffRamp(offRamp) + FORWARD_ALL, FlowListener.NONE);
        routeClients();
    }

    /** What the gateway's host and the server need for an off-ramp of type device. */
    void routeOffRamp() throws IOException {
        gatewayHost.forwards();
        for (Family family : Family.values()) {
            InetAddress address = family.offRamp();
            server.route(
                    address, address.getAddress().length * 8, SERVERS_DEVICE, family.gateway());
        }
    }

    /** The YAML of an off-ramp of type device. */
    static String offRamp(String settings) {
        return offRamp("10.5.0.1, \"fd00:5::1\"", settings);
    }

    /** The same with the addresses of the gateway's host. */
    static String sharedOffRamp(String settings) {
        return offRamp("10.2.0.1, \"fd00:2::1\"", settings);
    }

    private static String offRamp(String addresses, String settings) {
        return """
        offramps:
          - name: lan
            type: device
            device: %s
            addresses: [%s]
            ports: %d-%d
            %s
        """
                .formatted(OFF_RAMP, addresses, FIRST_PORT, LAST_PORT, settings);
    }

    /** A client more. */
    Host addClient(String name) throws IOException {
        Host client = Host.named(name);
        clients.add(client);
        return client;
    }

    /** The YAML of on-ramps, one in each client, named as their tenants are. */
    String onRamps(int mtu, String... tenants) {
        StringBuilder yaml = new StringBuilder("onramps:\n");
        for (int i = 0; i < tenants.length; i++) {
            yaml.append(
                    """
                      - name: %1$s
                        type: tun
                        tenant: %1$s
                        device: %2$s
                        netns: %3$s
                        mtu: %4$d
                        addresses: [10.1.0.2/24, "fd00:1::2/64"]
                    """
                            .formatted(tenants[i], DEVICE, clients.get(i).path(), mtu));
        }
        return yaml.toString();
    }

    static Configuration configuration(String yaml) {
        return switch (ConfigurationFile.read("test.yaml", yaml)) {
            case Loaded.Valid valid -> valid.configuration();
            case Loaded.Invalid invalid -> throw new IllegalArgumentException(invalid.text());
        };
    }

    /** Starts the gateway. */
    void start(String yaml, FlowListener listener) throws IOException {
        Configuration configuration = configuration(yaml);
        // Threads are born into the namespace of the one that starts them.
        gateway =
                gatewayHost
                        .namespace()
                        .call(
                                () ->
                                        Gateway.start(
                                                configuration,
                                                Gateway.Surroundings.HOST,
                                                listener));
    }

    /** Makes the on-ramp's device the default route of each client. */
    void routeClients() throws IOException {
        for (Host client : clients) {
            for (Family family : Family.values()) {
                client.defaultRoute(family, DEVICE);
            }
        }
    }

    Host client() {
        return clients.getFirst();
    }

    Host secondClient() {
        return clients.get(1);
    }

    /** The client of that index, from 0. */
    Host client(int index) {
        return clients.get(index);
    }

    Host gatewayHost() {
        return gatewayHost;
    }

    Host server() {
        return server;
    }

    Gateway gateway() {
        return gateway;
    }

    GatewayStatus status() throws IOException {
        return GatewayStatus.of(gateway);
    }

    /** A number of all workers. */
    int sum(ToIntFunction<WorkerStatus> number) throws IOException {
        return gateway.status().stream().mapToInt(number).sum();
    }

    long dropped(Reason reason) throws IOException {
        return status().dropped().getOrDefault(reason.name(), 0L);
    }

    List<Flow> flows() {
        List<Flow> flows = new ArrayList<>();
        gateway.forEachFlow(flows::add);
        return flows;
    }

    /** What flows hold, all of it zero where there are none. */
    record Held(int flows, int slots, int relays, int dials, int downgrades, int sessions) {
        static final Held NOTHING = new Held(0, 0, 0, 0, 0, 0);
    }

    Held held() throws IOException {
        return new Held(
                gateway.flows(),
                sum(WorkerStatus::slots),
                sum(WorkerStatus::relays),
                sum(WorkerStatus::dials),
                sum(WorkerStatus::downgrades),
                sum(WorkerStatus::sessions));
    }

    /**
     * Descriptors of this process, but for those of pipes kept for re-use and of sockets made ahead
     * of demand.
     */
    long descriptors() throws IOException {
        int pipes = sum(WorkerStatus::pipes);
        int spares = sum(WorkerStatus::spares);
        return OpenDescriptors.now().count() - 2L * pipes - spares;
    }

    /** Every packet that came in is carried, answered or dropped with a reason. */
    void everyPacketIsAccountedFor() throws Exception {
        Eventually.holds(
                "received = carried + answered + dropped + held, in " + status(),
                () -> {
                    GatewayStatus status = status();
                    long dropped =
                            status.dropped().values().stream().mapToLong(Long::longValue).sum();
                    return status.received()
                            == status.carried() + status.answered() + dropped + status.held();
                });
        for (var counters : gateway.counters()) {
            for (Reason reason : Reason.values()) {
                assertEquals(
                        Math.max(0, counters.droppedCount(reason)),
                        counters.droppedCount(reason),
                        reason.name());
            }
        }
    }

    @Override
    public void close() throws IOException {
        if (gateway != null) {
            gateway.close();
        }
        clients.forEach(Host::close);
        gatewayHost.close();
        server.close();
    }
}
