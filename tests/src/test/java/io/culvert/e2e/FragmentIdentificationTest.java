package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.SocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.DatagramChannel;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Row 10: fragments of two tenants with the same addresses, ports and identifications, interleaved,
 * to one server. Of a million datagrams that arrive none is put together of two. Checksums would
 * not tell: all payloads have the same sum.
 */
@Tag("abuse")
@Timeout(300)
class FragmentIdentificationTest {
    private static final int WORDS = 6;
    private static final int PAYLOAD = 8 * WORDS;

    /** Of IPv4 the first one. */
    private static final String SOURCE = "10.1.127.2";

    /** Payload bytes of the first fragment: the UDP header and half of the words. */
    private static final int FIRST = 8 + 8 * WORDS / 2;

    /** Until so many have arrived, at most so many times as many are sent. */
    private static final int ATTEMPTS = 4;

    /** A number that every second word of a datagram holds, and its complement between. */
    private static final class Fragments {
        private final Template[] fragments = new Template[2];
        private final int[] data;

        Fragments(byte[] packet, boolean ipv6) {
            List<byte[]> two = RawPacket.fragments(packet, 0, FIRST);
            int start = ipv6 ? 48 : 20;
            data = new int[] {start + 8, start};
            for (int i = 0; i < 2; i++) {
                fragments[i] = new Template(two.get(i));
            }
        }

        byte[] fragment(int index, int number, int identification, boolean ipv6) {
            Template template = fragments[index];
            ByteBuffer bytes = ByteBuffer.wrap(template.bytes());
            for (int at = data[index]; at < bytes.capacity(); at += 8) {
                bytes.putInt(at, number).putInt(at + 4, ~number);
            }
            if (ipv6) {
                bytes.putInt(44, identification);
            } else {
                template.identification(identification);
                // With the same sum.
                int turn = number >>> 16 & 0x7f;
                template.set(12, 0x0a01 + turn).set(14, 0x7f02 - turn);
            }
            return template.bytes();
        }
    }

    /** What came, by whom it was sent. */
    private static final class Arrived {
        private final AtomicLong[] whole = {new AtomicLong(), new AtomicLong()};
        private final AtomicLong mixed = new AtomicLong();
        private final AtomicLong ofOneTenant = new AtomicLong();

        /** Whole or not, under an address and port of the other tenant's. */
        private final AtomicLong strange = new AtomicLong();

        /** Which tenant it is that an address and port was first seen of. */
        private final Map<SocketAddress, Integer> owners = new HashMap<>();

        long all() {
            return whole[0].get() + whole[1].get() + mixed.get() + ofOneTenant.get();
        }

        void receiveFrom(DatagramChannel server) {
            ByteBuffer datagram = ByteBuffer.allocateDirect(2_000);
            try {
                SocketAddress sender = server.receive(datagram.clear());
                while (sender != null) {
                    take(sender, datagram.flip());
                    sender = server.receive(datagram.clear());
                }
            } catch (IOException closed) {
                // The end of the test.
            }
        }

        private void take(SocketAddress sender, ByteBuffer datagram) {
            int number = datagram.getInt(0);
            Integer owner = owners.putIfAbsent(sender, number >>> 31);
            if (owner != null && owner != number >>> 31) {
                strange.incrementAndGet();
            }
            boolean same = datagram.limit() == PAYLOAD;
            boolean oneTenant = same;
            for (int at = 0; oneTenant && at < PAYLOAD; at += 8) {
                same &= datagram.getInt(at) == number && datagram.getInt(at + 4) == ~number;
                oneTenant = datagram.getInt(at) >>> 31 == number >>> 31;
            }
            if (same) {
                whole[number >>> 31].incrementAndGet();
            } else if (oneTenant) {
                ofOneTenant.incrementAndGet();
            } else {
                mixed.incrementAndGet();
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"IPV4,true,1000000", "IPV6,true,300000", "IPV4,false,300000", "IPV6,false,300000"})
    void mixesNoDatagrams(Family family, boolean translated, int datagrams) throws Exception {
        try (GatewayLog log = GatewayLog.open();
                Topology topology =
                        translated
                                ? Topology.withOffRamp("", Topology.FORWARD_ALL, "acme", "umbrella")
                                : Topology.ofTwoTenants();
                DatagramChannel server = topology.server().udp(family, family.server(), 0)) {
            server.setOption(java.net.StandardSocketOptions.SO_RCVBUF, 8 * 1024 * 1024);
            int port = ((InetSocketAddress) server.getLocalAddress()).getPort();
            Arrived arrived = new Arrived();
            Thread.ofPlatform().daemon().start(() -> arrived.receiveFrom(server));
            byte[] packet =
                    new RawPacket(
                                    family.isIpv6() ? family.client() : Family.parse(SOURCE),
                                    family.server())
                            .udp(5_000, port, complements());
            Fragments one = new Fragments(packet, family.isIpv6());
            Fragments other = new Fragments(packet, family.isIpv6());
            int sent = 0;
            try (PacketFlood acme =
                            PacketFlood.withinQueueOf(
                                            topology.gateway(), topology.client(), Topology.DEVICE)
                                    .oneOf(2);
                    PacketFlood umbrella =
                            PacketFlood.withinQueueOf(
                                            topology.gateway(),
                                            topology.secondClient(),
                                            Topology.DEVICE)
                                    .oneOf(2)) {
                while (arrived.all() < datagrams && sent < ATTEMPTS * datagrams) {
                    // Of IPv4 it comes round, and then the source is another.
                    int id = family.isIpv6() ? sent : sent & 0xffff;
                    boolean six = family.isIpv6();
                    acme.send(one.fragment(0, sent, id, six));
                    umbrella.send(other.fragment(1, 1 << 31 | sent, id, six));
                    umbrella.send(other.fragment(0, 1 << 31 | sent, id, six));
                    acme.send(one.fragment(1, sent, id, six));
                    sent += 1;
                }
                acme.flush();
                umbrella.flush();
            }
            topology.everyPacketIsAccountedFor();
            log.showsNoFailure();
            Figures.print(
                    10,
                    "%s, %s: %d datagrams of each tenant sent in interleaved fragments,"
                            + " %d + %d arrived whole, %d mixed (0), and %d of one tenant; %s",
                    family,
                    translated ? "translated" : "upgraded",
                    sent,
                    arrived.whole[0].get(),
                    arrived.whole[1].get(),
                    arrived.mixed.get(),
                    arrived.ofOneTenant.get(),
                    topology.status().dropped());
            assertEquals(0, arrived.mixed.get());
            assertEquals(0, arrived.ofOneTenant.get());
            assertEquals(0, arrived.strange.get());
            assertTrue(arrived.all() >= datagrams, arrived.all() + " arrived of " + datagrams);
            assertTrue(arrived.whole[0].get() > datagrams / 4, "of the first");
            assertTrue(arrived.whole[1].get() > datagrams / 4, "of the second");
        }
    }

    /** Any such words: the checksum is the same for all. */
    private static byte[] complements() {
        ByteBuffer payload = ByteBuffer.allocate(PAYLOAD);
        for (int at = 0; at < PAYLOAD; at += 8) {
            payload.putInt(at, 0).putInt(at + 4, ~0);
        }
        return payload.array();
    }
}
