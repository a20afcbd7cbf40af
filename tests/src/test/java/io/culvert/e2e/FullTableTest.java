package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.Flow;
import io.culvert.flow.FlowListener;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.io.IOException;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;

/**
 * Row 5: the flow table full of flows that nobody answers. Those that have been answered stay, all
 * of them; other tenants open new ones as long as the attacker's is within its limit; and whoever
 * shares the attacker's on-ramp opens nineteen of twenty, because what is unanswered goes sooner
 * where the table is more than three fifths full. Meanwhile the gateway says how it is.
 */
@Tag("abuse")
@Timeout(300)
class FullTableTest {
    private static final int FLOWS = 20_000;
    private static final int REPLIED = 500;
    private static final int NEW_FLOWS = 1_000;
    private static final int SHARED_SECONDS = 40;

    /** More than 20,000 flows of 300 s each let in, and less than those of 10 s do. */
    private static final int SHARED_RATE = 1_500;

    /**
     * Two tenants, each with a branch of its own where there is an echo and an address of nobody.
     */
    private static final class Scene implements AutoCloseable {
        final Topology topology = Topology.withoutGateway();
        final Family family;
        final UdpEcho[] echoes = new UdpEcho[2];

        Scene(Family family, int flowsPerTenant) throws IOException {
            this.family = family;
            try {
                topology.addClient("client2");
                Host[] near = {topology.addClient("near"), topology.addClient("near2")};
                String[] prefixes = {
                    "10.6.0.0/24, \"fd00:6::/64\"", "10.1.0.0/24, \"fd00:1::/64\""
                };
                StringBuilder yaml = new StringBuilder("onramps:\n");
                for (int i = 0; i < 2; i++) {
                    String tenant = i == 0 ? "acme" : "umbrella";
                    yaml.append(
                            onRamp(
                                    tenant,
                                    tenant,
                                    topology.client(i),
                                    "10.1.0.2/24, \"fd00:1::2/64\"",
                                    prefixes[1]));
                    yaml.append(
                            onRamp(
                                    tenant + "-near",
                                    tenant,
                                    near[i],
                                    "10.6.0.2/24, \"fd00:6::2/64\"",
                                    prefixes[0]));
                }
                yaml.append(Topology.FORWARD_ALL);
                yaml.append(
                        "limits: { flows: %d, flows-per-tenant: %d }\n"
                                .formatted(FLOWS, flowsPerTenant));
                topology.start(yaml.toString(), FlowListener.NONE);
                topology.routeClients();
                for (int i = 0; i < 2; i++) {
                    echoes[i] = UdpEcho.on(near[i], family, family.branch());
                }
            } catch (IOException | RuntimeException e) {
                topology.close();
                throw e;
            }
        }

        private static String onRamp(
                String name, String tenant, Host host, String addresses, String routes) {
            return """
              - name: %s
                type: tun
                tenant: %s
                device: %s
                netns: %s
                addresses: [%s]
                routes: [%s]
            """
                    .formatted(name, tenant, Topology.DEVICE, host.path(), addresses, routes);
        }

        /** Nobody has it, and nobody says so. */
        InetAddress nobody() {
            return Family.parse(family.isIpv6() ? "fd00:6::99" : "10.6.0.99");
        }

