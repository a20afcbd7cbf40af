package io.culvert.e2e;

import io.culvert.linux.LinkAddress;
import io.culvert.tun.GreEndpoint;
import io.culvert.tun.GreFields;
import io.culvert.tun.GreSettings;
import io.culvert.tun.Offload;
import io.culvert.tun.PacketDevice;
import io.culvert.tun.TunDevice;
import io.culvert.tun.TunQueue;
import io.culvert.tun.TunSettings;
import io.culvert.upgrade.Poller;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;

import java.io.IOException;
import java.net.InetAddress;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * What a kernel's own GRE device is where there is one: a device of a host, {@value
 * Topology#DEVICE}, whose packets go through a tunnel to an on-ramp of type {@code gre} and come
 * back by it. Its MTU is the tunnel's when it is made.
 *
 * <p>One thread of its own.
 */
final class GreClient implements AutoCloseable {
    private static final int BUDGET = 64;

    private final GreEndpoint endpoint;
    private final TunDevice device;
    private final PacketDevice end;
    private final MultiThreadIoEventLoopGroup loop;

    private GreClient(GreEndpoint endpoint, TunDevice device) {
        this.endpoint = endpoint;
        this.device = device;
        end = endpoint.tunnel(0).end(endpoint.sender());
        loop =
                new MultiThreadIoEventLoopGroup(
                        1, new DefaultThreadFactory("gre", true), EpollIoHandler.newFactory());
        Poller poller = new Poller(loop.next(), Throwable::printStackTrace);
        TunQueue queue = device.queues().getFirst();
        poller.execute(
                () -> {
                    poller.watch(queue.descriptor(), Poller.IN, events -> toGateway(queue));
                    poller.watch(endpoint.descriptor(), Poller.IN, events -> fromGateway(queue));
                });
    }

    /**
     * Joins a host to an on-ramp; what it sends that has no other way goes there.
     *
     * @param here the host's outer address
     * @param gateway the on-ramp's
     * @param addresses of the device
     */
    static GreClient join(
            Host host,
            InetAddress here,
            InetAddress gateway,
            GreFields fields,
            LinkAddress... addresses)
            throws IOException {
        GreEndpoint endpoint =
                GreEndpoint.open(
                        host.namespace(),
                        new GreSettings(here, List.of(GreSettings.Peer.at(gateway, fields))),
                        System::nanoTime);
        try {
            TunDevice device =
                    TunDevice.open(
                            host.namespace(),
                            TunSettings.named(Topology.DEVICE)
                                    .withMtu(endpoint.tunnel(0).mtu())
                                    .withOffloads(Set.of(Offload.values()))
                                    .withAddresses(addresses));
            for (Family family : Family.values()) {
                host.defaultRoute(family, Topology.DEVICE);
            }
            return new GreClient(endpoint, device);
        } catch (IOException | RuntimeException e) {
            endpoint.close();
            throw e;
        }
    }

    private void toGateway(TunQueue queue) {
        // What does not fit is lost, as on any link.
        queue.receive(end::send, BUDGET);
        end.flush();
    }

    private void fromGateway(TunQueue queue) {
        endpoint.receive((_, packet) -> queue.send(packet), BUDGET);
        queue.flush();
    }

    @Override
    public void close() {
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
        device.close();
        endpoint.close();
    }
}
