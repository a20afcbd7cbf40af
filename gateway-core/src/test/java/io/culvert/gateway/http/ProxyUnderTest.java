package io.culvert.gateway.http;

import io.culvert.gateway.tls.Tls;
import io.culvert.gateway.upstream.Choice;
import io.culvert.gateway.upstream.ClientFacts;
import io.culvert.gateway.upstream.Failure;
import io.culvert.gateway.upstream.Member;
import io.culvert.gateway.upstream.NotConnectedException;
import io.culvert.gateway.upstream.Pick;
import io.culvert.gateway.upstream.PickRequest;
import io.culvert.gateway.upstream.Protocol;
import io.culvert.gateway.upstream.Upstream;
import io.culvert.hook.Reason;
import io.netty.bootstrap.Bootstrap;
import io.netty.bootstrap.ServerBootstrap;
import io.netty.buffer.ByteBuf;
import io.netty.channel.Channel;
import io.netty.channel.ChannelFuture;
import io.netty.channel.ChannelHandlerContext;
import io.netty.channel.ChannelInboundHandlerAdapter;
import io.netty.channel.ChannelInitializer;
import io.netty.channel.ChannelOption;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollServerSocketChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;

/** A proxy on a port of the loopback interface, in front of one server. */
public final class ProxyUnderTest implements AutoCloseable {
    final List<Failure> failures = Collections.synchronizedList(new ArrayList<>());
    final List<String> exchanges = Collections.synchronizedList(new ArrayList<>());
    final AtomicInteger live = new AtomicInteger();
    final AtomicInteger accepted = new AtomicInteger();
    final AtomicInteger bytesRead = new AtomicInteger();
    final AtomicInteger serverBytesRead = new AtomicInteger();
    final HttpProxy proxy;
    private final MultiThreadIoEventLoopGroup loops;
    private final Channel listener;
    private final InetSocketAddress server;
    private final Upstream upstream;

    /** A permit for each connection that the server was asked for. */
    final Semaphore dials = new Semaphore(0);

    /** Such connections begin when this is complete. */
    volatile CompletableFuture<Void> gate = CompletableFuture.completedFuture(null);

    /** Who is asked about connections that come from now on. */
    volatile Optional<ExchangeHooks> hooks = Optional.empty();

    public ProxyUnderTest(HttpSettings settings, InetSocketAddress server) {
        this(settings, server, Protocol.HTTP1, 1, 0, System::nanoTime);
    }

    ProxyUnderTest(
            HttpSettings settings,
            InetSocketAddress server,
            Protocol protocol,
            int workers,
            int port,
            LongSupplier clock) {
        loops = new MultiThreadIoEventLoopGroup(workers, SteadyEpoll.newFactory());
        proxy =
                new HttpProxy(
                        settings,
                        this::connect,
                        one ->
                                exchanges.add(
                                        one.status()
                                                + " "
                                                + (one.reason() == null ? "" : one.reason())),
                        clock);
        this.server = server;
        upstream = new One(new Server(server, protocol));
        listener =
                new ServerBootstrap()
                        .group(loops)
                        .channel(EpollServerSocketChannel.class)
                        .option(ChannelOption.SO_BACKLOG, 4096)
                        .childOption(ChannelOption.AUTO_READ, false)
                        .childOption(ChannelOption.TCP_NODELAY, true)
                        .childHandler(
                                new ChannelInitializer<Channel>() {
                                    @Override
                                    protected void initChannel(Channel client) {
                                        accept(client);
                                    }
                                })
                        .bind(InetAddress.getLoopbackAddress(), port)
                        .syncUninterruptibly()
                        .channel();
    }

    private void accept(Channel client) {
        client.pipeline()
                .addLast(
                        new ChannelInboundHandlerAdapter() {
                            @Override
                            public void channelRead(ChannelHandlerContext ctx, Object message) {
                                int length = ((ByteBuf) message).readableBytes();
                                ctx.fireChannelRead(message);
                                bytesRead.addAndGet(length);
                            }
                        });
        ClientFacts facts =
                new ClientFacts(
                        "acme",
                        (InetSocketAddress) client.remoteAddress(),
                        server,
                        Optional.empty());
        proxy.accept(
                client,
                new HttpFlow(
                        "1",
                        facts,
                        Optional.empty(),
                        upstream,
                        Destinations.only(upstream),
                        hooks));
        accepted.incrementAndGet();
    }

    /** A socket whose datagrams are taken as one client's. */
    Channel datagrams(Tls tls) {
        Channel socket =
                new Bootstrap()
                        .group(loops)
                        .channel(EpollDatagramChannel.class)
                        .handler(new ChannelInboundHandlerAdapter())
                        .bind(InetAddress.getLoopbackAddress(), 0)
                        .syncUninterruptibly()
                        .channel();
        ClientFacts facts =
                new ClientFacts(
                        "acme",
                        (InetSocketAddress) socket.localAddress(),
                        server,
                        Optional.empty());
        HttpFlow flow =
                new HttpFlow(
                        "1", facts, Optional.empty(), upstream, Destinations.only(upstream), hooks);
        socket.eventLoop()
                .submit(() -> proxy.accept(socket, flow, tls.quic(), 1400))
                .syncUninterruptibly();
        return socket;
    }

