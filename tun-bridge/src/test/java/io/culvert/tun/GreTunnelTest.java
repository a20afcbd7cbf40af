package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.linux.Fd;
import io.culvert.linux.LinkAddress;
import io.culvert.linux.Rtnetlink;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.Sockets;
import io.culvert.linux.Syscall;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * TCP between two namespaces, each with a TUN device, through a GRE tunnel between two more, which
 * a veth cable joins: the far kernel verifies every inner checksum, and the other end of the tunnel
 * the outer ones.
 */
@Timeout(60)
class GreTunnelTest {
    private static final int PORT = 4_242;
    private static final int BUDGET = 64;
    private static final long IDLE_NS = 10_000;

    @ParameterizedTest(name = "outer IPv6 {0}, inner IPv6 {1}, every field {2}")
    @CsvSource({
        "false, false, false",
        "false, true, true",
        "true, false, true",
        "true, true, false",
    })
    void carriesFiftyMegabytesUnchanged(boolean outer, boolean inner, boolean fields)
            throws Exception {
        GreFields with =
                fields ? GreFields.NONE.withKey(42).withChecksum().withSequence() : GreFields.NONE;
        int mtu = 1_500 - (outer ? 40 : 20) - with.length();
        InetAddress left = address(inner, "10.1.0.1", "fd01::1");
        InetAddress right = address(inner, "10.1.0.2", "fd01::2");
        InetAddress near = address(outer, "192.0.2.1", "2001:db8::1");
        InetAddress far = address(outer, "192.0.2.2", "2001:db8::2");
        AtomicBoolean done = new AtomicBoolean();
        try (ExecutorService executor = Executors.newCachedThreadPool();
                NetworkNamespace leftHost = NetworkNamespace.anonymous("left");
                NetworkNamespace rightHost = NetworkNamespace.anonymous("right");
                NetworkNamespace nearGateway = NetworkNamespace.anonymous("near");
                NetworkNamespace farGateway = NetworkNamespace.anonymous("far")) {
            join(nearGateway, near, farGateway, far);
            try (GreEndpoint one = endpoint(nearGateway, near, far, with);
                    GreEndpoint other = endpoint(farGateway, far, near, with);
                    TunDevice from = device(leftHost, left, mtu);
                    TunDevice to = device(rightHost, right, mtu);
                    Fd listener = rightHost.call(() -> Sockets.tcp(inner));
                    Fd sender = leftHost.call(() -> Sockets.tcp(inner))) {
                Sockets.blocking(listener, true);
                Sockets.blocking(sender, true);
                SocketAddressBuffer address =
                        new SocketAddressBuffer().set(new InetSocketAddress(right, PORT));
                Sockets.bind(listener, address);
                Sockets.listen(listener, 1);

                GreSender fromNear = one.sender();
                GreSender fromFar = other.sender();
                PacketDevice toFar = one.tunnel(0).end(fromNear);
                PacketDevice toNear = other.tunnel(0).end(fromFar);
                assertEquals(mtu, toFar.mtu());
                TunQueue leftQueue = from.queues().getFirst();
                TunQueue rightQueue = to.queues().getFirst();
                Future<?> tunnel =
                        executor.submit(
                                () -> {
                                    while (!done.get()) {
                                        int moved = carry(leftQueue, toFar, one);
                                        moved += carry(rightQueue, toNear, other);
                                        if (moved == 0) {
                                            LockSupport.parkNanos(IDLE_NS);
                                        }
                                    }
                                });
                Future<Long> received = executor.submit(() -> BridgedTunTest.receive(listener));
                long start = System.nanoTime();
                assertEquals(
                        0, Syscall.connect(sender.number(), address.address(), address.length()));
                long sum = BridgedTunTest.send(sender);
                assertEquals(sum, received.get());
                double seconds = (System.nanoTime() - start) / 1e9;
                done.set(true);
                tunnel.get();
                System.out.printf(
                        "GRE, outer IPv6 %s, inner IPv6 %s: %.0f MB/s, %.0f packets/s%n",
                        outer,
                        inner,
                        BridgedTunTest.BYTES / 1e6 / seconds,
                        (fromNear.sent() + fromFar.sent()) / seconds);
                for (GreEndpoint each : List.of(one, other)) {
                    for (GreOutcome outcome : GreOutcome.values()) {
                        boolean packet = outcome == GreOutcome.PACKET;
                        // The kernel keeps no order where a thread changes its processor.
                        assertTrue(
                                (each.count(outcome) > 0) == packet
                                        || outcome == GreOutcome.OUT_OF_SEQUENCE,
                                outcome::name);
                    }
                }
            }
        }
    }

    /** Both directions of one gateway. */
    private static int carry(TunQueue inside, PacketDevice peer, GreEndpoint endpoint) {
        int moved = inside.receive(peer::send, BUDGET);
        peer.flush();
        return moved + endpoint.receive((_, packet) -> inside.send(packet), BUDGET);
    }

    private static void join(
            NetworkNamespace near,
            InetAddress nearAddress,
            NetworkNamespace far,
            InetAddress farAddress)
            throws IOException {
        near.call(
                () -> {
                    try (Rtnetlink rtnetlink = new Rtnetlink()) {
                        rtnetlink.addVeth("near0", "far0");
                        rtnetlink.move(rtnetlink.index("far0"), far.handle());
                    }
                    return null;
                });
        up(far, "far0", farAddress);
        up(near, "near0", nearAddress);
    }

    private static void up(NetworkNamespace namespace, String name, InetAddress address)
            throws IOException {
        int prefixLength = address instanceof Inet6Address ? 64 : 24;
        namespace.call(
                () -> {
                    try (Rtnetlink rtnetlink = new Rtnetlink()) {
                        int index = rtnetlink.index(name);
                        rtnetlink.up(index);
                        LocalAddress.add(rtnetlink, index, new LinkAddress(address, prefixLength));
                    }
                    return null;
                });
    }

    private static GreEndpoint endpoint(
            NetworkNamespace namespace, InetAddress here, InetAddress there, GreFields fields)
            throws IOException {
        return GreEndpoint.open(
                namespace,
                new GreSettings(here, List.of(GreSettings.Peer.at(there, fields))),
                System::nanoTime);
    }

    private static TunDevice device(NetworkNamespace namespace, InetAddress address, int mtu)
            throws IOException {
        return TunDevice.open(
                namespace,
                TunSettings.named("tun%d")
                        .withMtu(mtu)
                        .withAddresses(
                                new LinkAddress(
                                        address, address instanceof Inet6Address ? 64 : 24)));
    }

    private static InetAddress address(boolean ipv6, String one, String other) {
        return InetAddress.ofLiteral(ipv6 ? other : one);
    }
}