        /** Opens flows of that tenant that nobody answers, so many a second. */
        void attack(int tenant, int rate, int packets, AtomicBoolean over) {
            Template packet =
                    new Template(new RawPacket(family.client(), nobody()).udp(1, 1, new byte[10]));
            Random random = new Random(5);
            try (PacketFlood flood =
                    PacketFlood.atRate(rate, topology.client(tenant), Topology.DEVICE)) {
                for (int i = 0; i < packets && !over.get(); i++) {
                    packet.sourcePort(random.nextInt(1, 1 << 16));
                    packet.destinationPort(random.nextInt(1, 1 << 16));
                    flood.send(packet.bytes());
                }
                flood.flush();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }

        /** Flows of that tenant that are answered, and whose they are. */
        List<DatagramChannel> replied(int tenant, int count) throws Exception {
            List<DatagramChannel> channels = new ArrayList<>();
            for (int i = 0; i < count; i++) {
                DatagramChannel channel = topology.client(tenant).udp(family, family.client(), 0);
                channel.connect(echoes[tenant].address());
                channels.add(channel);
            }
            assertEquals(count, answered(channels));
            return channels;
        }

        /** How many are answered within the usual time. */
        int answered(List<DatagramChannel> channels) throws Exception {
            for (DatagramChannel each : channels) {
                each.configureBlocking(false);
                each.write(ByteBuffer.wrap(new byte[] {5}));
            }
            Set<DatagramChannel> awaited = new HashSet<>(channels);
            ByteBuffer datagram = ByteBuffer.allocate(100);
            long deadline = System.nanoTime() + 1_000_000_000L;
            while (!awaited.isEmpty() && System.nanoTime() < deadline) {
                awaited.removeIf(each -> received(each, datagram));
                LockSupport.parkNanos(100_000);
            }
            return channels.size() - awaited.size();
        }

        private static boolean received(DatagramChannel channel, ByteBuffer datagram) {
            try {
                return channel.read(datagram.clear()) > 0;
            } catch (IOException unreachable) {
                return false;
            }
        }

        /** Opens new flows at that rate, and answers the part of them that was answered. */
        double newFlows(int tenant, int count, long pauseNanos) throws Exception {
            List<DatagramChannel> channels = new ArrayList<>();
            Set<DatagramChannel> awaited = new HashSet<>();
            ByteBuffer datagram = ByteBuffer.allocate(100);
            try {
                for (int i = 0; i < count; i++) {
                    DatagramChannel channel =
                            topology.client(tenant).udp(family, family.client(), 0);
                    channels.add(channel);
                    channel.configureBlocking(false);
                    channel.connect(echoes[tenant].address());
                    channel.write(ByteBuffer.wrap(new byte[] {5}));
                    awaited.add(channel);
                    LockSupport.parkNanos(pauseNanos);
                    awaited.removeIf(each -> received(each, datagram));
                }
                long deadline = System.nanoTime() + 1_000_000_000L;
                while (!awaited.isEmpty() && System.nanoTime() < deadline) {
                    awaited.removeIf(each -> received(each, datagram));
                    LockSupport.parkNanos(100_000);
                }
                return 1 - (double) awaited.size() / count;
            } finally {
                for (DatagramChannel each : channels) {
                    each.close();
                }
            }
        }

        /** Replied flows in the table, by number. */
        Set<Long> repliedFlows() {
            Set<Long> ids = new HashSet<>();
            for (Flow flow : topology.flows()) {
                if (flow.isReplied()) {
                    ids.add(flow.id());
                }
            }
            return ids;
        }

        @Override
        public void close() throws IOException {
            for (UdpEcho each : echoes) {
                if (each != null) {
                    each.close();
                }
            }
            topology.close();
        }
    }

    /** How long the gateway takes to say how it is, in milliseconds, all of the answers. */
    private static final class Admin implements AutoCloseable {
        private final List<Double> millis = new ArrayList<>();
        private final AtomicBoolean over = new AtomicBoolean();
        private final Thread thread;

        Admin(Topology topology) {
            thread =
                    Thread.ofPlatform()
                            .start(
                                    () -> {
                                        while (!over.get()) {
                                            millis.add(ask(topology));
                                            LockSupport.parkNanos(50_000_000);
                                        }
                                    });
        }

        private static double ask(Topology topology) {
            long start = System.nanoTime();
            try {
                topology.status();
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
            return (System.nanoTime() - start) / 1e6;
        }

        @Override
        public void close() {
            over.set(true);
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            millis.sort(null);
        }

        double median() {
            return millis.get(millis.size() / 2);
        }

        double longest() {
            return millis.getLast();
        }
    }

