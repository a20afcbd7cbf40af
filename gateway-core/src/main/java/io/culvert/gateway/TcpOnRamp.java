package io.culvert.gateway;

import io.culvert.gateway.config.OnRamp;
import io.culvert.gateway.config.Replacement;
import io.culvert.gateway.forward.TunnelPorts;
import io.culvert.gateway.policy.AddressSet;
import io.culvert.hook.Reason;
import io.culvert.linux.Fd;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.SocketOptions;
import io.culvert.linux.Sockets;
import io.culvert.linux.SyscallException;
import io.culvert.tun.PacketDevice;
import io.culvert.upgrade.HostListener;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * An on-ramp whose flows are connections that the host's kernel accepts. Each worker has listeners
 * of its own on the same addresses and keeps what it accepts, so that nothing is handed over.
 *
 * <p>To flows it is a tunnel without packets, of which each worker has an end by which it is known.
 */
final class TcpOnRamp implements LiveOnRamp {
    private final Routing routing;
    private final Workers group;
    private final TunnelPorts ports;
    private final List<TcpEntrance> entrances = new ArrayList<>();

    /** Of each address one for each worker; bound, and not listening yet. */
    private final Map<InetSocketAddress, List<Fd>> bound = new LinkedHashMap<>();

    private OnRamp.Tcp settings;

    private TcpOnRamp(OnRamp.Tcp settings, Routing routing, Workers group) {
        this.settings = settings;
        this.routing = routing;
        this.group = group;
        ports =
                new TunnelPorts(
                        settings.name(),
                        routing.tenants().named(settings.tenant()),
                        new AddressSet(List.of()),
                        group.all().stream().map(_ -> new Packetless()).toList());
        for (Worker worker : group.all()) {
            entrances.add(new TcpEntrance(worker.reception(), ports.of(worker.index()), settings));
        }
    }

    /**
     * Binds the listeners' addresses in the calling thread's network namespace.
     *
     * @throws IOException with a sentence for the operator
     */
    static TcpOnRamp open(OnRamp.Tcp settings, Routing routing, Workers group) throws IOException {
        TcpOnRamp onRamp = new TcpOnRamp(settings, routing, group);
        try {
            onRamp.bind(settings.listen());
        } catch (IOException | RuntimeException e) {
            onRamp.close();
            throw e;
        }
        return onRamp;
    }

    private void bind(List<InetSocketAddress> addresses) throws IOException {
        for (InetSocketAddress each : addresses) {
            List<Fd> sockets = new ArrayList<>();
            bound.put(each, sockets);
            try {
                // With SO_REUSEPORT another process's would share what arrives.
                socket(each, false).close();
                for (int i = 0; i < group.size(); i++) {
                    sockets.add(socket(each, true));
                }
            } catch (SyscallException e) {
                throw new IOException(
                        "on-ramp %s cannot listen on TCP %s port %d: %s"
                                .formatted(
                                        settings.name(),
                                        each.getAddress().getHostAddress(),
                                        each.getPort(),
                                        e.getMessage()),
                        e);
            }
        }
    }

    private static Fd socket(InetSocketAddress address, boolean shared) throws SyscallException {
        boolean ipv6 = address.getAddress() instanceof Inet6Address;
        Fd socket = Sockets.tcp(ipv6);
        try {
            if (ipv6) {
                Sockets.set(socket, SocketOptions.IPPROTO_IPV6, SocketOptions.IPV6_V6ONLY, 1);
            }
            Sockets.set(socket, SocketOptions.SOL_SOCKET, SocketOptions.SO_REUSEADDR, 1);
            if (shared) {
                Sockets.set(socket, SocketOptions.SOL_SOCKET, SocketOptions.SO_REUSEPORT, 1);
            }
            // Those that are accepted have these, too.
            Sockets.set(socket, SocketOptions.SOL_SOCKET, SocketOptions.SO_KEEPALIVE, 1);
            Sockets.set(socket, SocketOptions.SOL_SOCKET, SocketOptions.SO_OOBINLINE, 1);
            Sockets.set(socket, SocketOptions.IPPROTO_TCP, SocketOptions.TCP_NODELAY, 1);
            Sockets.bind(socket, new SocketAddressBuffer().set(address));
            return socket;
        } catch (SyscallException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    @Override
    public OnRamp.Tcp settings() {
        return settings;
    }

    @Override
    public void lead() {
        routing.listeners().put(ports, settings.listen());
    }

    @Override
    public void start() throws IOException {
        group.each(worker -> worker.reception().add(entrances.get(worker.index())));
        listen();
    }

    /** What is bound listens. */
    private void listen() throws IOException {
        for (Map.Entry<InetSocketAddress, List<Fd>> each : bound.entrySet()) {
            for (Fd socket : each.getValue()) {
                Sockets.listen(socket, HostListener.BACKLOG);
            }
        }
        Map<InetSocketAddress, List<Fd>> listening = new HashMap<>(bound);
        bound.clear();
        group.each(
                worker ->
                        listening.forEach(
                                (address, sockets) ->
                                        entrances
                                                .get(worker.index())
                                                .listen(address, sockets.get(worker.index()))));
    }

    @Override
    public boolean canBecome(OnRamp next) {
        return !Replacement.isNeeded(settings, next);
    }

    @Override
    public void giveUp(OnRamp next, Undo undo) throws IOException {
        List<InetSocketAddress> wanted = ((OnRamp.Tcp) next).listen();
        List<InetSocketAddress> given =
                settings.listen().stream().filter(one -> !wanted.contains(one)).toList();
        if (given.isEmpty()) {
            return;
        }
        undo.push(
                () -> {
                    bind(given);
                    listen();
                });
        group.each(worker -> entrances.get(worker.index()).retain(Set.copyOf(wanted)));
    }

    @Override
    public Commit change(OnRamp to, Undo undo) throws IOException {
        OnRamp.Tcp next = (OnRamp.Tcp) to;
        undo.push(this::close);
        bind(next.listen().stream().filter(one -> !settings.listen().contains(one)).toList());
        return () -> {
            settings = next;
            lead();
            group.each(worker -> entrances.get(worker.index()).become(next));
            listen();
        };
    }

    @Override
    public void remove(Reason reason) throws IOException {
        ports.end();
        group.each(worker -> entrances.get(worker.index()).close());
        routing.listeners().remove(ports);
        group.each(worker -> worker.dismiss(Set.of(ports.of(worker.index()).device()), reason));
        close();
    }

    @Override
    public void stop() {
        // The workers refuse who still comes.
    }

    @Override
    public List<PacketDevice> ends() {
        return group.all().stream()
                .<PacketDevice>map(worker -> ports.of(worker.index()).device())
                .toList();
    }

    @Override
    public int tunnels() {
        return 0;
    }

    /** What is bound and does not listen; the rest ends with the workers. */
    @Override
    public void close() {
        bound.values().forEach(sockets -> sockets.forEach(Fd::close));
        bound.clear();
    }
}
