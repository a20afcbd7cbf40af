package io.culvert.e2e;

import io.culvert.flow.FlowListener;
import io.culvert.linux.Route;
import io.culvert.linux.Rtnetlink;
import io.culvert.linux.Rule;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Clients that are joined by cables to the gateway's host, where on-ramps capture them, at one of
 * two sites with addresses of its own; any number of clients have the same ones.
 *
 * <pre>
 *   site   client                gateway's host                                     server
 *   FIRST  10.1.0.2 fd00:1::2 -- NAME 10.1.0.1 fd00:1::1
 *   SECOND 10.6.0.2 fd00:6::2 -- NAME 10.6.0.1 fd00:6::1    outside 10.2.0.1  -- 10.2.0.2
 * </pre>
 *
 * The server sends everything for the sites to the gateway's host, so that it would hear of what
 * the host routed itself.
 */
final class Cables implements AutoCloseable {
    private static final String UP = "up";

    private final Topology topology;
    private final Map<String, Host> clients = new LinkedHashMap<>();

    /** Where a client is. */
    enum Site {
        FIRST,
        SECOND;

        InetAddress client(Family family) {
            return this == FIRST ? family.client() : family.branch();
        }

        InetAddress gateway(Family family) {
            return this == FIRST
                    ? family.gatewayInside()
                    : Family.parse(family.isIpv6() ? "fd00:6::1" : "10.6.0.1");
        }

        private InetAddress network(Family family) {
            return this == FIRST
                    ? family.clientNetwork()
                    : Family.parse(family.isIpv6() ? "fd00:6::" : "10.6.0.0");
        }
    }

    private Cables() throws IOException {
        topology = Topology.withoutGateway();
    }

    static Cables none() throws IOException {
        Cables cables = new Cables();
        try {
            for (Family family : Family.values()) {
                for (Site site : Site.values()) {
                    cables.topology
                            .server()
                            .route(
                                    site.network(family),
                                    family.prefixLength(),
                                    Topology.SERVERS_DEVICE,
                                    family.gateway());
                }
            }
            return cables;
        } catch (IOException | RuntimeException e) {
            cables.close();
            throw e;
        }
    }

    /** A client of the first site, at a cable of that name. */
    static Cables one(String name) throws IOException {
        Cables cables = none();
        try {
            cables.lay(name, Site.FIRST);
            return cables;
        } catch (IOException | RuntimeException e) {
            cables.close();
            throw e;
        }
    }

    /**
     * How the gateway's host checks where packets come from, on all its interfaces and those that
     * are made from now on: rp_filter of the kernel's ip-sysctl.
     */
    void filter(int mode) throws IOException {
        for (String name : List.of("all", "default", Topology.OUTSIDE)) {
            set(gatewayHost(), "net/ipv4/conf/" + name + "/rp_filter", mode);
        }
    }

    private static void set(Host host, String setting, int value) throws IOException {
        host.namespace().sysctl(setting, Integer.toString(value));
    }

    /** A client at a cable of that name. */
    Host lay(String name, Site site) throws IOException {
        Host client = Host.named(name + " client");
        clients.put(name, client);
        connect(name, site);
        return client;
    }

    /** Joins a client to the gateway's host, which it is not or no more. */
    void connect(String name, Site site) throws IOException {
        connect(clients.get(name), gatewayHost(), name, site);
    }

    /** The same between any two hosts. */
    static void connect(Host client, Host gateway, String name, Site site) throws IOException {
        Host.cable(client, UP, gateway, name);
        for (Family family : Family.values()) {
            int length = family.prefixLength();
            client.address(UP, site.client(family), length);
            client.defaultRoute(family, UP, site.gateway(family));
            gateway.address(name, site.gateway(family), length);
        }
    }

    /** Takes both ends of a cable away. */
    void cut(String name) throws IOException {
        gatewayHost().call(rtnetlink -> rtnetlink.delete(rtnetlink.index(name)));
    }

    Host client(String name) {
        return clients.get(name);
    }

    Topology topology() {
        return topology;
    }

    Host gatewayHost() {
        return topology.gatewayHost();
    }

    Host server() {
        return topology.server();
    }

    /**
     * The YAML of an on-ramp on the gateway's host.
     *
     * @param more of it, as YAML in flow style, with a comma before
     */
    static String onRamp(String tenant, String device, String capture, String more) {
        return "  - { name: %s, type: tun, tenant: %s, device: %s, capture: [%s]%s }\n"
                .formatted(device, tenant, device, capture, more);
    }

    void start(String onRamps, String settings) throws IOException {
        topology.start("onramps:\n" + onRamps + settings, FlowListener.NONE);
    }

    /**
     * What capturing changes on a host, and what else could be changed by mistake.
     *
     * @param routes but for those of the local table, which the kernel makes in its own time
     */
    record Traces(Set<Rule> rules, Set<Route> routes, Map<String, String> settings) {}

    Traces traces() throws IOException {
        return gatewayHost()
                .namespace()
                .call(
                        () -> {
                            Set<Rule> rules = new HashSet<>();
                            Set<Route> routes = new HashSet<>();
                            Map<String, String> settings = new TreeMap<>();
                            try (Rtnetlink rtnetlink = new Rtnetlink()) {
                                for (Family family : Family.values()) {
                                    rules.addAll(rtnetlink.rules(family.isIpv6()));
                                    rtnetlink.routes(family.isIpv6()).stream()
                                            .filter(route -> route.table() != Route.LOCAL_TABLE)
                                            .forEach(routes::add);
                                }
                                for (var link : rtnetlink.links()) {
                                    settings.putAll(settings(link.name()));
                                }
                            }
                            settings.putAll(settings("all"));
                            return new Traces(rules, routes, settings);
                        });
    }

    private static Map<String, String> settings(String device) throws IOException {
        Map<String, String> settings = new TreeMap<>();
        for (String name :
                List.of(
                        "ipv4/conf/%s/forwarding",
                        "ipv4/conf/%s/rp_filter",
                        "ipv6/conf/%s/forwarding",
                        "ipv6/conf/%s/force_forwarding",
                        "ipv6/conf/%s/accept_ra")) {
            String setting = name.formatted(device);
            Path file = Path.of("/proc/sys/net", setting);
            if (Files.exists(file)) {
                settings.put(setting, Files.readString(file).strip());
            }
        }
        return settings;
    }

    /** Rules that a gateway has made. */
    List<Rule> gatewaysRules() throws IOException {
        return traces().rules().stream().filter(rule -> rule.protocol() == 199).toList();
    }

    @Override
    public void close() throws IOException {
        topology.close();
        clients.values().forEach(Host::close);
    }
}
