package io.culvert.gateway.upstream;

import io.culvert.gateway.tls.ClientTls;
import io.culvert.hook.Reason;
import io.netty.bootstrap.Bootstrap;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelFutureListener;
import io.netty.channel.ChannelHandler.Sharable;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelOption;
import io.netty.channel.ConnectTimeoutException;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollChannelOption;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.ssl.SslHandler;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;

/**
 * Connects to servers as their groups say: at whichever address answers first, from the address
 * that is wanted, with the PROXY protocol's header before TLS and TLS before everything else.
 */
final class ServerConnector implements Connector {
    private final Function<ServerMember, ClientTls> tls;

    /**
     * @param tls of a server whose settings have it
     */
    ServerConnector(Function<ServerMember, ClientTls> tls) {
        this.tls = tls;
    }

    @Override
    public Future<Channel> connect(EventLoop loop, Member member, ClientFacts facts) {
        return connect(loop, member, member.protocol(), Optional.of(facts));
    }

    @Override
    public Future<Channel> connectHttp1(EventLoop loop, Member member, ClientFacts facts) {
        return connect(loop, member, Protocol.HTTP1, Optional.of(facts));
    }

    /** Connects for the gateway itself. */
    Future<Channel> check(EventLoop loop, ServerMember member) {
        return connect(loop, member, member.protocol(), Optional.empty());
    }

    private Future<Channel> connect(
            EventLoop loop, Member member, Protocol protocol, Optional<ClientFacts> facts) {
        ServerMember server = member instanceof ServerMember own ? own : null;
        LinkSettings link = server == null ? LinkSettings.PLAIN : server.link();
        Promise<Channel> result = loop.newPromise();
        // A check counts for nothing: a server at its limit is as well as it was.
        boolean counted = server != null && facts.isPresent();
        if (counted && !server.connect()) {
            return result.setFailure(
                    new NotConnectedException(
                            Reason.UPSTREAM_LIMIT,
                            null,
                            member.name() + " has as many connections as it may",
                            null));
        }
        Optional<InetAddress> source = source(link, facts);
        long begun = System.nanoTime();
        Future<Channel> connecting =
                HappyEyeballs.connect(
                        loop,
                        fitting(member.addresses(), source),
                        address -> attempt(loop, address, source, link));
        if (counted) {
            // Once: when the connection ends, or when none came about.
            connecting.addListener(
                    (Future<Channel> done) -> {
                        if (done.isSuccess()) {
                            done.getNow().closeFuture().addListener(_ -> server.disconnect());
                        } else {
                            server.disconnect();
                        }
                    });
        }
        Future<?> alarm =
                loop.schedule(
                        () -> result.tryFailure(timeout(member, connecting, link)),
                        link.timeout().toNanos(),
                        TimeUnit.NANOSECONDS);
        result.addListener(
                (Future<Channel> done) -> {
                    alarm.cancel(false);
                    if (!done.isSuccess()) {
                        end(connecting);
                    }
                });
        connecting.addListener(
                (Future<Channel> done) -> {
                    if (done.isSuccess()) {
                        new ConnectTimes(System.nanoTime() - begun, -1).note(done.getNow());
                        begin(done.getNow(), member, protocol, facts, result);
                    } else if (!done.isCancelled()) {
                        result.tryFailure(failure(member, done.cause()));
                    }
                });
        return result;
    }

    private static void end(Future<Channel> connecting) {
        if (connecting.isSuccess()) {
            ChannelFuture unused = connecting.getNow().close();
        } else {
            connecting.cancel(false);
        }
    }

    private static Optional<InetAddress> source(LinkSettings link, Optional<ClientFacts> facts) {
        Optional<InetAddress> client =
                facts.filter(_ -> link.clientSource()).map(one -> one.client().getAddress());
        return facts.flatMap(ClientFacts::source).or(() -> client).or(link::source);
    }

    /** Those of the source's family; all where none is, so that the kernel's error tells. */
    private static List<InetSocketAddress> fitting(
            List<InetSocketAddress> addresses, Optional<InetAddress> source) {
        List<InetSocketAddress> fitting =
                source.map(
                                from ->
                                        addresses.stream()
                                                .filter(
                                                        to ->
                                                                to.getAddress()
                                                                        .getClass()
                                                                        .equals(from.getClass()))
                                                .toList())
                        .orElse(addresses);
        return fitting.isEmpty() ? addresses : fitting;
    }

    private static ChannelFuture attempt(
            EventLoop loop,
            InetSocketAddress address,
            Optional<InetAddress> source,
            LinkSettings link) {
        Bootstrap bootstrap =
                new Bootstrap()
                        .group(loop)
                        .channel(EpollSocketChannel.class)
                        .option(ChannelOption.AUTO_READ, false)
                        .option(ChannelOption.TCP_NODELAY, true)
                        .option(
                                ChannelOption.CONNECT_TIMEOUT_MILLIS,
                                Math.toIntExact(link.timeout().toMillis()))
                        .handler(Silence.INSTANCE);
        if (source.isEmpty()) {
            return bootstrap.connect(address);
        }
        if (link.clientSource()) {
            // ip(7): binds to an address that the host has not; takes CAP_NET_ADMIN.
            bootstrap.option(EpollChannelOption.IP_TRANSPARENT, true);
        }
        // ip(7): the port is chosen by connect(2), so that one may serve several destinations.
        bootstrap.option(EpollChannelOption.IP_BIND_ADDRESS_NO_PORT, true);
        return bootstrap.connect(address, new InetSocketAddress(source.get(), 0));
    }

