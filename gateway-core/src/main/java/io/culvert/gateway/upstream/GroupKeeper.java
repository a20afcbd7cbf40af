package io.culvert.gateway.upstream;

import io.culvert.gateway.upstream.dns.NameAnswer;
import io.culvert.gateway.upstream.dns.Resolver;
import io.culvert.wire.IpAddress;
import io.netty.channel.EventLoop;
import io.netty.util.concurrent.Future;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/**
 * Keeps a group's servers as the names say that they are: asks again when an answer is no longer
 * good, adds what is new and takes away what is gone. While no name server answers, what was known
 * stays.
 *
 * <p>Threading: one event loop; {@link #problem} from any.
 */
final class GroupKeeper {
    private static final Logger LOG = LoggerFactory.getLogger(GroupKeeper.class);

    /** However short a name server says. */
    private static final Duration LEAST = Duration.ofMillis(500);

    /** Where the name is not there yet. */
    private static final Duration AGAIN = Duration.ofSeconds(2);

    private final Group group;
    private final EventLoop loop;
    private final Resolver resolver;
    private final Checkups checkups;
    private final Predicate<InetAddress> reachable;
    private final Map<ServerSettings, Named> named = new ConcurrentHashMap<>();
    private GroupSettings settings;
    private boolean over;

    /**
     * Makes it; {@link #become} begins.
     *
     * @param reachable whether the host has a route there
     */
    GroupKeeper(
            Group group,
            EventLoop loop,
            Resolver resolver,
            ServerConnector connector,
            Predicate<InetAddress> reachable) {
        this.group = group;
        this.loop = loop;
        this.resolver = resolver;
        this.checkups = new Checkups(group, loop, connector);
        this.reachable = reachable;
        settings = group.settings();
    }

    Group group() {
        return group;
    }

    /** From now on the group is like that. */
    void become(GroupSettings next) {
        boolean elsewhere = !next.tenant().equals(settings.tenant());
        settings = next;
        named.entrySet()
                .removeIf(
                        entry -> {
                            boolean gone = elsewhere || !next.servers().contains(entry.getKey());
                            if (gone) {
                                entry.getValue().stop();
                            }
                            return gone;
                        });
        for (ServerSettings server : next.servers()) {
            if (literal(server).isEmpty() && !named.containsKey(server)) {
                Named name = new Named(server);
                named.put(server, name);
                name.ask();
            }
        }
        gather();
    }

    /** Name servers may say otherwise now. */
    void askAgain() {
        named.values().forEach(Named::askNow);
    }

    /** The group is gone. */
    void stop() {
        over = true;
        named.values().forEach(Named::stop);
        checkups.become(List.of(), null);
        group.become(settings, List.of());
    }

    /** What is wrong with names, for a person; empty where nothing is. */
    String problem() {
        return named.values().stream()
                .map(one -> one.problem)
                .filter(one -> !one.isEmpty())
                .findFirst()
                .orElse("");
    }

    private static Optional<InetAddress> literal(ServerSettings server) {
        try {
            return Optional.of(IpAddress.parse(server.host()).toInetAddress());
        } catch (IllegalArgumentException name) {
            return Optional.empty();
        }
    }

    private void gather() {
        List<Group.Located> servers = new ArrayList<>();
        for (ServerSettings server : settings.servers()) {
            Optional<InetAddress> literal = literal(server);
            if (literal.isPresent()) {
                servers.add(located(server, List.of(literal.get())));
            } else {
                servers.addAll(located(server));
            }
        }
        group.become(settings, servers);
        checkups.become(group.members(), settings.health().orElse(null));
    }

    private List<Group.Located> located(ServerSettings server) {
        List<InetAddress> addresses = named.get(server).addresses;
        if (addresses.isEmpty()) {
            return List.of();
        }
        if (settings.oneServer()) {
            List<InetSocketAddress> all =
                    addresses.stream()
                            .map(one -> new InetSocketAddress(one, server.port()))
                            .toList();
            return List.of(new Group.Located(server, "", all));
        }
        return addresses.stream().map(one -> located(server, List.of(one))).toList();
    }

    private static Group.Located located(ServerSettings server, List<InetAddress> one) {
        InetAddress address = one.getFirst();
        return new Group.Located(
                server,
                IpAddress.of(address).toString(),
                List.of(new InetSocketAddress(address, server.port())));
    }

    /** A server that is given by its name. */
    private final class Named {
        private final ServerSettings server;
        private List<InetAddress> addresses = List.of();
        private volatile String problem = "";
        private Future<?> next;
        private boolean asking;
        private boolean stopped;

        Named(ServerSettings server) {
            this.server = server;
        }

        void stop() {
            stopped = true;
            if (next != null) {
                next.cancel(false);
            }
        }

        void askNow() {
            if (next != null && next.cancel(false)) {
                ask();
            }
        }

        void ask() {
            if (asking) {
                return;
            }
            asking = true;
            resolver.resolve(settings.tenant(), server.host())
                    .addListener((Future<NameAnswer> done) -> answered(done.getNow()));
        }

        private void answered(NameAnswer answer) {
            asking = false;
            if (stopped || over) {
                return;
            }
            say(answer);
            Duration wait =
                    answer.kind() == NameAnswer.Kind.ABSENT ? AGAIN : max(LEAST, answer.lifetime());
            next = loop.schedule(this::ask, wait.toNanos(), TimeUnit.NANOSECONDS);
            if (answer.kind() == NameAnswer.Kind.FAILED) {
                return;
            }
            List<InetAddress> usable = answer.addresses().stream().filter(reachable).toList();
            // Where none can be reached, connecting will say so.
            List<InetAddress> now = usable.isEmpty() ? answer.addresses() : usable;
            if (!now.equals(addresses)) {
                addresses = now;
                gather();
            }
        }

        private void say(NameAnswer answer) {
            if (!answer.problem().equals(problem)) {
                problem = answer.problem();
                if (problem.isEmpty()) {
                    LOG.info("Upstream {}: {} is known again", group.name(), server.host());
                } else {
                    LOG.warn(
                            "Upstream {}: {}{}",
                            group.name(),
                            problem,
                            answer.kind() == NameAnswer.Kind.FAILED
                                    ? "; what was known stays"
                                    : "");
                }
            }
        }
    }

    private static Duration max(Duration one, Duration other) {
        return one.compareTo(other) > 0 ? one : other;
    }
}