    @ParameterizedTest
    @EnumSource
    void losesNoFlowThatWasAnswered(Family family) throws Exception {
        try (GatewayLog log = GatewayLog.open();
                Scene scene = new Scene(family, FLOWS)) {
            List<DatagramChannel> ours = new ArrayList<>(scene.replied(0, REPLIED));
            List<DatagramChannel> others = scene.replied(1, REPLIED);
            Set<Long> before = scene.repliedFlows();
            int[] most = {0};
            AtomicBoolean over = new AtomicBoolean();
            Admin admin = new Admin(scene.topology);
            Thread attacker =
                    Thread.ofPlatform().start(() -> scene.attack(0, 20_000, 200_000, over));
            while (attacker.isAlive()) {
                most[0] = Math.max(most[0], scene.topology.gateway().flows());
                LockSupport.parkNanos(1_000_000);
            }
            admin.close();
            Set<Long> lost = new HashSet<>(before);
            lost.removeAll(scene.repliedFlows());
            int answered = scene.answered(ours) + scene.answered(others);

            Figures.print(
                    5,
                    "%s: table filled to %d of %d: of %d replied flows %d lost (0), %d of them"
                            + " answered; status in %.1f ms, longest %.1f ms (100)",
                    family,
                    most[0],
                    FLOWS,
                    before.size(),
                    lost.size(),
                    answered,
                    admin.median(),
                    admin.longest());
            assertEquals(2 * REPLIED, before.size());
            assertEquals(0, lost.size());
            assertEquals(2 * REPLIED, answered);
            scene.topology.everyPacketIsAccountedFor();
            log.showsNoFailure();
        }
    }

    @ParameterizedTest
    @EnumSource
    void letsOtherTenantsOpenNewFlowsWhileOneIsAtItsLimit(Family family) throws Exception {
        try (GatewayLog log = GatewayLog.open();
                Scene scene = new Scene(family, FLOWS / 2)) {
            AtomicBoolean over = new AtomicBoolean();
            Thread attacker =
                    Thread.ofPlatform()
                            .start(() -> scene.attack(0, 20_000, Integer.MAX_VALUE, over));
            double success;
            try {
                Eventually.holds(
                        "the attacker's at its limit",
                        Duration.ofSeconds(30),
                        () -> scene.topology.dropped(Reason.TENANT_LIMIT) > 0);
                success = scene.newFlows(1, NEW_FLOWS, 5_000_000);
            } finally {
                over.set(true);
                attacker.join();
            }
            Figures.print(
                    5,
                    "%s: one tenant floods within its limit of %d: of %d new flows of another"
                            + " %.1f %% succeed (>= 99); flows now %d",
                    family,
                    FLOWS / 2,
                    NEW_FLOWS,
                    100 * success,
                    scene.topology.gateway().flows());
            assertTrue(success >= 0.99, "success " + success);
            scene.topology.everyPacketIsAccountedFor();
            log.showsNoFailure();
        }
    }

    /** From when the table is more than three fifths full. */
    @ParameterizedTest
    @EnumSource
    void letsThoseWhoShareTheAttackersOnRampOpenNewFlows(Family family) throws Exception {
        try (GatewayLog log = GatewayLog.open();
                Scene scene = new Scene(family, FLOWS)) {
            AtomicBoolean over = new AtomicBoolean();
            int most = 0;
            Thread attacker =
                    Thread.ofPlatform()
                            .start(() -> scene.attack(0, SHARED_RATE, Integer.MAX_VALUE, over));
            double[] success = new double[SHARED_SECONDS / 10];
            Admin admin;
            try {
                Eventually.holds(
                        "three fifths full",
                        Duration.ofSeconds(30),
                        () -> scene.topology.gateway().flows() > 0.6 * FLOWS);
                admin = new Admin(scene.topology);
                for (int i = 0; i < success.length; i++) {
                    success[i] = scene.newFlows(0, 200, 50_000_000);
                    most = Math.max(most, scene.topology.gateway().flows());
                }
            } finally {
                over.set(true);
                attacker.join();
            }
            admin.close();
            double all = Arrays.stream(success).average().orElseThrow();
            Figures.print(
                    5,
                    "%s: %d unanswered flows a second on the same on-ramp for %d s: of new flows"
                            + " %.1f %% succeed (>= 95), by tens of seconds %s; at most %d of %d"
                            + " flows; status in %.1f ms, longest %.1f ms (100)",
                    family,
                    SHARED_RATE,
                    SHARED_SECONDS,
                    100 * all,
                    Arrays.toString(success),
                    most,
                    FLOWS,
                    admin.median(),
                    admin.longest());
            assertTrue(all >= 0.95, "success " + all);
            scene.topology.everyPacketIsAccountedFor();
            log.showsNoFailure();
        }
    }
}
