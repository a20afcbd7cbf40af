package io.culvert.tun;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;

import io.culvert.linux.LinkAddress;
import io.culvert.linux.Rtnetlink;

import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.util.List;

/** Endpoints that speak to each other over the loopback device of a namespace. */
@Timeout(60)
class GreLoopbackTest {
    private static final int BATCH = 256;
    private static final int WARM_UP = 100_000;
    private static final int PACKETS = 100_000;

    /** For what a compiler at the side may take: less than half a byte for each packet. */
    private static final long TOLERATED = 40_000;

    private long received;
    private long bytes;
    private final GreHandler count =
            (_, inner) -> {
                int packets = inner.segmentSize() == 0 ? 1 : segments(inner);
                received += packets;
                bytes += inner.length() + (packets - 1L) * inner.headerLength();
            };

    private static int segments(Packet inner) {
        return Math.ceilDiv(inner.length() - inner.headerLength(), inner.segmentSize());
    }

    @ParameterizedTest(name = "IPv6 {0}, payload {1}, flows {2}, checksum {3}")
    @CsvSource({
        "false, 18, 1, false",
        "true, 18, 1, false",
        "false, 18, 256, false",
        "false, 1400, 1, true",
        "true, 1400, 1, true"
    })
    void carriesPacketsWithoutAllocating(boolean ipv6, int payload, int flows, boolean checksum)
            throws IOException {
        InetAddress here = InetAddress.ofLiteral(ipv6 ? "fd01::1" : "127.0.0.1");
        InetAddress there = InetAddress.ofLiteral(ipv6 ? "fd01::2" : "127.0.0.2");
        GreFields fields = GreFields.NONE.withKey(42);
        if (checksum) {
            fields = fields.withChecksum();
        }
        try (NetworkNamespace namespace = NetworkNamespace.anonymous("gre")) {
            if (ipv6) {
                address(namespace, here);
                address(namespace, there);
            }
            try (GreEndpoint one = open(namespace, here, there, fields);
                    GreEndpoint other = open(namespace, there, here, fields)) {
                GreSender sender = one.sender();
                PacketDevice end = one.tunnel(0).end(sender);
                Packet[] datagrams = datagrams(ipv6, payload, flows);
                carry(end, other, datagrams, WARM_UP);

                long before = allocated();
                long start = System.nanoTime();
                carry(end, other, datagrams, PACKETS);
                long nanos = System.nanoTime() - start;
                long allocated = allocated() - before;

                System.out.printf(
                        "GRE, IPv6 %s, payload %d, flows %d, checksum %s: %.0f packets/s%n",
                        ipv6, payload, flows, checksum, PACKETS * 1e9 / nanos);
                assertEquals(WARM_UP + PACKETS, received);
                assertEquals(received * ((ipv6 ? 48 : 28) + payload), bytes);
                assertEquals(received, other.count(GreOutcome.PACKET));
                assertEquals(0, sender.lost());
                assertTrue(allocated <= TOLERATED, () -> allocated + " bytes were allocated");
            }
        }
    }

    private static void address(NetworkNamespace namespace, InetAddress address)
            throws IOException {
        namespace.call(
                () -> {
                    try (Rtnetlink rtnetlink = new Rtnetlink()) {
                        int loopback = rtnetlink.index("lo");
                        LocalAddress.add(rtnetlink, loopback, new LinkAddress(address, 128));
                    }
                    return null;
                });
    }

    private static GreEndpoint open(
            NetworkNamespace namespace, InetAddress here, InetAddress there, GreFields fields)
            throws IOException {
        return GreEndpoint.open(
                namespace,
                new GreSettings(here, List.of(GreSettings.Peer.at(there, fields))),
                System::nanoTime);
    }

    private static Packet[] datagrams(boolean ipv6, int payload, int flows) {
        InetAddress from = InetAddress.ofLiteral(ipv6 ? "fd00::1" : "10.0.0.1");
        InetAddress to = InetAddress.ofLiteral(ipv6 ? "fd00::2" : "10.0.0.2");
        Packet[] datagrams = new Packet[flows];
        for (int i = 0; i < flows; i++) {
            datagrams[i] = new Probe(from, 1_024 + i, to, 53).udp(new Packet(), new byte[payload]);
            assertTrue(PartialChecksum.complete(datagrams[i]));
        }
        return datagrams;
    }

    private void carry(PacketDevice end, GreEndpoint to, Packet[] datagrams, int packets) {
        long wanted = received + packets;
        for (int sent = 0; sent < packets; sent += BATCH) {
            for (int i = 0; i < Math.min(BATCH, packets - sent); i++) {
                end.send(datagrams[i % datagrams.length]);
            }
            end.flush();
            to.receive(count, BATCH + 1);
        }
        while (received < wanted && !Thread.currentThread().isInterrupted()) {
            to.receive(count, BATCH);
        }
    }

    private static long allocated() {
        return ((ThreadMXBean) ManagementFactory.getThreadMXBean())
                .getCurrentThreadAllocatedBytes();
    }
}
