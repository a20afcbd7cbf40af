package io.culvert.e2e;

import io.culvert.linux.Link;
import io.culvert.linux.Namespaces;
import io.culvert.linux.Route;
import io.culvert.linux.Rtnetlink;
import io.culvert.tun.NetworkNamespace;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.DatagramChannel;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.FutureTask;

/**
 * A machine of its own: a network namespace with the sockets, devices and processes that are made
 * in it. A socket belongs to where it was made and is then used from any thread.
 */
final class Host implements AutoCloseable {
    /** More connections than any test has open at once. */
    private static final int BACKLOG = 4096;

    private static final int CONNECT_MILLIS = 15_000;

    private final NetworkNamespace namespace;
    private final String name;

    private Host(String name, NetworkNamespace namespace) throws IOException {
        this.name = name;
        this.namespace = namespace;
        // Link-local addresses are there at once, and nobody waits for a second for a neighbour.
        namespace.sysctl("net.ipv6.conf.all.accept_dad", "0");
        namespace.sysctl("net.ipv6.conf.default.accept_dad", "0");
    }

    static Host named(String name) throws IOException {
        return new Host(name, NetworkNamespace.anonymous(name));
    }

    /** The same, and what is mounted there is seen by processes started there alone. */
    static Host withMounts(String name) throws IOException {
        return new Host(name, NetworkNamespace.anonymousWithMounts(name));
    }

    /** Joins two hosts: {@code device} on the one is one end, {@code otherDevice} the other. */
    static void cable(Host one, String device, Host other, String otherDevice) throws IOException {
        one.call(
                rtnetlink -> {
                    rtnetlink.addVeth(device, otherDevice);
                    rtnetlink.move(rtnetlink.index(otherDevice), other.namespace.handle());
                    rtnetlink.up(rtnetlink.index(device));
                });
        other.call(rtnetlink -> rtnetlink.up(rtnetlink.index(otherDevice)));
    }

    /** What a configuration's {@code netns} names; valid in this process and its children. */
    Path path() {
        return Path.of(
                "/proc",
                Long.toString(ProcessHandle.current().pid()),
                "fd",
                Integer.toString(namespace.handle().number()));
    }

    NetworkNamespace namespace() {
        return namespace;
    }

    /** Something to be done with the host's devices. */
    @FunctionalInterface
    interface Configuring {
        void with(Rtnetlink rtnetlink) throws IOException;
    }

    void call(Configuring task) throws IOException {
        namespace.call(
                () -> {
                    try (Rtnetlink rtnetlink = new Rtnetlink()) {
                        task.with(rtnetlink);
                    }
                    return null;
                });
    }

    void address(String device, InetAddress address, int prefixLength) throws IOException {
        call(rtnetlink -> rtnetlink.addAddress(rtnetlink.index(device), address, prefixLength));
    }

    void mtu(String device, int bytes) throws IOException {
        call(rtnetlink -> rtnetlink.mtu(rtnetlink.index(device), bytes));
    }

    /** Sends everything of a family through a device. */
    void defaultRoute(Family family, String device) throws IOException {
        call(
                rtnetlink ->
                        rtnetlink.addRoute(
                                Route.through(family.any(), 0, rtnetlink.index(device))));
    }

    /** Sends everything of a family to a neighbour. */
    void defaultRoute(Family family, String device, InetAddress neighbour) throws IOException {
        route(family.any(), 0, device, neighbour);
    }

    void route(InetAddress prefix, int length, String device, InetAddress neighbour)
            throws IOException {
        call(
                rtnetlink ->
                        rtnetlink.addRoute(
                                Route.through(prefix, length, rtnetlink.index(device))
                                        .via(neighbour)));
    }

    /** Makes the host answer nothing to an address, or refuse to send to it. */
    void deadRoute(InetAddress address, Route.Type type) throws IOException {
        call(rtnetlink -> rtnetlink.addRoute(dead(address, type)));
    }

    void removeDeadRoute(InetAddress address, Route.Type type) throws IOException {
        call(rtnetlink -> rtnetlink.deleteRoute(dead(address, type)));
    }

    private static Route dead(InetAddress address, Route.Type type) {
        return Route.through(address, address.getAddress().length * 8, 0).as(type);
    }

    /** Forwards packets between its devices, and takes them wherever they come in. */
    void forwards() throws IOException {
        namespace.sysctl("net.ipv4.ip_forward", "1");
        namespace.sysctl("net.ipv4.conf.all.rp_filter", "0");
        namespace.sysctl("net.ipv4.conf.default.rp_filter", "0");
        namespace.sysctl("net.ipv6.conf.all.forwarding", "1");
    }

    Optional<Link> link(String device) throws IOException {
        return namespace.call(
                () -> {
                    try (Rtnetlink rtnetlink = new Rtnetlink()) {
                        return rtnetlink.link(device);
                    }
                });
    }

    /** The numbers of {@code /proc/net/dev}: packets that a device has sent. */
    long packetsSent(String device) throws IOException {
        return figure(device, 10);
    }

    long bytesSent(String device) throws IOException {
        return figure(device, 9);
    }

    /** Of an on-ramp's device those that the gateway has sent into it. */
    long packetsReceived(String device) throws IOException {
        return figure(device, 2);
    }

    long bytesReceived(String device) throws IOException {
        return figure(device, 1);
    }

    private long figure(String device, int word) throws IOException {
        return namespace.call(
                () -> {
                    for (String line : Files.readAllLines(Path.of("/proc/thread-self/net/dev"))) {
                        String[] words = line.strip().split("[:\\s]+", -1);
                        if (words[0].equals(device)) {
                            return Long.parseLong(words[word]);
                        }
                    }
                    throw new IOException(name + " has no device " + device);
                });
    }

    /** Shows a file or directory in another's place, to processes that are started there. */
    void mount(Path source, Path target) throws IOException {
        namespace.call(
                () -> {
                    Namespaces.bindMount(source, target);
                    return null;
                });
    }

    /** A thread on this host. */
    <T> FutureTask<T> start(Callable<T> task) throws IOException {
        FutureTask<T> future = new FutureTask<>(task);
        // A thread is born into the namespace of the one that starts it.
        namespace.call(
                () -> {
                    Thread.ofPlatform().name(name).daemon().start(future);
                    return null;
                });
        return future;
    }

    Process start(ProcessBuilder command) throws IOException {
        return namespace.call(command::start);
    }

    SocketChannel tcp(Family family) throws IOException {
        return namespace.call(() -> SocketChannel.open(family.protocol()));
    }

    SocketChannel connect(Family family, InetSocketAddress to) throws IOException {
        SocketChannel channel = tcp(family);
        try {
            channel.socket().connect(to, CONNECT_MILLIS);
            return channel;
        } catch (IOException | RuntimeException e) {
            channel.close();
            throw e;
        }
    }

    ServerSocketChannel listen(Family family, InetAddress address, int port) throws IOException {
        ServerSocketChannel channel =
                namespace.call(() -> ServerSocketChannel.open(family.protocol()));
        channel.setOption(StandardSocketOptions.SO_REUSEADDR, true);
        return channel.bind(new InetSocketAddress(address, port), BACKLOG);
    }

    /** A UDP socket bound to that address and port, any where they are {@code null} and 0. */
    DatagramChannel udp(Family family, InetAddress address, int port) throws IOException {
        DatagramChannel channel = namespace.call(() -> DatagramChannel.open(family.protocol()));
        return channel.bind(new InetSocketAddress(address == null ? family.any() : address, port));
    }

    @Override
    public void close() {
        namespace.close();
    }

    @Override
    public String toString() {
        return name;
    }
}
