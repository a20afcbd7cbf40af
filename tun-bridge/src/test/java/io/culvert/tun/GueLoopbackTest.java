package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import static java.util.Collections.nCopies;

import com.sun.management.ThreadMXBean;

import io.culvert.tun.PacketDevice.Sent;

import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/** Endpoints that speak to each other over the loopback device of a namespace. */
@Timeout(60)
class GueLoopbackTest {
    private static final int OTHER_PORT = 6_081;
    private static final int BATCH = 256;
    private static final int WARM_UP = 200_000;
    private static final int PACKETS = 400_000;

    /** For what a compiler at the side may take: a tenth of a byte for each packet. */
    private static final long TOLERATED = PACKETS / 10;

    private final Packet packet = new Packet();
    private NetworkNamespace namespace;
    private long received;
    private long bytes;
    private final GueHandler<Integer> count =
            (_, inner, _) -> {
                received += inner.packets();
                // Each of those joined had its own headers.
                bytes += inner.length() + (inner.packets() - 1L) * inner.headerLength();
            };

    @BeforeEach
    void makeTheNamespace() throws IOException {
        namespace = NetworkNamespace.anonymous("gue");
    }

    @AfterEach
    void leaveTheNamespace() {
        namespace.close();
    }

    @ParameterizedTest(name = "IPv6 {0}, payload {1}, flows {2}")
    @CsvSource({
        "false, 18, 1",
        "true, 18, 1",
        "false, 18, 256",
        "true, 18, 256",
        "false, 1400, 1",
        "true, 1400, 1"
    })
    void carriesPacketsWithoutAllocating(boolean ipv6, int payload, int flows) throws IOException {
        try (GueEndpoint<Integer> one = open(GueHeader.PORT, OTHER_PORT);
                GueEndpoint<Integer> other = open(OTHER_PORT, GueHeader.PORT)) {
            GuePeer<Integer> peer = one.peer(0, ipv6 ? 1 : 0xffff_7f00_0001L);
            Packet[] datagrams = datagrams(ipv6, payload, flows);
            carry(peer, other, datagrams, WARM_UP);

            long before = allocated();
            long start = System.nanoTime();
            carry(peer, other, datagrams, PACKETS);
            long nanos = System.nanoTime() - start;
            long allocated = allocated() - before;

            System.out.printf(
                    "IPv6 %s, payload %d, flows %d: %.0f packets/s%n",
                    ipv6, payload, flows, PACKETS * 1e9 / nanos);
            assertEquals(WARM_UP + PACKETS, received);
            assertEquals(received * ((ipv6 ? 48 : 28) + payload), bytes);
            assertEquals(received, other.count(GueOutcome.PACKET));
            assertEquals(0, peer.lost());
            assertTrue(allocated <= TOLERATED, () -> allocated + " bytes were allocated");
        }
    }

    @Test
    void speaksBothFamiliesAtOnce() throws IOException {
        try (GueEndpoint<Integer> one = open(GueHeader.PORT, OTHER_PORT);
                GueEndpoint<Integer> other = open(OTHER_PORT, GueHeader.PORT)) {
            assertEquals(2, other.listeners().length);
            assertEquals(2 * 17, other.senders().size());
            for (int i = 0; i < 10; i++) {
                for (GuePeer<Integer> peer :
                        List.of(one.peer(0, 1), one.peer(0, 0xffff_7f00_0001L))) {
                    assertEquals(Sent.TAKEN, peer.send(datagram(i % 2 == 0, i, 10)));
                }
            }
            one.flush();
            List<Long> from = new ArrayList<>();
            while (from.size() < 20 && !Thread.currentThread().isInterrupted()) {
                other.receive(
                        (peer, inner, _) -> from.addAll(nCopies(inner.packets(), peer.low())), 3);
            }
            assertEquals(Set.of(1L, 0xffff_7f00_0001L), Set.copyOf(from));
            assertEquals(10, from.stream().filter(low -> low == 1).count());
            assertEquals(2, other.peers());
        }
    }

    /** One for each worker: a flow's packets all come to the same one. */
    @Test
    void sharesAnAddressWithOtherWorkersByFlow() throws IOException {
        try (GueEndpoint<Integer> sender = open(OTHER_PORT, GueHeader.PORT);
                GueEndpoint<Integer> one = open(GueHeader.PORT, OTHER_PORT);
                GueEndpoint<Integer> other = open(GueHeader.PORT, OTHER_PORT)) {
            GuePeer<Integer> peer = sender.peer(0, 1);
            int flows = 100;
            for (int i = 0; i < 10 * flows; i++) {
                peer.send(datagram(true, i % flows, 10));
                if (i % BATCH == 0) {
                    peer.flush();
                }
            }
            peer.flush();
            Set<Integer> onOne = new TreeSet<>();
            Set<Integer> onOther = new TreeSet<>();
            int[] packets = new int[1];
            while (packets[0] < 10 * flows && !Thread.currentThread().isInterrupted()) {
                one.receive((_, inner, _) -> packets[0] += note(onOne, inner), BATCH);
                other.receive((_, inner, _) -> packets[0] += note(onOther, inner), BATCH);
            }
            assertEquals(flows, onOne.size() + onOther.size());
            Set<Integer> both = new TreeSet<>(onOne);
            both.retainAll(onOther);
            assertEquals(Set.of(), both);
        }
    }

    private static int note(Set<Integer> flows, Packet inner) {
        flows.add(inner.bytes().getShort(Packet.OFFSET + 40) & 0xffff);
        return inner.packets();
    }

    private Packet[] datagrams(boolean ipv6, int payload, int flows) {
        Packet[] datagrams = new Packet[flows];
        for (int i = 0; i < flows; i++) {
            datagrams[i] = new Packet().copyOf(datagram(ipv6, i, payload));
        }
        return datagrams;
    }

    private void carry(
            GuePeer<Integer> peer, GueEndpoint<Integer> to, Packet[] datagrams, int packets) {
        long wanted = received + packets;
        for (int sent = 0; sent < packets; sent += BATCH) {
            for (int i = 0; i < Math.min(BATCH, packets - sent); i++) {
                peer.send(datagrams[i % datagrams.length]);
            }
            peer.flush();
            to.receive(count, BATCH + 1);
        }
        while (received < wanted && !Thread.currentThread().isInterrupted()) {
            to.receive(count, BATCH);
        }
    }

    private Packet datagram(boolean ipv6, int flow, int payload) {
        InetAddress from = InetAddress.ofLiteral(ipv6 ? "fd00::1" : "10.0.0.1");
        InetAddress to = InetAddress.ofLiteral(ipv6 ? "fd00::2" : "10.0.0.2");
        new Probe(from, 1_024 + flow, to, 53).udp(packet, new byte[payload]);
        assertTrue(PartialChecksum.complete(packet));
        return packet;
    }

    private GueEndpoint<Integer> open(int port, int peerPort) throws IOException {
        return GueEndpoint.open(
                namespace,
                GueSettings.listening(
                        new InetSocketAddress(InetAddress.ofLiteral("127.0.0.1"), port),
                        new InetSocketAddress(InetAddress.ofLiteral("::1"), port)),
                new GueAdmission<Integer>() {
                    @Override
                    public Integer owner(long high, long low) {
                        return peerPort;
                    }

                    @Override
                    public int port(Integer owner) {
                        return owner;
                    }
                });
    }

    private static long allocated() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean())
                .getCurrentThreadAllocatedBytes();
    }
}
