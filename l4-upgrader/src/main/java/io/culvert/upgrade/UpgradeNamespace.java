package io.culvert.upgrade;

import io.culvert.linux.Fd;
import io.culvert.linux.LinkAddress;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.SocketOptions;
import io.culvert.linux.Sockets;
import io.culvert.nat.SlotAddresses;
import io.culvert.tun.NetworkNamespace;
import io.culvert.tun.Offload;
import io.culvert.tun.TunDevice;
import io.culvert.tun.TunQueue;
import io.culvert.tun.TunSettings;
import io.culvert.wire.IpAddress;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Executor;

/**
 * The anonymous network namespace in which the kernel ends upgraded TCP connections, and begins
 * those that leave as packets again. Nobody else is in it, so every address and port is free to
 * use; it has no name and no process of its own, and is gone when the last descriptor is.
 *
 * <p>Each worker has a device of its own in it, with its {@link SlotAddresses} behind it, and a
 * listener of either family. A device of several queues would leave it to a hash of 4,096 places
 * which worker gets a reply; with one each, a reply always comes back to the worker that owns the
 * flow.
 *
 * <p>Threading: made and closed by the gateway; what it hands out belongs to the workers.
 */
public final class UpgradeNamespace implements AutoCloseable {
    /**
     * The largest packet of IPv4: only the clamped MSS of each flow limits what the kernel sends.
     */
    private static final int MTU = 65_535;

    /**
     * A burst of a full window of every busy flow; a queue that is too short loses what the kernel
     * has sent.
     */
    private static final int QUEUE = 20_000;

    private static final int BACKLOG = 65_535;

    private final NetworkNamespace namespace;
    private final List<Entrance> entrances;

    private UpgradeNamespace(NetworkNamespace namespace, List<Entrance> entrances) {
        this.namespace = namespace;
        this.entrances = entrances;
    }

    /**
     * One worker's way in.
     *
     * @param device where translated packets go in and replies come out
     * @param listener4 accepts upgraded IPv4 connections; non-blocking
     * @param listener6 the same for IPv6
     * @param thread does in the namespace what it is given, soon
     */
    public record Entrance(
            TunDevice tun,
            TunQueue device,
            Fd listener4,
            Fd listener6,
            SlotAddresses addresses,
            Executor thread) {}

    /**
     * Makes the namespace with its devices, routes and listeners.
     *
     * @param idle after so much silence the kernel asks whether an initiator is still there (RFC
     *     1122 section 4.2.3.6)
     */
    public static UpgradeNamespace open(int workers, Set<Offload> offloads, Duration idle)
            throws IOException {
        NetworkNamespace namespace = NetworkNamespace.anonymous("culvert-upgrade");
        List<Entrance> entrances = new ArrayList<>();
        UpgradeNamespace opened = new UpgradeNamespace(namespace, entrances);
        try {
            tune(namespace);
            opened.idle(idle);
            for (int worker = 0; worker < workers; worker++) {
                entrances.add(entrance(namespace, worker, offloads));
            }
            return opened;
        } catch (IOException | RuntimeException e) {
            opened.close();
            throw e;
        }
    }

    /** From now on it is so much silence, for connections that begin. */
    public void idle(Duration idle) {
        tune(namespace, "net.ipv4.tcp_keepalive_time", Long.toString(idle.toSeconds()));
    }

    /** Worker number {@code worker}'s own. */
    public Entrance entrance(int worker) {
        return entrances.get(worker);
    }

    private static Entrance entrance(NetworkNamespace namespace, int worker, Set<Offload> offloads)
            throws IOException {
        SlotAddresses addresses = new SlotAddresses(worker);
        TunSettings settings =
                TunSettings.named("upgrade" + worker)
                        .withMtu(MTU)
                        .withTxQueueLength(QUEUE)
                        .withOffloads(offloads)
                        .withAddresses(
                                new LinkAddress(
                                        address(addresses, false).toInetAddress(),
                                        SlotAddresses.IPV4_PREFIX_LENGTH),
                                new LinkAddress(
                                        address(addresses, true).toInetAddress(),
                                        SlotAddresses.IPV6_PREFIX_LENGTH));
        TunDevice tun = TunDevice.open(namespace, settings);
        try {
            Fd listener4 = namespace.call(() -> listener(addresses, false));
            try {
                Fd listener6 = namespace.call(() -> listener(addresses, true));
                return new Entrance(
                        tun,
                        tun.queues().getFirst(),
                        listener4,
                        listener6,
                        addresses,
                        namespace::execute);
            } catch (IOException | RuntimeException e) {
                listener4.close();
                throw e;
            }
        } catch (IOException | RuntimeException e) {
            tun.close();
            throw e;
        }
    }

    private static IpAddress address(SlotAddresses addresses, boolean ipv6) {
        return new IpAddress(addresses.high(ipv6), addresses.listenerLow(ipv6));
    }

    private static Fd listener(SlotAddresses addresses, boolean ipv6) throws IOException {
        Fd socket = Sockets.tcp(ipv6);
        try {
            SocketAddressBuffer local = new SocketAddressBuffer();
            local.set(
                    addresses.high(ipv6), addresses.listenerLow(ipv6), SlotAddresses.LISTENER_PORT);
            Sockets.bind(socket, local);
            // What it accepts inherits these.
            Sockets.set(socket, SocketOptions.SOL_SOCKET, SocketOptions.SO_KEEPALIVE, 1);
            // A relay has no other way to pass urgent data on (RFC 6093 section 4).
            Sockets.set(socket, SocketOptions.SOL_SOCKET, SocketOptions.SO_OOBINLINE, 1);
            Sockets.set(socket, SocketOptions.IPPROTO_TCP, SocketOptions.TCP_NODELAY, 1);
            Sockets.listen(socket, BACKLOG);
            return socket;
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }

    /**
     * Settings of this namespace alone; each is an improvement, none is needed (ip-sysctl in the
     * kernel's documentation).
     */
    private static void tune(NetworkNamespace namespace) {
        tune(namespace, "net.core.somaxconn", Integer.toString(BACKLOG));
        tune(namespace, "net.ipv4.tcp_max_syn_backlog", Integer.toString(BACKLOG));
        // Room for 200 ms of 10 Gb/s on one connection.
        tune(namespace, "net.ipv4.tcp_rmem", "4096 1048576 33554432");
        tune(namespace, "net.ipv4.tcp_wmem", "4096 1048576 33554432");
        // The class of the client's SYN comes back on our packets (RFC 2474).
        tune(namespace, "net.ipv4.tcp_reflect_tos", "1");
        // ECN where the client asks for it (RFC 3168); of a target behind a tunnel we ask for it as
        // little as the host does.
        tune(namespace, "net.ipv4.tcp_ecn", "2");
        // A pause does not make a client's connection slow again.
        tune(namespace, "net.ipv4.tcp_slow_start_after_idle", "0");
        tune(namespace, "net.ipv4.tcp_no_metrics_save", "1");
        // The dial has succeeded before the SYN comes here: no flood can, and a cookie would lose
        // options.
        tune(namespace, "net.ipv4.tcp_syncookies", "0");
    }

    private static void tune(NetworkNamespace namespace, String name, String value) {
        try {
            namespace.sysctl(name, value);
        } catch (IOException ignored) {
            // A kernel without this setting, or a read-only /proc/sys in a container.
        }
    }

    @Override
    public void close() {
        for (Entrance entrance : entrances) {
            entrance.listener4().close();
            entrance.listener6().close();
            entrance.tun().close();
        }
        namespace.close();
    }
}
