package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowListener;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Row 2: a hundred tenants with one five-tuple. Every datagram says whose it is; the server sees
 * each of its peers' to be one tenant's, and each tenant gets back its own. How the same is when a
 * slot is used again is {@code abuse.RecycledSlotTest}'s; restarts without loss are not there yet.
 */
@Tag("abuse")
@Timeout(600)
class TenantLeakageTest {
    private static final int TENANTS = 100;
    private static final int CLIENT_PORT = 5_000;
    private static final int PAYLOAD = 32;

    /** Datagrams under way, of all tenants: a server's socket holds not many more. */
    private static final int UNDER_WAY = 128;

    private final AtomicLong wrong = new AtomicLong();
    private final AtomicLong echoed = new AtomicLong();
    private final AtomicLong returned = new AtomicLong();
    private final Map<SocketAddress, Integer> owners = new ConcurrentHashMap<>();
    private long lost;

    @ParameterizedTest
    @CsvSource({"IPV4,true,20000", "IPV6,true,10000", "IPV4,false,10000", "IPV6,false,10000"})
    void bringsNothingToTheWrongTenant(Family family, boolean translated, int packetsOfEach)
            throws Exception {
        String[] tenants = new String[TENANTS];
        Arrays.setAll(tenants, i -> "tenant" + i);
        try (GatewayLog log = GatewayLog.open();
                Topology topology = Topology.withoutGateway();
                Selector selector = Selector.open()) {
            for (int i = 1; i < TENANTS; i++) {
                topology.addClient("client" + (i + 1));
            }
            topology.routeOffRamp();
            topology.start(
                    topology.onRamps(1500, tenants)
                            + (translated
                                    ? Topology.offRamp("") + Topology.FORWARD_ALL
                                    : Topology.UPGRADE_ALL),
                    FlowListener.NONE);
            topology.routeClients();
            List<DatagramChannel> clients = new ArrayList<>();
            try (DatagramChannel server = topology.server().udp(family, family.server(), 0)) {
                server.setOption(StandardSocketOptions.SO_RCVBUF, 8 * 1024 * 1024);
                Thread.ofPlatform().daemon().start(() -> echo(server));
                InetSocketAddress to = (InetSocketAddress) server.getLocalAddress();
                for (int i = 0; i < TENANTS; i++) {
                    DatagramChannel client =
                            topology.client(i).udp(family, family.client(), CLIENT_PORT);
                    clients.add(client);
                    client.configureBlocking(false);
                    client.connect(to);
                    client.register(selector, SelectionKey.OP_READ, i);
                }
                Thread.ofPlatform().daemon().start(() -> receive(selector));
                flood(topology, family, to.getPort(), packetsOfEach);
                long all = (long) TENANTS * packetsOfEach;
                // Nothing more comes, or everything has.
                Eventually.atRest(java.time.Duration.ofMillis(500), returned::get);

                Figures.print(
                        2,
                        "%s, %s: %d tenants with one five-tuple, %d exchanges of each: %d at the"
                                + " server, %d back, to the wrong tenant %d (0); %s",
                        family,
                        translated ? "translated" : "upgraded",
                        TENANTS,
                        packetsOfEach,
                        echoed.get(),
                        returned.get(),
                        wrong.get(),
                        topology.status().dropped());
                assertEquals(0, wrong.get());
                assertEquals(TENANTS, owners.size());
                assertEquals(TENANTS, Set.copyOf(owners.values()).size());
                assertTrue(echoed.get() >= 0.95 * all, echoed + " of " + all);
                assertTrue(returned.get() >= 0.9 * all, returned + " of " + all);
                topology.everyPacketIsAccountedFor();
                log.showsNoFailure();
            } finally {
                for (DatagramChannel each : clients) {
                    each.close();
                }
            }
        }
    }

    private void flood(Topology topology, Family family, int port, int packetsOfEach)
            throws Exception {
        byte[] packet =
                new RawPacket(family.client(), family.server())
                        .udp(CLIENT_PORT, port, new byte[PAYLOAD]);
        List<PacketFlood> floods = new ArrayList<>();
        List<Template> packets = new ArrayList<>();
        try {
            for (int i = 0; i < TENANTS; i++) {
                floods.add(PacketFlood.atRate(1_000_000, topology.client(i), Topology.DEVICE));
                Template template = new Template(packet);
                packets.add(template.setInt(template.header() + 8, i));
            }
            long sent = 0;
            for (int i = 0; i < packetsOfEach; i += PacketFlood.BATCH) {
                for (int tenant = 0; tenant < TENANTS; tenant++) {
                    Template template = packets.get(tenant);
                    PacketFlood flood = floods.get(tenant);
                    for (int j = i; j < Math.min(packetsOfEach, i + PacketFlood.BATCH); j++) {
                        flood.send(template.setInt(template.header() + 12, j).bytes());
                        sent++;
                    }
                    flood.flush();
                    keepBack(sent);
                }
            }
        } finally {
            floods.forEach(PacketFlood::close);
        }
    }

    /** What is lost on the way is lost: it is not waited for for ever. */
    private void keepBack(long sent) throws InterruptedException {
        long last = -1;
        long since = System.nanoTime();
        while (sent - lost - returned.get() > UNDER_WAY) {
            Thread.sleep(0, 100_000);
            long now = returned.get();
            if (now != last) {
                last = now;
                since = System.nanoTime();
            } else if (System.nanoTime() - since > 50_000_000) {
                lost = sent - now;
            }
        }
    }

    private void echo(DatagramChannel server) {
        ByteBuffer datagram = ByteBuffer.allocateDirect(2_000);
        Map<SocketAddress, Integer> known = new HashMap<>();
        try {
            while (true) {
                SocketAddress from = server.receive(datagram.clear());
                datagram.flip();
                int tenant = datagram.getInt(0);
                Integer owner = known.putIfAbsent(from, tenant);
                if (owner == null) {
                    owners.put(from, tenant);
                } else if (owner != tenant) {
                    wrong.incrementAndGet();
                }
                echoed.incrementAndGet();
                server.send(datagram, from);
            }
        } catch (IOException closed) {
            // The end of the test.
        }
    }

    private void receive(Selector selector) {
        ByteBuffer datagram = ByteBuffer.allocateDirect(2_000);
        try {
            while (selector.isOpen()) {
                selector.select(
                        key -> {
                            try {
                                DatagramChannel channel = (DatagramChannel) key.channel();
                                while (channel.read(datagram.clear()) > 0) {
                                    if (datagram.getInt(0) != (Integer) key.attachment()) {
                                        wrong.incrementAndGet();
                                    }
                                    returned.incrementAndGet();
                                }
                            } catch (IOException closed) {
                                key.cancel();
                            }
                        });
            }
        } catch (IOException | java.nio.channels.ClosedSelectorException closed) {
            // The end of the test.
        }
    }
}
