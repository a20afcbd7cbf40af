package io.culvert.e2e;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.culvert.flow.FlowListener;
import io.culvert.hook.Reason;

import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;

/**
 * Row 17: martians, LAND, multicast, broadcast. Forty sources to forty destinations through a
 * gateway that has a route for all of them, each pair once, against what the RFCs say; and a
 * hundred thousand LAND packets a second, of which none opens a flow.
 */
@Tag("abuse")
@Timeout(300)
class MartianTableTest {
    private static final int SOURCE_PORTS = 1_000;
    private static final int DESTINATION_PORTS = 2_000;
    private static final int LAND_RATE = 100_000;
    private static final int LAND_SECONDS = 3;

    /** With an x those that no router forwards, and why. */
    private static final String IPV4 =
            """
            x 0.0.0.0          this network, RFC 1122 section 3.2.1.3
            x 0.1.2.3
            x 0.255.255.255
            . 1.0.0.1
            . 8.8.8.8
            . 9.9.9.9
            . 10.1.0.2
            . 10.4.0.1
            . 10.6.0.2
            . 10.6.0.255
            . 11.0.0.1
            . 100.64.0.1
            . 126.255.255.255
            x 127.0.0.1        loopback, RFC 1122 section 3.2.1.3
            x 127.255.255.254
            x 127.255.255.255
            . 128.0.0.1
            x 169.254.0.1      link-local, RFC 3927 section 7
            x 169.254.255.254
            . 172.16.0.1
            . 172.31.255.254
            . 191.255.255.254
            . 192.0.2.1
            . 192.88.99.1
            . 192.168.1.1
            . 198.18.0.1
            . 198.51.100.1
            . 203.0.113.1
            . 223.255.255.254
            x 224.0.0.0        multicast, RFC 1122 section 3.2.1.3
            x 224.0.0.1
            x 224.0.0.251
            x 232.1.1.1
            x 239.255.255.255
            x 240.0.0.0        reserved, RFC 1812 section 5.3.7
            x 240.0.0.1
            x 247.1.2.3
            x 255.0.0.1
            x 255.255.255.254
            x 255.255.255.255  limited broadcast, RFC 1812 section 4.2.2.11
            """;

    private static final String IPV6 =
            """
            x 00000000000000000000000000000000  unspecified, RFC 4291 section 2.5.2
            x 00000000000000000000000000000001  loopback, RFC 4291 section 2.5.3
            x 00000000000000000000ffff00000000  mapped, RFC 4942 section 2.2
            x 00000000000000000000ffff0a010002
            x 00000000000000000000ffff7f000001
            x 00000000000000000000ffffe0000001
            x 00000000000000000000ffffffffffff
            . 0064ff9b0000000000000000c0000201
            . 01000000000000000000000000000001
            . 20010000000000000000000000000001
            . 20010002000000000000000000000001
            . 20010db8000000000000000000000001
            . 20010db8ffffffffffffffffffffffff
            . 20020a00000100000000000000000001
            . 24000000000000000000000000000001
            . 26000000000000000000000000000001
            . 2a000000000000000000000000000001
            . 3ffeffffffffffffffffffffffffffff
            . 3fff0000000000000000000000000001
            . fc000000000000000000000000000001
            . fd000001000000000000000000000002
            . fd000004000000000000000000000001
            . fd000006000000000000000000000002
            . fdffffffffffffffffffffffffffffff
            x fe800000000000000000000000000000  link-local, RFC 4291 section 2.5.6
            x fe800000000000000000000000000001
            x fe80000000000000ffffffffffffffff
            x febfffffffffffffffffffffffffffff
            x ff000000000000000000000000000000  multicast, RFC 4291 section 2.7
            x ff010000000000000000000000000001
            x ff020000000000000000000000000001
            x ff020000000000000000000000000002
            x ff0200000000000000000000000000fb
            x ff020000000000000000000100000001
            x ff0200000000000000000001ff000002
            x ff050000000000000000000000000002
            x ff080000000000000000000000000001
            x ff0e0000000000000000000000000001
            x ff300000000000000000000000000001
            x ffffffffffffffffffffffffffffffff
            """;

    /** An address, and whether a router forwards what is from or to it. */
    private record Address(InetAddress address, boolean forwarded) {
        static Address of(String line) {
            String[] words = line.split(" +", 3);
            return new Address(parse(words[1]), words[0].equals("."));
        }

        private static InetAddress parse(String text) {
            try {
                // Of a mapped one InetAddress makes one of IPv4.
                return text.length() == 32
                        ? Inet6Address.getByAddress(null, HexFormat.of().parseHex(text), -1)
                        : Family.parse(text);
            } catch (UnknownHostException e) {
                throw new IllegalArgumentException(e);
            }
        }
    }

