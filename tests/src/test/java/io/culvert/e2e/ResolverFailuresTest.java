package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.culvert.flow.FlowListener;
import io.culvert.gateway.upstream.GroupStatus;
import io.culvert.wire.IpAddress;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.InetAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * An upstream by name, under load, while its name server is silent, fails, says that there is no
 * such name, or says other addresses. The one that knows is dnsmasq.
 */
@Timeout(240)
class ResolverFailuresTest {
    private static final int PORT = 8_080;
    private static final int DNS_PORT = 5_353;
    private static final int CLIENTS = 4;

    /** A dead server is asked again after half a minute. */
    private static final Duration PATIENCE = Duration.ofSeconds(60);

    /** RFC 1035 section 4.1.1. */
    private static final int SERVER_FAILURE = 2;

    private static final String SETTINGS =
            """
            http: { upstream-idle-timeout: 1s }
            upstreams:
              - { name: web, servers: ["web.internal:8080"], ejection: { failures: 0 } }
            resolver: { servers: "127.0.0.1:5353", ttl-min: 0s, timeout: 100ms }
            policy: { rules: [ { do: upgrade, handler: http, upstream: web } ] }
            """;

    @TempDir private Path directory;

    private CulvertProcess dnsmasq(Topology topology, InetAddress... addresses) throws Exception {
        List<String> arguments =
                new ArrayList<>(
                        List.of(
                                "--no-daemon",
                                "--conf-file=/dev/null",
                                "--port=" + DNS_PORT,
                                "--listen-address=127.0.0.1",
                                "--bind-interfaces",
                                "--no-resolv",
                                "--no-hosts",
                                "--user=root",
                                "--pid-file=" + directory.resolve("dnsmasq.pid"),
                                "--local=/internal/"));
        for (InetAddress address : addresses) {
            arguments.add("--address=/web.internal/" + address.getHostAddress());
        }
        return Tool.DNSMASQ.start(topology.gatewayHost(), arguments.toArray(String[]::new));
    }

    /** A name server that answers every question alike, or none. */
    private static final class Failing implements AutoCloseable {
        private final DatagramChannel channel;
        private final AtomicInteger asked = new AtomicInteger();
        private final Thread server;

        /**
         * @param code of each answer; negative for none
         */
        Failing(Topology topology, int code) throws IOException {
            channel =
                    topology.gatewayHost()
                            .udp(Family.IPV4, InetAddress.getLoopbackAddress(), DNS_PORT);
            server = Thread.ofVirtual().name("dns").start(() -> serve(code));
        }

        private void serve(int code) {
            ByteBuffer message = ByteBuffer.allocate(512);
            try {
                while (true) {
                    SocketAddress client = channel.receive(message.clear());
                    asked.incrementAndGet();
                    if (code >= 0) {
                        // The question comes back as an answer, with the code.
                        message.flip().putShort(2, (short) (0x8180 | code)).putShort(10, (short) 0);
                        message.limit(endOfQuestion(message));
                        channel.send(message, client);
                    }
                }
            } catch (IOException closed) {
                // The end of its time.
            }
        }

        private static int endOfQuestion(ByteBuffer message) {
            int at = 12;
            while (message.get(at) != 0) {
                at += message.get(at) + 1;
            }
            return at + 5;
        }

        /** Waits until it has been asked so often. */
        void isAsked(int times) throws Exception {
            Eventually.holds("asked", PATIENCE, () -> asked.get() >= times);
        }

        @Override
        public void close() throws IOException {
            channel.close();
            // The port is free once nobody waits on the channel any more.
            while (server.isAlive()) {
                Thread.onSpinWait();
            }
        }
    }

    private static List<String> members(Topology topology) {
        return topology.gateway().upstreams().status().getFirst().members().stream()
                .map(GroupStatus.MemberStatus::name)
                .sorted()
                .toList();
    }