    private void begin(
            Channel channel,
            Member member,
            Protocol protocol,
            Optional<ClientFacts> facts,
            Promise<Channel> result) {
        if (result.isDone()) {
            ChannelFuture unused = channel.close();
            return;
        }
        if (!(member instanceof ServerMember server)) {
            finish(channel, result);
            return;
        }
        server.link()
                .proxyProtocol()
                .map(
                        version ->
                                facts.map(one -> ProxyHeader.of(version, one, channel.alloc()))
                                        .orElseGet(
                                                () -> ProxyHeader.local(version, channel.alloc())))
                .ifPresent(
                        header ->
                                channel.writeAndFlush(header)
                                        .addListener(ChannelFutureListener.CLOSE_ON_FAILURE));
        if (server.isTls()) {
            handshake(channel, server, protocol, result);
        } else {
            finish(channel, result);
        }
    }

    private void handshake(
            Channel channel, ServerMember server, Protocol protocol, Promise<Channel> result) {
        String authority = server.authority();
        int colon = authority.lastIndexOf(':');
        String host = authority.substring(0, colon).replace("[", "").replace("]", "");
        int port = Integer.parseInt(authority.substring(colon + 1));
        SslHandler handler;
        try {
            handler = tls.apply(server).newHandler(channel.alloc(), host, port, protocol.alpn());
        } catch (RuntimeException e) {
            result.tryFailure(tlsFailure(server, e));
            ChannelFuture unused = channel.close();
            return;
        }
        long begun = System.nanoTime();
        channel.pipeline().addFirst(handler);
        handler.handshakeFuture()
                .addListener(
                        (Future<Channel> done) -> {
                            if (done.isSuccess()) {
                                new ConnectTimes(
                                                ConnectTimes.of(channel).dialNanos(),
                                                System.nanoTime() - begun)
                                        .note(channel);
                                finish(channel, result);
                            } else {
                                result.tryFailure(tlsFailure(server, done.cause()));
                                ChannelFuture unused = channel.close();
                            }
                        });
    }

    private static void finish(Channel channel, Promise<Channel> result) {
        channel.pipeline().remove(Silence.INSTANCE);
        if (!result.trySuccess(channel)) {
            ChannelFuture unused = channel.close();
        }
    }

    /** Keeps from the log what the result tells; goes before the connection is handed over. */
    @Sharable
    private static final class Silence extends ChannelInboundHandlerAdapter {
        static final Silence INSTANCE = new Silence();

        @Override
        public void exceptionCaught(ChannelHandlerContext context, Throwable cause) {
            ChannelFuture unused = context.close();
        }
    }

    private static NotConnectedException tlsFailure(Member member, Throwable cause) {
        return new NotConnectedException(
                Reason.UPSTREAM_TLS,
                Failure.TLS,
                "TLS with " + member.name() + " failed: " + cause.getMessage(),
                cause);
    }

    private static NotConnectedException timeout(
            Member member, Future<Channel> connecting, LinkSettings link) {
        boolean tls = connecting.isSuccess();
        return new NotConnectedException(
                tls ? Reason.UPSTREAM_TLS : Reason.DIAL_TIMEOUT,
                tls ? Failure.TLS : Failure.CONNECT,
                "%s did not %s within %d ms"
                        .formatted(
                                member.name(),
                                tls ? "finish the TLS handshake" : "answer the connect",
                                link.timeout().toMillis()),
                null);
    }

    private static NotConnectedException failure(Member member, Throwable cause) {
        Reason reason = reason(cause);
        boolean ours = reason == Reason.PORTS_EXHAUSTED || reason == Reason.DESCRIPTORS_EXHAUSTED;
        return new NotConnectedException(
                reason,
                ours ? null : Failure.CONNECT,
                "cannot connect to " + member.name() + ": " + cause.getMessage(),
                cause);
    }

    private static Reason reason(Throwable cause) {
        String message = String.valueOf(cause.getMessage());
        if (cause instanceof ConnectTimeoutException) {
            return Reason.DIAL_TIMEOUT;
        }
        // Netty makes these of errno, and has strerror(3)'s words alone to tell them apart.
        return message.contains("refused")
                ? Reason.DIAL_REFUSED
                : message.contains("Cannot assign requested address")
                        ? Reason.PORTS_EXHAUSTED
                        : message.contains("Too many open files")
                                ? Reason.DESCRIPTORS_EXHAUSTED
                                : Reason.DIAL_UNREACHABLE;
    }
}
