package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowListener;
import io.culvert.flow.PacketCounters;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SocketChannel;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;

/** What the rates of rules do to clients, and to nobody else. */
@Timeout(90)
class RateTest {
    private static final int MEGABYTE = 1_000_000;

    /** One tenant's connections have 400 kB a second together, and 400 kB at once. */
    private static final String LIMITED =
            """
            policy:
              default: upgrade
              rules:
                - { name: slow, tenant: acme, do: upgrade, rate: { per: tenant, bytes-per-second: 400kB } }
            """;

    private static Topology twoTenants() throws IOException {
        Topology topology = Topology.withoutGateway();
        try {
            Host unused = topology.addClient("client2");
            topology.start(topology.onRamps(1500, "acme", "umbrella") + LIMITED, FlowListener.NONE);
            topology.routeClients();
            return topology;
        } catch (IOException | RuntimeException e) {
            topology.close();
            throw e;
        }
    }

    private static Topology withRate(String rate) throws IOException {
        return Topology.open(
                "policy: { default: deny, rules: [ { name: limited, do: upgrade, rate: { %s } } ] }\n"
                        .formatted(rate));
    }

    private static long withheld(Topology topology, Reason reason) {
        return topology.gateway().counters().stream()
                .mapToLong((PacketCounters each) -> each.withheldCount(reason))
                .sum();
    }

    /** Milliseconds until it is done. */
    private static CompletableFuture<Long> done(long begunNanos, Callable<?> transfer) {
        CompletableFuture<Long> done = new CompletableFuture<>();
        Thread.ofVirtual()
                .start(
                        () -> {
                            try {
                                Object unused = transfer.call();
                                long nanos = System.nanoTime() - begunNanos;
                                done.complete(TimeUnit.NANOSECONDS.toMillis(nanos));
                            } catch (Exception | AssertionError e) {
                                done.completeExceptionally(e);
                            }
                        });
        return done;
    }

    /** Nothing is ever asked of the other tenant's packets. */
    private static void onlyFlowsOfTheOneTenantAreLimited(Topology topology) {
        assertEquals(
                List.of("acme true", "umbrella false"),
                topology.flows().stream()
                        .map(flow -> flow.tenant() + " " + (flow.throttle() != null))
                        .sorted()
                        .toList());
    }

    @ParameterizedTest
    @EnumSource
    void slowsTheDownloadsOfOneTenantAndNoOthers(Family family) throws Exception {
        Content content = new Content(1);
        try (Topology topology = twoTenants();
                TcpServer server =
                        TcpServer.on(
                                topology.server(), family, each -> content.send(each, MEGABYTE))) {
            long begun = System.nanoTime();
            try (SocketChannel slow = topology.client().connect(family, server.address());
                    SocketChannel quick =
                            topology.secondClient().connect(family, server.address())) {
                CompletableFuture<Long> limited =
                        done(
                                begun,
                                () -> {
                                    content.receiveAll(slow, MEGABYTE);
                                    return true;
                                });
                content.receive(quick, MEGABYTE);
                long taken = limited.get(60, TimeUnit.SECONDS);

                // What is beyond the first 400 kB takes 1.5 s.
                assertTrue(taken >= 1_400, () -> taken + " ms");
            }
            assertTrue(withheld(topology, Reason.RATE_BYTES) > 0);
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void slowsTheUploadsOfOneTenantAndNoOthers(Family family) throws Exception {
        Content content = new Content(2);
        try (Topology topology = twoTenants();
                TcpServer server =
                        TcpServer.on(
                                topology.server(),
                                family,
                                each -> {
                                    content.receive(each, MEGABYTE);
                                    each.write(ByteBuffer.allocate(1));
                                    // Until the client has closed.
                                    each.read(ByteBuffer.allocate(1));
                                })) {
            long begun = System.nanoTime();
            try (SocketChannel slow = topology.client().connect(family, server.address());
                    SocketChannel quick =
                            topology.secondClient().connect(family, server.address())) {
                CompletableFuture<Long> limited = done(begun, () -> upload(content, slow));
                assertEquals(1, upload(content, quick));
                long taken = limited.get(60, TimeUnit.SECONDS);

                assertTrue(taken >= 1_400, () -> taken + " ms");
                onlyFlowsOfTheOneTenantAreLimited(topology);
            }
            assertTrue(topology.dropped(Reason.RATE_BYTES) > 0);
            topology.everyPacketIsAccountedFor();
        }
    }

    private static int upload(Content content, SocketChannel to) throws IOException {
        content.send(to, MEGABYTE);
        return to.read(ByteBuffer.allocate(1));
    }

    @ParameterizedTest
    @EnumSource
    void withholdsDatagramsOfTargetsBeyondTheRate(Family family) throws Exception {
        try (Topology topology = withRate("per: source, bytes-per-second: 100kB");
                UdpEcho echo = UdpEcho.on(topology.server(), family, family.server());
                DatagramChannel client = topology.client().udp(family, null, 0)) {
            // Each way 1,000 bytes and some: of more than fifty at a time one way or the other has
            // too much, and a client that goes on sees both happen.
            Eventually.holds(
                    "drops both ways",
                    () -> {
                        client.send(ByteBuffer.allocate(1000), echo.address());
                        return withheld(topology, Reason.RATE_BYTES) > 0
                                && topology.dropped(Reason.RATE_BYTES) > 0;
                    });
            topology.everyPacketIsAccountedFor();
        }
    }

    /** The first SYN is not answered, and TCP sends another a second later. */
    @ParameterizedTest
    @EnumSource
    void letsAConnectionThatCameTooSoonInWhenItTriesAgain(Family family) throws Exception {
        try (Topology topology = withRate("per: source, flows-per-second: 1");
                TcpServer server =
                        TcpServer.on(
                                topology.server(), family, each -> new Content(3).send(each, 9))) {
            Eventually.holds(
                    "one that comes too soon",
                    () -> {
                        try (SocketChannel one =
                                topology.client().connect(family, server.address())) {
                            new Content(3).receiveAll(one, 9);
                        }
                        return topology.dropped(Reason.RATE_FLOWS_PER_SECOND) > 0;
                    });
            topology.everyPacketIsAccountedFor();
        }
    }

    @ParameterizedTest
    @EnumSource
    void answersAConnectionTooManyUntilOneHasEnded(Family family) throws Exception {
        try (Topology topology = withRate("per: tenant, flows: 1");
                TcpServer server =
                        TcpServer.on(
                                topology.server(),
                                family,
                                each -> each.read(ByteBuffer.allocate(1)))) {
            try (SocketChannel first = topology.client().connect(family, server.address())) {
                assertTrue(first.isConnected());
                assertThrows(
                        IOException.class,
                        () -> topology.client().connect(family, server.address()));
            }
            Eventually.holds(
                    "another connection",
                    () -> {
                        try (SocketChannel next =
                                topology.client().connect(family, server.address())) {
                            return next.isConnected();
                        } catch (IOException refused) {
                            return false;
                        }
                    });
            topology.everyPacketIsAccountedFor();
        }
    }
}
