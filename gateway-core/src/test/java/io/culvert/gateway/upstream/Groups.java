package io.culvert.gateway.upstream;

import io.culvert.wire.IpAddress;

import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.UnaryOperator;

/** Makes groups for tests, by a clock that stands still and chance that repeats. */
final class Groups {
    private final AtomicLong nanos = new AtomicLong(1_000_000_000L);
    private final Random random = new Random(42);

    /** What a test has otherwise than by default. */
    static final class Settings {
        private Balance balance = Balance.ROUND_ROBIN;
        private int requests = GroupSettings.DEFAULT_REQUESTS;
        private int connections = GroupSettings.DEFAULT_CONNECTIONS;
        private int panic = GroupSettings.DEFAULT_PANIC;
        private LinkSettings link = LinkSettings.PLAIN;
        private Optional<HealthSettings> health = Optional.empty();

        Settings balance(Balance balance) {
            this.balance = balance;
            return this;
        }

        Settings requests(int requests) {
            this.requests = requests;
            return this;
        }

        Settings connections(int connections) {
            this.connections = connections;
            return this;
        }

        Settings panic(int panic) {
            this.panic = panic;
            return this;
        }

        Settings link(LinkSettings link) {
            this.link = link;
            return this;
        }

        Settings health(HealthSettings health) {
            this.health = Optional.of(health);
            return this;
        }

        Settings proxy(ProxyProtocol version) {
            return link(
                    new LinkSettings(
                            Protocol.AUTO,
                            Optional.empty(),
                            Optional.of(version),
                            Optional.empty(),
                            false,
                            LinkSettings.DEFAULT_TIMEOUT));
        }

        GroupSettings of(List<ServerSettings> servers) {
            return new GroupSettings(
                    "api",
                    servers,
                    "",
                    false,
                    balance,
                    link,
                    health,
                    EjectionSettings.DEFAULT,
                    connections,
                    requests,
                    GroupSettings.DEFAULT_RETRIES,
                    GroupSettings.DEFAULT_RETRY_BUDGET,
                    panic);
        }
    }

    /** A group of {@code address:port}, with {@code *weight} behind where it is not 1. */
    Group of(String... servers) {
        return of(UnaryOperator.identity(), servers);
    }

    Group of(UnaryOperator<Settings> settings, String... servers) {
        Group group =
                new Group(
                        settings.apply(new Settings()).of(List.of()),
                        nanos::get,
                        bound -> random.nextInt(bound));
        become(group, settings, servers);
        return group;
    }

    void become(Group group, String... servers) {
        become(group, UnaryOperator.identity(), servers);
    }

    void become(Group group, UnaryOperator<Settings> settings, String... servers) {
        List<ServerSettings> all = new ArrayList<>();
        List<Group.Located> located = new ArrayList<>();
        for (String server : servers) {
            int star = server.indexOf('*');
            String text = star < 0 ? server : server.substring(0, star);
            int weight = star < 0 ? 1 : Integer.parseInt(server.substring(star + 1));
            int colon = text.lastIndexOf(':');
            String host = text.substring(0, colon).replace("[", "").replace("]", "");
            int port = Integer.parseInt(text.substring(colon + 1));
            ServerSettings one = new ServerSettings(host, port, weight);
            all.add(one);
            located.add(
                    new Group.Located(
                            one,
                            host,
                            List.of(
                                    new InetSocketAddress(
                                            IpAddress.parse(host).toInetAddress(), port))));
        }
        group.become(settings.apply(new Settings()).of(all), located);
    }

    void advance(Duration time) {
        nanos.addAndGet(time.toNanos());
    }

    static Map<String, Integer> counts(List<String> names) {
        TreeMap<String, Integer> counts = new TreeMap<>();
        names.forEach(name -> counts.merge(name, 1, Integer::sum));
        return counts;
    }
}