    private Future<Channel> connect(EventLoop loop, Member member, ClientFacts facts) {
        Promise<Channel> result = loop.newPromise();
        CompletableFuture<Void> begun = gate;
        dials.release();
        if (begun.isDone()) {
            connect(loop, member, result);
        } else {
            var _ = begun.thenRunAsync(() -> connect(loop, member, result), loop);
        }
        return result;
    }

    private void connect(EventLoop loop, Member member, Promise<Channel> result) {
        ChannelFuture connecting =
                new Bootstrap()
                        .group(loop)
                        .channel(EpollSocketChannel.class)
                        .option(ChannelOption.AUTO_READ, false)
                        .option(ChannelOption.TCP_NODELAY, true)
                        .handler(
                                new ChannelInboundHandlerAdapter() {
                                    @Override
                                    public void channelRead(
                                            ChannelHandlerContext ctx, Object message) {
                                        serverBytesRead.addAndGet(
                                                ((ByteBuf) message).readableBytes());
                                        ctx.fireChannelRead(message);
                                    }
                                })
                        .connect(member.addresses().getFirst());
        connecting.addListener(
                done -> {
                    if (done.isSuccess()) {
                        result.trySuccess(connecting.channel());
                    } else {
                        result.tryFailure(
                                new NotConnectedException(
                                        Reason.DIAL_REFUSED,
                                        Failure.CONNECT,
                                        "refused",
                                        done.cause()));
                    }
                });
    }

    /**
     * Returns when every loop has looked for what has come by now, and done what there was to do.
     */
    void settle() {
        for (int turn = 0; turn < 2; turn++) {
            loops.forEach(loop -> loop.submit(() -> {}).syncUninterruptibly());
        }
    }

    int port() {
        return address().getPort();
    }

    /** The proxy itself. */
    public HttpProxy proxy() {
        return proxy;
    }

    public InetSocketAddress address() {
        return (InetSocketAddress) listener.localAddress();
    }

    @Override
    public void close() {
        listener.close().syncUninterruptibly();
        loops.shutdownGracefully(0, 5, TimeUnit.SECONDS).syncUninterruptibly();
    }

    private final class One implements Upstream {
        private final Member member;

        One(Member member) {
            this.member = member;
        }

        @Override
        public String name() {
            return "one";
        }

        @Override
        public Choice pick(PickRequest request) {
            if (request.retries() > 1) {
                return new Choice.Refused(Reason.UPSTREAM_RETRIES);
            }
            live.incrementAndGet();
            return new OnePick(member);
        }
    }

    private final class OnePick implements Pick {
        private final Member member;
        private boolean released;

        OnePick(Member member) {
            this.member = member;
        }

        @Override
        public Member member() {
            return member;
        }

        @Override
        public void succeeded(long firstByteNanos) {}

        @Override
        public void failed(Failure kind) {
            failures.add(kind);
        }

        @Override
        public void released() {
            if (!released) {
                released = true;
                live.decrementAndGet();
            }
        }
    }

    private record Server(InetSocketAddress address, Protocol protocol) implements Member {
        @Override
        public String name() {
            return address.toString();
        }

        @Override
        public String upstream() {
            return "one";
        }

        @Override
        public List<InetSocketAddress> addresses() {
            return List.of(address);
        }

        @Override
        public String authority() {
            return "server.test:80";
        }

        @Override
        public boolean isTls() {
            return false;
        }

        @Override
        public boolean isShared() {
            return true;
        }

        @Override
        public boolean isRetired() {
            return false;
        }
    }

    /** Run by hand, for load: PORT SERVER_PORT WORKERS [http2]. */
    public static void main(String[] arguments) throws InterruptedException {
        ProxyUnderTest proxy =
                new ProxyUnderTest(
                        HttpSettings.DEFAULT,
                        new InetSocketAddress(
                                InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[1])),
                        arguments.length > 3 ? Protocol.HTTP2 : Protocol.HTTP1,
                        Integer.parseInt(arguments[2]),
                        Integer.parseInt(arguments[0]),
                        System::nanoTime);
        Runtime.getRuntime()
                .addShutdownHook(
                        new Thread(
                                () ->
                                        System.out.printf(
                                                "dials %d reuses %d stale %d%n",
                                                proxy.proxy.pool().dials(),
                                                proxy.proxy.pool().reuses(),
                                                proxy.proxy.pool().stales())));
        System.out.println("ready");
        Thread.currentThread().join();
    }
}
