package io.culvert.gateway.upstream.dns;

import io.culvert.wire.IpAddress;
import io.netty.channel.EventLoop;
import io.netty.channel.epoll.EpollDatagramChannel;
import io.netty.channel.epoll.EpollSocketChannel;
import io.netty.handler.codec.dns.DnsRecordType;
import io.netty.resolver.HostsFileEntriesProvider;
import io.netty.resolver.dns.DnsNameResolver;
import io.netty.resolver.dns.DnsNameResolverBuilder;
import io.netty.resolver.dns.DnsNameResolverChannelStrategy;
import io.netty.resolver.dns.DnsServerAddresses;
import io.netty.resolver.dns.NoopDnsCache;
import io.netty.resolver.dns.NoopDnsCnameCache;
import io.netty.util.concurrent.Future;
import io.netty.util.concurrent.Promise;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.LongSupplier;

/**
 * Asks name servers and keeps what they say.
 *
 * <p><b>Theory of operation.</b> A name is looked for in the host's own table (hosts(5)), then
 * among what is kept, then at the servers, IPv4 and IPv6 at once; who asks for what is being asked
 * for waits for the same answer. A server that is silent or cannot answer has the next one asked;
 * where none can, what was known until a day ago is good for another while, and nobody asks for the
 * name until it is over ({@link FailedNames}). A tenant with servers of its own sees nothing of the
 * host's: neither its table nor its search domains.
 *
 * <p>Threading: any thread asks; the loop does the work.
 */
public final class StubResolver implements Resolver, AutoCloseable {
    private static final Path HOSTS = Path.of("/etc/hosts");

    /** DNS flag day 2020: what passes every path without fragments. */
    private static final int LARGEST_DATAGRAM = 1232;

    private final EventLoop loop;
    private final NameCache cache;
    private final FailedNames failed;
    private final ServerOrder order;
    private final FileReader<ResolvConf> resolvConf;
    private final FileReader<HostsFileEntriesProvider> hosts;
    private final Map<NameCache.Key, Future<NameAnswer>> underWay = new HashMap<>();
    private DnsNameResolver sockets;
    private volatile ResolverSettings settings;

    /** One for this host. */
    public StubResolver(EventLoop loop, ResolverSettings settings, LongSupplier clock) {
        this(loop, settings, clock, ResolvConf.FILE, HOSTS);
    }

    /** One whose host's files are elsewhere. */
    StubResolver(
            EventLoop loop,
            ResolverSettings settings,
            LongSupplier clock,
            Path resolvConf,
            Path hosts) {
        this.loop = loop;
        this.settings = settings;
        this.cache = new NameCache(settings, clock);
        this.failed = new FailedNames(clock);
        this.order = new ServerOrder(clock);
        this.resolvConf = new FileReader<>(resolvConf, ResolvConf::read);
        this.hosts =
                new FileReader<>(
                        hosts,
                        file ->
                                HostsFileEntriesProvider.parser()
                                        .parseSilently(file.toFile(), StandardCharsets.UTF_8));
    }

    /** From now on these apply; what is under way goes on as it began. */
    public void become(ResolverSettings next) {
        cache.become(next);
        settings = next;
        if (loop.inEventLoop()) {
            renew();
        } else {
            loop.execute(this::renew);
        }
    }

    private void renew() {
        closeSockets();
        failed.forget();
    }

    @Override
    public Future<NameAnswer> resolve(String tenant, String host) {
        Promise<NameAnswer> result = loop.newPromise();
        Optional<InetAddress> address = literal(host);
        if (address.isPresent()) {
            return result.setSuccess(
                    NameAnswer.found(List.of(address.get()), Duration.ofDays(365)));
        }
        if (loop.inEventLoop()) {
            begin(tenant, Answers.canonical(host), host.endsWith("."), result);
        } else {
            loop.execute(() -> begin(tenant, Answers.canonical(host), host.endsWith("."), result));
        }
        return result;
    }

    /** Names and types that are kept. */
    public int cached() {
        return cache.size();
    }

    private static Optional<InetAddress> literal(String host) {
        // Nothing that begins otherwise is one, and exceptions are slow.
        if (host.isEmpty() || (host.indexOf(':') < 0 && !Character.isDigit(host.charAt(0)))) {
            return Optional.empty();
        }
        try {
            return Optional.of(IpAddress.parse(host).toInetAddress());
        } catch (IllegalArgumentException name) {
            return Optional.empty();
        }
    }

    private void begin(String tenant, String name, boolean whole, Promise<NameAnswer> result) {
        boolean own = settings.tenants().containsKey(tenant);
        List<InetAddress> table = own ? List.of() : fromTable(name);
        if (!table.isEmpty()) {
            result.setSuccess(NameAnswer.found(table, settings.most()));
            return;
        }
        boolean hostsServers = !own && settings.servers().isEmpty();
        ResolvConf conf = hostsServers ? resolvConf.get() : ResolvConf.NONE;
        List<InetSocketAddress> servers =
                own
                        ? settings.tenants().get(tenant)
                        : hostsServers ? conf.servers() : settings.servers();
        next(
                own ? tenant : "",
                servers,
                conf.candidates(whole ? name + "." : name).iterator(),
                null,
                result);
    }

