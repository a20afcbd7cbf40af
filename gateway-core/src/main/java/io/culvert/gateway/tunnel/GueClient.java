package io.culvert.gateway.tunnel;

import io.culvert.tun.GueAdmission;
import io.culvert.tun.GueEndpoint;
import io.culvert.tun.GueHandler;
import io.culvert.tun.GueHeader;
import io.culvert.tun.GuePeer;
import io.culvert.tun.GueSettings;
import io.culvert.tun.NetworkNamespace;
import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;
import io.culvert.upgrade.Poller;
import io.culvert.wire.IpAddress;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;

/**
 * The other end of a GUE tunnel, for reference: joins a device of this host to a gateway's on-ramp
 * of type {@code gue}. Each packet that the device is given leaves in a UDP datagram, behind a GUE
 * header with the context, if there is one; what comes from the gateway's address is unwrapped.
 * Nothing is asked or answered, so whether the gateway is there shows in the packets alone.
 *
 * <p>Threading: one thread of its own; {@link #close} from any.
 */
public final class GueClient implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(GueClient.class);
    private static final int BUDGET = 64;

    /** As many as a call to the kernel brings. */
    private static final int DATAGRAMS = 1_024;

    /** How often the kernel is asked what it knows about the path. */
    private static final long PATH_MILLIS = 1_000;

    private final GueEndpoint<InetSocketAddress> endpoint;
    private final GuePeer<InetSocketAddress> gateway;
    private final byte[] context;
    private final MultiThreadIoEventLoopGroup loop;
    private final Poller poller;
    private PacketDevice device;
    private ShrunkPath shrunk;
    private boolean inTurn;
    private final GueHandler<InetSocketAddress> toDevice = this::toDevice;

    private GueClient(
            GueEndpoint<InetSocketAddress> endpoint,
            GuePeer<InetSocketAddress> gateway,
            byte[] context) {
        this.endpoint = endpoint;
        this.gateway = gateway;
        this.context = context;
        loop =
                new MultiThreadIoEventLoopGroup(
                        1, new DefaultThreadFactory("gue", true), EpollIoHandler.newFactory());
        poller = new Poller(loop.next(), GueClient::failed);
    }

    /**
     * Opens the tunnel, with no device at this end yet.
     *
     * @param namespace where the datagrams leave and come
     * @param listen where the gateway sends to: port 6080, unless it was told another
     * @param gateway where it listens
     * @param context see {@link TextContext}; empty where the gateway knows us by our address
     * @throws IOException with a sentence for the operator
     */
    public static GueClient open(
            NetworkNamespace namespace,
            InetSocketAddress listen,
            InetSocketAddress gateway,
            String context)
            throws IOException {
        byte[] text = context.getBytes(StandardCharsets.UTF_8);
        if (text.length > GueHeader.MOST_PRIVATE_DATA) {
            throw new IOException(
                    "the context has %d bytes, and a GUE header takes %d"
                            .formatted(text.length, GueHeader.MOST_PRIVATE_DATA));
        }
        IpAddress address = IpAddress.of(gateway.getAddress());
        GueSettings settings = GueSettings.listening(listen).withPeers(1).withPrivateData(true);
        GueEndpoint.ensureFree(namespace, settings);
        GueEndpoint<InetSocketAddress> endpoint =
                GueEndpoint.open(namespace, settings, only(address, gateway));
        GuePeer<InetSocketAddress> peer = endpoint.peer(address.high(), address.low());
        if (peer == null) {
            endpoint.close();
            throw new IOException(
                    "%s and %s are of different families of IP"
                            .formatted(
                                    listen.getAddress().getHostAddress(),
                                    gateway.getAddress().getHostAddress()));
        }
        return new GueClient(endpoint, peer, text);
    }

    private static GueAdmission<InetSocketAddress> only(
            IpAddress address, InetSocketAddress gateway) {
        return new GueAdmission<>() {
            @Override
            public InetSocketAddress owner(long high, long low) {
                return high == address.high() && low == address.low() ? gateway : null;
            }

            @Override
            public int port(InetSocketAddress owner) {
                return owner.getPort();
            }
        };
    }

    /** Bytes of the longest packet that goes through the tunnel now; ask before {@link #join}. */
    public int mtu() {
        return gateway.mtu(context.length);
    }

    /**
     * Lets packets flow; called once. Whoever sends one that is too long for the tunnel hears of
     * it.
     *
     * @param device stays the caller's, who closes it after {@link #leave} or {@link #close}
     */
    public void join(PacketDevice device) throws IOException {
        this.device = device;
        shrunk = new ShrunkPath(device, packet -> gateway.send(packet, context));
        CompletableFuture<Boolean> joined = new CompletableFuture<>();
        poller.execute(
                () -> {
                    try {
                        watch();
                        joined.complete(true);
                    } catch (UncheckedIOException e) {
                        joined.completeExceptionally(e);
                    }
                });
        try {
            joined.join();
        } catch (CompletionException e) {
            throw new IOException(e.getCause().getMessage(), e.getCause());
        }
    }

    private void watch() {
        poller.afterEach(
                () -> {
                    endpoint.flush();
                    device.flush();
                });
        poller.watch(device.descriptor(), Poller.IN, events -> toGateway());
        for (int listener : endpoint.listeners()) {
            poller.watch(listener, Poller.IN, events -> fromGateway());
        }
        List<Integer> senders = endpoint.senders();
        for (int sender : senders) {
            poller.watch(sender, Poller.IN, events -> fromSender(sender));
        }
        poller.every(PATH_MILLIS, () -> endpoint.refreshMtus(1));
    }

    private void toGateway() {
        device.receive(this::toGateway, BUDGET);
    }

    private void toGateway(Packet packet) {
        int mtu = mtu();
        if (ShrunkPath.longest(packet) > mtu) {
            shrunk.take(packet, mtu);
        } else {
            // What does not fit into the socket is lost, as on any link.
            gateway.send(packet, context);
        }
    }

    private void fromGateway() {
        again(endpoint.receive(toDevice, DATAGRAMS));
    }

    private void fromSender(int sender) {
        again(endpoint.receiveOnSender(sender, toDevice, DATAGRAMS));
    }

    /** One call to the kernel brings more than the budget, and no descriptor tells of the rest. */
    private void again(int looked) {
        if (looked == DATAGRAMS && !inTurn) {
            inTurn = true;
            poller.inTurn(this::rest);
        }
    }

    private void rest() {
        inTurn = false;
        fromGateway();
    }

    private void toDevice(GuePeer<InetSocketAddress> from, Packet packet, GueHeader header) {
        device.send(packet);
    }

    private static void failed(Throwable failure) {
        LOG.error("A packet of the tunnel could not be handled", failure);
    }

    /** No packet flows any more. */
    public void leave() {
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
    }

    @Override
    public void close() {
        leave();
        endpoint.close();
    }
}