    private static List<Address> table(Family family) {
        return (family.isIpv6() ? IPV6 : IPV4).lines().map(Address::of).toList();
    }

    private static String everywhere(Topology topology) {
        return topology.onRamps(1500, "acme", "acme2")
                        .replace("name: acme2\n    type: tun\n    tenant: acme2", WIDE)
                + "    routes: [0.0.0.0/0, \"::/0\"]\n"
                + Topology.FORWARD_ALL;
    }

    private static final String WIDE = "name: wide\n    type: tun\n    tenant: acme";

    @ParameterizedTest
    @EnumSource
    void forwardsWhatARouterMayAndNothingElse(Family family) throws Exception {
        List<Address> table = table(family);
        assertEquals(40, table.size());
        try (GatewayLog log = GatewayLog.open();
                Topology topology = Topology.withoutGateway()) {
            topology.addClient("wide");
            topology.start(everywhere(topology), FlowListener.NONE);
            Set<String> expected = new TreeSet<>();
            Set<String> forwarded = new TreeSet<>();
            try (PacketSocket ramp = PacketSocket.on(topology.client(), Topology.DEVICE);
                    PacketSocket wide = PacketSocket.on(topology.client(1), Topology.DEVICE)) {
                for (int from = 0; from < table.size(); from++) {
                    for (int to = 0; to < table.size(); to++) {
                        if (table.get(from).forwarded()
                                && table.get(to).forwarded()
                                && from != to) {
                            expected.add(pair(table, from, to));
                        }
                        ramp.send(
                                new RawPacket(table.get(from).address(), table.get(to).address())
                                        .udp(
                                                SOURCE_PORTS + from,
                                                DESTINATION_PORTS + to,
                                                new byte[4]));
                    }
                    Eventually.atRest(
                            Duration.ofMillis(30), () -> PacketFlood.received(topology.gateway()));
                    wide.next(
                            ip -> {
                                if (ip.udp() != null
                                        && ip.destinationPort() >= DESTINATION_PORTS
                                        && ip.sourcePort() < SOURCE_PORTS + table.size()) {
                                    forwarded.add(
                                            pair(
                                                    table,
                                                    ip.sourcePort() - SOURCE_PORTS,
                                                    ip.destinationPort() - DESTINATION_PORTS));
                                }
                                return false;
                            });
                }
            }
            List<String> wrong = new ArrayList<>();
            expected.stream().filter(p -> !forwarded.contains(p)).forEach(p -> wrong.add("-" + p));
            forwarded.stream().filter(p -> !expected.contains(p)).forEach(p -> wrong.add("+" + p));
            Figures.print(
                    17,
                    "%s: %d of %d pairs of addresses as the RFCs say; %d forwarded",
                    family,
                    table.size() * table.size() - wrong.size(),
                    table.size() * table.size(),
                    forwarded.size());
            topology.everyPacketIsAccountedFor();
            log.showsNoFailure();
            assertEquals(List.of(), wrong, "+ forwarded that may not be, - not forwarded");
        }
    }

    private static String pair(List<Address> table, int from, int to) {
        return table.get(from).address().getHostAddress()
                + " > "
                + table.get(to).address().getHostAddress();
    }

    @ParameterizedTest
    @EnumSource
    void opensNoFlowForAPacketToItsOwnSender(Family family) throws Exception {
        try (GatewayLog log = GatewayLog.open();
                Topology topology = Topology.withoutGateway()) {
            topology.addClient("wide");
            topology.start(everywhere(topology), FlowListener.NONE);
            Template packet =
                    new Template(
                            new RawPacket(family.client(), family.client())
                                    .tcp(80, 80, 1, 0, RawPacket.SYN));
            long before = topology.dropped(Reason.MARTIAN);
            long start = System.nanoTime();
            try (PacketFlood flood =
                    PacketFlood.atRate(LAND_RATE, topology.client(), Topology.DEVICE)) {
                for (int i = 0; i < LAND_RATE * LAND_SECONDS; i++) {
                    packet.sourcePort(i).destinationPort(i);
                    flood.send(packet.bytes());
                }
                flood.flush();
            }
            double seconds = (System.nanoTime() - start) / 1e9;
            Eventually.atRest(
                    Duration.ofMillis(200), () -> PacketFlood.received(topology.gateway()));
            long dropped = topology.dropped(Reason.MARTIAN) - before;
            Figures.print(
                    17,
                    "%s LAND: %.0f packets/s, %d dropped as martians, flows %d (0)",
                    family,
                    LAND_RATE * LAND_SECONDS / seconds,
                    dropped,
                    topology.flows().size());
            assertTrue(dropped > LAND_RATE, dropped + " came");
            assertEquals(0, topology.flows().size());
            topology.everyPacketIsAccountedFor();
            log.showsNoFailure();
        }
    }
}