    private static String member(InetAddress address) {
        String text = address.getHostAddress();
        return "web.internal:8080/" + (text.contains(":") ? IpAddress.of(address) : text);
    }

    private static Topology open() throws IOException {
        return Topology.open(SETTINGS, FlowListener.NONE);
    }

    private static HttpLoad load(Topology topology, Family family) throws Exception {
        HttpLoad load = HttpLoad.start(CLIENTS, topology.client(), family, family.server(PORT));
        load.goesOn(5);
        return load;
    }

    private static void has(Topology topology, InetAddress... addresses) throws Exception {
        Eventually.equal(
                Stream.of(addresses).map(ResolverFailuresTest::member).sorted().toList(),
                "servers",
                PATIENCE,
                () -> members(topology));
    }

    /** RFC 8767: what was known is asked about again only every half minute. */
    @Tag("abuse")
    @ParameterizedTest
    @EnumSource
    void whileNobodyKnowsTheServersStayAsTheyAre(Family family) throws Exception {
        InetAddress address = family.server();
        try (Topology topology = open();
                HttpMember _ = HttpMember.on(topology.server(), address, PORT);
                Footing footing = Footing.of(topology)) {
            CulvertProcess dnsmasq = dnsmasq(topology, address);
            has(topology, address);
            try (HttpLoad load = load(topology, family)) {
                dnsmasq.close();
                try (Failing silent = new Failing(topology, -1)) {
                    silent.isAsked(4);
                    load.goesOn(5);
                }
                try (Failing failing = new Failing(topology, SERVER_FAILURE)) {
                    failing.isAsked(4);
                    load.goesOn(5);
                }
                has(topology, address);
                dnsmasq = dnsmasq(topology, address, family.secondServer());
                try (HttpMember other =
                        HttpMember.on(topology.server(), family.secondServer(), PORT)) {
                    has(topology, address, family.secondServer());
                    Eventually.holds("requests come to it", () -> other.requests() > 0);
                    Map<String, Long> _ = load.end();
                }
                load.came(Set.of("GET 200", "POST 200"));
            }
            dnsmasq.close();
            footing.isAsBefore();
        }
    }

    @ParameterizedTest
    @EnumSource
    void requestsFollowWhatIsSaid(Family family) throws Exception {
        InetAddress first = family.server();
        InetAddress second = family.secondServer();
        try (Topology topology = open();
                HttpMember one = HttpMember.on(topology.server(), first, PORT);
                HttpMember other = HttpMember.on(topology.server(), second, PORT);
                Footing footing = Footing.of(topology)) {
            CulvertProcess dnsmasq = dnsmasq(topology, first);
            has(topology, first);
            try (HttpLoad load = load(topology, family)) {
                assertEquals(0, other.requests());
                dnsmasq.close();
                dnsmasq = dnsmasq(topology, second);
                has(topology, second);
                // What the first had got by then it answers; after that it gets nothing.
                load.goesOn(2);
                long before = one.requests();
                load.goesOn(20);
                assertEquals(before, one.requests());
                load.came(Set.of("GET 200", "POST 200"));

                dnsmasq.close();
                dnsmasq = dnsmasq(topology);
                Eventually.holds(
                        "nobody is there",
                        PATIENCE,
                        () -> load.count("GET 502 UPSTREAM_UNRESOLVED") > 3);
                load.awaits("POST 502 UPSTREAM_UNRESOLVED", 3);
                has(topology);

                dnsmasq.close();
                dnsmasq = dnsmasq(topology, first, second);
                has(topology, first, second);
                load.isWellAgain(10);
                Map<String, Long> _ = load.end();
                load.came(
                        Set.of(
                                "GET 200",
                                "POST 200",
                                "GET 502 UPSTREAM_UNRESOLVED",
                                "POST 502 UPSTREAM_UNRESOLVED"));
            }
            dnsmasq.close();
            footing.isAsBefore();
        }
    }
}
