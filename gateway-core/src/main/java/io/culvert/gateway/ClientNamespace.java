package io.culvert.gateway;

import io.culvert.gateway.config.Configuration;
import io.culvert.gateway.config.InterfaceAddress;
import io.culvert.gateway.config.Limits;
import io.culvert.gateway.config.OffRamp;
import io.culvert.gateway.config.OnRamp;
import io.culvert.gateway.config.TelemetrySettings;
import io.culvert.gateway.config.Timers;
import io.culvert.gateway.policy.Action;
import io.culvert.gateway.policy.Policy;
import io.culvert.linux.Namespaces;
import io.culvert.linux.Route;
import io.culvert.linux.Rtnetlink;
import io.culvert.tun.NetworkNamespace;
import io.culvert.tun.TunDevice;
import io.culvert.wire.IpAddress;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * A network namespace for a command whose traffic shall enter a gateway: an on-ramp's device is
 * made in it, is its default route for both families, and answers its DNS.
 *
 * <p>Threading: any thread; the namespace has one of its own, on which commands are started, so
 * that they are born into it.
 */
public final class ClientNamespace implements AutoCloseable {
    private static final String ON_RAMP = "exec";
    private static final String SOCKET = OffRamp.SOCKET;

    /**
     * As the largest that IPv4 allows, in whole words: nothing between the command and the gateway
     * is any smaller.
     */
    private static final int MTU = 65_520;

    /**
     * From the range for sharing between a carrier and its customers (RFC 6598), which hosts seldom
     * use.
     */
    private static final InterfaceAddress IPV4 = InterfaceAddress.parse("100.64.0.2/24");

    /** A unique local address (RFC 4193). */
    private static final InterfaceAddress IPV6 = InterfaceAddress.parse("fd00:c0:1::2/64");

    private static final IpAddress DNS = IpAddress.parse("100.64.0.1");
    private static final Path RESOLV_CONF = Path.of("/etc/resolv.conf");

    private final NetworkNamespace namespace;
    private final Optional<InetSocketAddress> resolver;
    private String onRamp = ON_RAMP;

    private ClientNamespace(NetworkNamespace namespace, Optional<InetSocketAddress> resolver) {
        this.namespace = namespace;
        this.resolver = resolver;
    }

    /**
     * Makes an empty namespace, with a mount namespace beside it so that it may have a resolv.conf
     * of its own.
     */
    public static ClientNamespace open() throws IOException {
        return new ClientNamespace(
                NetworkNamespace.anonymousWithMounts("culvert-client"), HostResolver.find());
    }

    /** A configuration that upgrades everything. */
    public Configuration configuration(Optional<IpAddress> hostLoopback) {
        OnRamp.Tun tun =
                new OnRamp.Tun(
                        ON_RAMP,
                        ON_RAMP,
                        "culvert0",
                        MTU,
                        Optional.empty(),
                        List.of(IPV4, IPV6),
                        List.of(),
                        List.of(),
                        false);
        return new Configuration(
                List.of(tun),
                List.of(
                        new OffRamp.Socket(SOCKET, hostLoopback, dns()),
                        new OffRamp.Tunnels(OffRamp.TUNNELS)),
                new Policy(Action.UPGRADE, List.of()),
                Limits.DEFAULT,
                Timers.DEFAULT,
                true,
                Runtime.getRuntime().availableProcessors());
    }