    private List<InetAddress> fromTable(String name) {
        HostsFileEntriesProvider entries = hosts.get();
        List<InetAddress> all = new ArrayList<>();
        all.addAll(entries.ipv6Entries().getOrDefault(name, List.of()));
        all.addAll(entries.ipv4Entries().getOrDefault(name, List.of()));
        return all;
    }

    /** Looks for one candidate after another; the first that is found, or fails, decides. */
    private void next(
            String tenant,
            List<InetSocketAddress> servers,
            Iterator<String> candidates,
            NameAnswer last,
            Promise<NameAnswer> result) {
        if (!candidates.hasNext()) {
            result.setSuccess(last);
            return;
        }
        String name = candidates.next();
        Future<NameAnswer> ipv6 = family(tenant, servers, name, true);
        Future<NameAnswer> ipv4 = family(tenant, servers, name, false);
        ipv6.addListener(
                _ ->
                        ipv4.addListener(
                                _ -> {
                                    NameAnswer both = both(ipv6.getNow(), ipv4.getNow());
                                    if (both.kind() == NameAnswer.Kind.ABSENT) {
                                        next(tenant, servers, candidates, both, result);
                                    } else {
                                        result.setSuccess(both);
                                    }
                                }));
    }

    private static NameAnswer both(NameAnswer ipv6, NameAnswer ipv4) {
        if (ipv6.isFound() && ipv4.isFound()) {
            List<InetAddress> all = new ArrayList<>(ipv6.addresses());
            all.addAll(ipv4.addresses());
            return NameAnswer.found(all, min(ipv6.lifetime(), ipv4.lifetime()));
        }
        if (ipv6.isFound() || ipv4.isFound()) {
            // That there are none of the other family may be looked at again with the others.
            return ipv6.isFound() ? ipv6 : ipv4;
        }
        if (ipv6.kind() == NameAnswer.Kind.FAILED || ipv4.kind() == NameAnswer.Kind.FAILED) {
            return ipv4.kind() == NameAnswer.Kind.FAILED ? ipv4 : ipv6;
        }
        return ipv4.lasting(min(ipv6.lifetime(), ipv4.lifetime()));
    }

    private Future<NameAnswer> family(
            String tenant, List<InetSocketAddress> servers, String name, boolean ipv6) {
        NameCache.Key key = new NameCache.Key(tenant, name, ipv6);
        Optional<NameAnswer> kept = cache.get(key);
        if (kept.isPresent()) {
            return loop.newSucceededFuture(kept.get());
        }
        Optional<NameAnswer> failure = failed.get(key);
        if (failure.isPresent()) {
            return loop.newSucceededFuture(knownBefore(key, failure.get()));
        }
        Future<NameAnswer> same = underWay.get(key);
        if (same != null) {
            return same;
        }
        Promise<NameAnswer> result = loop.newPromise();
        underWay.put(key, result);
        ResolverSettings at = settings;
        Query.ask(
                        loop,
                        sockets(),
                        order,
                        servers,
                        name,
                        ipv6 ? DnsRecordType.AAAA : DnsRecordType.A)
                .addListener(
                        (Future<NameAnswer> done) -> {
                            underWay.remove(key);
                            // Other servers may be asked by now.
                            result.setSuccess(
                                    settings.equals(at) ? kept(key, done.getNow()) : done.getNow());
                        });
        return result;
    }

    private NameAnswer kept(NameCache.Key key, NameAnswer answer) {
        if (answer.kind() == NameAnswer.Kind.FAILED) {
            return knownBefore(key, failed.failed(key, answer));
        }
        failed.answered(key);
        return cache.put(key, answer);
    }

    /** What was known of a name that cannot be asked for, for as long as it is not. */
    private NameAnswer knownBefore(NameCache.Key key, NameAnswer failure) {
        return cache.stale(key, failure.lifetime()).orElse(failure);
    }

    private DnsNameResolver sockets() {
        if (sockets == null) {
            sockets =
                    new DnsNameResolverBuilder(loop)
                            .datagramChannelType(EpollDatagramChannel.class)
                            // Where an answer is cut, it is asked for again by TCP.
                            .socketChannelType(EpollSocketChannel.class)
                            // RFC 5452 section 4.5: a port of its own for each question.
                            .datagramChannelStrategy(
                                    DnsNameResolverChannelStrategy.ChannelPerResolution)
                            .queryTimeoutMillis(settings.timeout().toMillis())
                            .maxPayloadSize(LARGEST_DATAGRAM)
                            .recursionDesired(true)
                            .resolveCache(NoopDnsCache.INSTANCE)
                            .cnameCache(NoopDnsCnameCache.INSTANCE)
                            // Not used: each question names its server.
                            .nameServerProvider(
                                    _ ->
                                            DnsServerAddresses.singleton(
                                                    new InetSocketAddress(
                                                            InetAddress.getLoopbackAddress(),
                                                            ResolvConf.DNS_PORT))
                                                    .stream())
                            .build();
        }
        return sockets;
    }

    private void closeSockets() {
        if (sockets != null) {
            DnsNameResolver old = sockets;
            sockets = null;
            // Questions that are under way end by their own time-out; each has its own socket.
            old.close();
        }
    }

    @Override
    public void close() {
        if (!loop.isShuttingDown()) {
            loop.execute(this::closeSockets);
        }
    }

    private static Duration min(Duration one, Duration other) {
        return one.compareTo(other) < 0 ? one : other;
    }
}
