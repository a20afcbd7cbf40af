package io.culvert.gateway.tunnel;

import io.culvert.linux.Errno;
import io.culvert.linux.Fd;
import io.culvert.linux.NativeMemory;
import io.culvert.linux.SocketAddressBuffer;
import io.culvert.linux.Sockets;
import io.culvert.linux.Syscall;
import io.culvert.tun.Packet;
import io.culvert.tun.PacketDevice;
import io.culvert.tun.SeqpacketTunnel;
import io.culvert.upgrade.Poller;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/**
 * The other end of a tunnel, for reference: joins a device of this host to a gateway's on-ramp of
 * type {@code seqpacket}. All there is to the protocol is in {@link #connect}: a connection, the
 * context in one message, and then one IP packet in each message, both ways. What the gateway sends
 * that is no IP packet is a refusal, a line of text.
 *
 * <p>Threading: one thread of its own; {@link #close} from any.
 */
public final class TunnelClient implements AutoCloseable {
    private static final Logger LOG = LoggerFactory.getLogger(TunnelClient.class);
    private static final int BUDGET = 64;

    /** The first half-byte of an IP packet is its version, and of text it is none of these. */
    private static final int IPV4 = 4;

    private static final int IPV6 = 6;

    private final PacketDevice device;
    private final Fd socket;
    private final SeqpacketTunnel.End end;
    private final MultiThreadIoEventLoopGroup loop;
    private final CompletableFuture<String> over = new CompletableFuture<>();

    // Of the loop's thread.
    private Poller.Watch deviceWatch;
    private Poller.Watch socketWatch;
    private boolean waiting;

    private TunnelClient(PacketDevice device, Fd socket, SeqpacketTunnel tunnel) {
        this.device = device;
        this.socket = socket;
        end = tunnel.patientEnd(new SeqpacketTunnel.Buffers());
        loop =
                new MultiThreadIoEventLoopGroup(
                        1, new DefaultThreadFactory("tunnel", true), EpollIoHandler.newFactory());
        Poller poller = new Poller(loop.next(), TunnelClient::failed);
        poller.execute(
                () -> {
                    deviceWatch =
                            poller.watch(device.descriptor(), Poller.IN, events -> toGateway());
                    socketWatch = poller.watch(socket.number(), Poller.IN, this::socketReady);
                });
    }

    /**
     * Connects a device to an on-ramp.
     *
     * @param path of the on-ramp's socket
     * @param context what the tunnel says of itself, see {@link TextContext}
     * @param device stays the caller's
     * @throws IOException with a sentence: nobody listens there, or may be connected to
     */
    public static TunnelClient connect(Path path, String context, PacketDevice device)
            throws IOException {
        SocketAddressBuffer address = new SocketAddressBuffer().setUnix(path);
        Fd socket = Sockets.seqpacket();
        int result = Syscall.connect(socket.number(), address.address(), address.length());
        if (result == 0) {
            byte[] text = context.getBytes(StandardCharsets.UTF_8);
            ByteBuffer bytes = NativeMemory.allocate(Math.max(1, text.length)).put(0, text);
            result =
                    Syscall.send(
                            socket.number(),
                            NativeMemory.address(bytes),
                            text.length,
                            Syscall.MSG_NOSIGNAL);
        }
        if (result < 0) {
            socket.close();
            throw new IOException("cannot connect to " + path + ": " + Errno.of(-result));
        }
        SeqpacketTunnel tunnel = new SeqpacketTunnel(device.mtu());
        tunnel.connect(socket.number());
        return new TunnelClient(device, socket, tunnel);
    }

    /** Completes when the gateway has gone, with what it said before, which may be nothing. */
    public CompletableFuture<String> over() {
        return over.copy();
    }

    private void toGateway() {
        int left = BUDGET;
        while (left > 0 && !end.isBlocked() && device.receive(end::send, 1) > 0) {
            left--;
        }
        end.flush();
        if (end.isBlocked()) {
            // The device's queue holds what comes meanwhile, and its senders learn from it when
            // that is full.
            waitForRoom(true);
        }
    }

    private void waitForRoom(boolean wait) {
        waiting = wait;
        deviceWatch.events(wait ? Poller.ERROR : Poller.IN);
        socketWatch.events(wait ? Poller.IN | Poller.OUT : Poller.IN);
    }

    private void socketReady(int events) {
        if (waiting) {
            end.flush();
            if (!end.isBlocked()) {
                waitForRoom(false);
            }
        }
        fromGateway();
    }

    private void fromGateway() {
        end.receive(
                packet -> {
                    int first =
                            packet.length() == 0 ? 0 : packet.bytes().get(Packet.OFFSET) >> 4 & 0xf;
                    if (first == IPV4 || first == IPV6) {
                        device.send(packet);
                    } else {
                        byte[] text = new byte[packet.length()];
                        packet.bytes().get(Packet.OFFSET, text);
                        over.complete(new String(text, StandardCharsets.UTF_8).strip());
                    }
                },
                BUDGET);
        device.flush();
        if (end.isOver()) {
            socketWatch.cancel();
            deviceWatch.cancel();
            over.complete("");
        }
    }

    private static void failed(Throwable failure) {
        LOG.error("A packet of the tunnel could not be handled", failure);
    }

    @Override
    public void close() {
        loop.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
        socket.close();
        over.complete("");
    }
}
