package io.culvert.gateway.upstream;

import io.culvert.gateway.tls.ClientTls;
import io.culvert.gateway.tls.ClientTlsSettings;
import io.culvert.gateway.upstream.dns.Resolver;
import io.culvert.gateway.upstream.dns.ResolverSettings;
import io.culvert.gateway.upstream.dns.StubResolver;
import io.netty.channel.EventLoop;
import io.netty.channel.MultiThreadIoEventLoopGroup;
import io.netty.channel.epoll.EpollIoHandler;
import io.netty.util.concurrent.DefaultThreadFactory;
import io.netty.util.concurrent.Future;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongSupplier;
import java.util.function.Predicate;

/**
 * Every upstream of a gateway: the groups of its configuration, and the targets of flows. Names are
 * resolved and servers are checked on a thread of its own.
 *
 * <p>Threading: any thread asks; one at a time changes the configuration, and no worker.
 */
public final class Upstreams implements AutoCloseable {
    private final TlsSource tls;
    private final LongSupplier clock;
    private final Predicate<InetAddress> reachable;
    private final MultiThreadIoEventLoopGroup loops =
            new MultiThreadIoEventLoopGroup(
                    1, new DefaultThreadFactory("upstreams", true), EpollIoHandler.newFactory());
    private final EventLoop loop = loops.next();
    private final Map<String, GroupKeeper> keepers = new ConcurrentHashMap<>();
    private final Map<ClientTlsSettings, ClientTls> contexts = new ConcurrentHashMap<>();
    private final Targets targets = new Targets();
    private final ServerConnector connector = new ServerConnector(this::tls);
    private final StubResolver resolver;
    private ResolverSettings resolverSettings = ResolverSettings.DEFAULT;

    /** Where TLS towards servers comes from. */
    @FunctionalInterface
    public interface TlsSource {
        ClientTls of(ClientTlsSettings settings) throws IOException;
    }

    /**
     * How a flow's target is spoken to through TLS.
     *
     * @param name that the client asked for
     */
    public record TlsTarget(String name, ClientTlsSettings settings) {}

    /** Groups that can be put in force, and are not yet. */
    public interface Prepared {
        /** They count from now on. */
        void commit();
    }

    /** Without any group yet. */
    public Upstreams(TlsSource tls) {
        this(tls, System::nanoTime, HostReach::of);
    }

    Upstreams(TlsSource tls, LongSupplier clock, Predicate<InetAddress> reachable) {
        this.tls = tls;
        this.clock = clock;
        this.reachable = reachable;
        resolver = new StubResolver(loop, resolverSettings, clock);
    }

    /** The group of that name. */
    public Optional<Upstream> group(String name) {
        return Optional.ofNullable(keepers.get(name)).map(GroupKeeper::group);
    }

    /** The target of a flow. */
    public Upstream target(InetSocketAddress address, Optional<TlsTarget> tls) {
        tls.ifPresent(one -> contexts.computeIfAbsent(one.settings(), this::made));
        return targets.of(address, tls);
    }

    public Connector connector() {
        return connector;
    }

    public Resolver resolver() {
        return resolver;
    }

    /** Every group, by name. */
    public List<GroupStatus> status() {
        long now = clock.getAsLong();
        return keepers.values().stream()
                .map(keeper -> GroupStatus.of(keeper.group(), keeper.problem(), now))
                .sorted(Comparator.comparing(GroupStatus::name))
                .toList();
    }

    /**
     * Makes everything that may fail of a configuration.
     *
     * @throws IOException with a sentence for the operator; what is in force is as before
     */
    public Prepared prepare(List<GroupSettings> groups, ResolverSettings names) throws IOException {
        for (GroupSettings group : groups) {
            if (group.link().tls().isPresent()) {
                ClientTlsSettings settings = group.link().tls().get();
                contexts.put(settings, tls.of(settings));
            }
        }
        List<GroupSettings> all = new ArrayList<>(groups);
        return () -> onLoop(() -> become(all, names));
    }

    private void onLoop(Runnable task) {
        Future<?> done = loop.submit(task).awaitUninterruptibly();
        if (!done.isSuccess()) {
            throw new IllegalStateException(done.cause());
        }
    }

    /** On the loop. */
    private void become(List<GroupSettings> groups, ResolverSettings names) {
        boolean others = !names.equals(resolverSettings);
        if (others) {
            resolverSettings = names;
            resolver.become(names);
        }
        Set<String> gone = new HashSet<>(keepers.keySet());
        for (GroupSettings settings : groups) {
            gone.remove(settings.name());
            GroupKeeper keeper = keepers.get(settings.name());
            if (keeper == null) {
                keeper =
                        new GroupKeeper(
                                new Group(settings, clock), loop, resolver, connector, reachable);
                keeper.become(settings);
                keepers.put(settings.name(), keeper);
            } else {
                keeper.become(settings);
                if (others) {
                    keeper.askAgain();
                }
            }
        }
        gone.forEach(name -> keepers.remove(name).stop());
    }

    private ClientTls tls(ServerMember member) {
        return contexts.computeIfAbsent(member.link().tls().orElseThrow(), this::made);
    }

    private ClientTls made(ClientTlsSettings settings) {
        try {
            return tls.of(settings);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Asks and checks nothing any more; connections go on. */
    @Override
    public void close() {
        if (loops.isShuttingDown()) {
            return;
        }
        onLoop(() -> keepers.values().forEach(GroupKeeper::stop));
        resolver.close();
        loops.shutdownGracefully(0, 1, TimeUnit.SECONDS).awaitUninterruptibly(2, TimeUnit.SECONDS);
    }
}