    /**
     * The same configuration with its first on-ramp's device in this namespace and no other
     * on-ramp.
     */
    public Configuration adapt(Configuration given, Optional<IpAddress> hostLoopback)
            throws IOException {
        if (given.onramps().isEmpty() || !(given.onramps().getFirst() instanceof OnRamp.Tun tun)) {
            throw new IOException("exec needs a configuration whose first on-ramp is of type tun");
        }
        onRamp = tun.name();
        List<InterfaceAddress> addresses =
                tun.addresses().isEmpty() ? List.of(IPV4, IPV6) : tun.addresses();
        OnRamp.Tun here =
                new OnRamp.Tun(
                        tun.name(),
                        tun.tenant(),
                        tun.device(),
                        tun.mtu(),
                        Optional.empty(),
                        addresses,
                        List.of(),
                        tun.routes(),
                        tun.strictSource());
        List<OffRamp> offRamps = new ArrayList<>();
        for (OffRamp offRamp : given.offramps()) {
            offRamps.add(
                    offRamp instanceof OffRamp.Socket socket
                            ? new OffRamp.Socket(
                                    socket.name(),
                                    hostLoopback.or(socket::hostLoopback),
                                    socket.dns().or(this::dns))
                            : offRamp);
        }
        return new Configuration(
                List.of(here),
                offRamps,
                given.policy(),
                given.limits(),
                given.timers(),
                given.midStream(),
                given.plugins(),
                given.workers(),
                TelemetrySettings.NONE,
                given.tls(),
                given.upstreams(),
                given.resolver(),
                given.http());
    }

    /** Has the gateway make the on-ramp's device here. */
    public Gateway.Surroundings surroundings() {
        return new Gateway.Surroundings(Map.of(onRamp, namespace), resolver);
    }

    /** Leads the namespace's traffic and names to the gateway, once it has made its device. */
    public void connect(Gateway gateway, Configuration configuration) throws IOException {
        TunDevice device = gateway.device(onRamp);
        OnRamp.Tun tun = (OnRamp.Tun) configuration.onramps().getFirst();
        boolean ipv4 = tun.addresses().stream().anyMatch(address -> address.address().isIpv4());
        boolean ipv6 = tun.addresses().stream().anyMatch(address -> !address.address().isIpv4());
        namespace.call(
                () -> {
                    try (Rtnetlink rtnetlink = new Rtnetlink()) {
                        if (ipv4) {
                            rtnetlink.addRoute(defaultRoute("0.0.0.0", device));
                        }
                        if (ipv6) {
                            rtnetlink.addRoute(defaultRoute("::", device));
                        }
                    }
                    return null;
                });
        allowPing();
        configuration.offramps().stream()
                .filter(OffRamp.Socket.class::isInstance)
                .map(OffRamp.Socket.class::cast)
                .flatMap(socket -> socket.dns().stream())
                .findFirst()
                .ifPresent(this::resolveBy);
    }

    /** Starts a process in the namespace. */
    public Process start(ProcessBuilder command) throws IOException {
        return namespace.call(command::start);
    }

    private static Route defaultRoute(String any, TunDevice device) throws IOException {
        return Route.through(InetAddress.getByName(any), 0, device.index());
    }

    private void allowPing() {
        try {
            namespace.sysctl("net.ipv4.ping_group_range", "0 0");
        } catch (IOException ignored) {
            // A read-only /proc/sys; ping may use a raw socket instead.
        }
    }

    private Optional<IpAddress> dns() {
        return resolver.isPresent() ? Optional.of(DNS) : Optional.empty();
    }

    private void resolveBy(IpAddress dns) {
        try {
            Path replacement = Files.createTempFile("culvert-resolv", ".conf");
            try {
                List<String> lines = new ArrayList<>(List.of("nameserver " + dns));
                for (String line : Files.readAllLines(RESOLV_CONF)) {
                    if (!line.strip().startsWith("nameserver")) {
                        lines.add(line);
                    }
                }
                Files.write(replacement, lines);
                // A temporary file is its owner's; the command may be another user's.
                Files.setPosixFilePermissions(
                        replacement, PosixFilePermissions.fromString("rw-r--r--"));
                namespace.call(
                        () -> {
                            Namespaces.bindMount(replacement, RESOLV_CONF.toRealPath());
                            return null;
                        });
            } finally {
                // The mount keeps the contents.
                Files.delete(replacement);
            }
        } catch (IOException e) {
            org.slf4j.LoggerFactory.getLogger(ClientNamespace.class)
                    .warn("The command keeps the host's resolv.conf: {}", e.getMessage());
        }
    }

    @Override
    public void close() {
        namespace.close();
    }
}
